import { v7 } from 'uuid'
import { describe, expect, it, vi } from 'vitest'
import { calls, type CallName, type StreamName, streams, topics, type TopicName } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle } from '../../contract/testing/wait.ts'
import { Emitter } from '../emitter.ts'
import { createLog } from '../log.ts'
import { idOf } from '../testing/documents.ts'
import { type CallHandlers, Dispatcher, type StreamSources, type TopicSources, type WindowStream } from './dispatcher.ts'

const unexpected = (): never => {
  throw new Error('not part of this test')
}

function setUp(handlers: Partial<CallHandlers>, sources: Partial<TopicSources> = {}, opens: Partial<StreamSources> = {}) {
  const clock = new FakeClock()
  const every = <N extends string>(names: readonly N[]) => Object.fromEntries(names.map((name) => [name, unexpected]))
  const server = new Dispatcher(
    { ...every(Object.keys(calls) as CallName[]), ...handlers } as CallHandlers,
    { ...every(Object.keys(topics) as TopicName[]), ...sources } as TopicSources,
    { ...every(Object.keys(streams) as StreamName[]), ...opens } as StreamSources,
    clock,
    createLog('silent'),
  )
  const toCore = new Emitter<unknown>()
  const got: { type: string; id: number; value?: unknown; bytes?: Uint8Array | number; problem?: { code: string; field?: string } }[] = []
  const pipe = { waiting: 0 }
  const close = server.serve({
    onMessage: (listener) => toCore.listen(listener),
    send: (message) => got.push(message.type === 'bytes' ? { ...message, bytes: message.bytes.slice() } : message),
    waiting: () => pipe.waiting,
  })
  return { clock, send: (message: unknown) => toCore.emit(message), got, pipe, close }
}

describe('a call', () => {
  it('is answered with its value or its problem', async () => {
    const { send, got } = setUp({
      'sync.now': () => ({}),
      'outbox.list': () => Promise.reject(new RoomkeeperError('session.none')),
      'rooms.buildings': () => {
        throw new TypeError('a mistake')
      },
    })
    send({ type: 'call', id: 1, name: 'sync.now', input: {} })
    send({ type: 'call', id: 2, name: 'outbox.list', input: {} })
    send({ type: 'call', id: 3, name: 'rooms.buildings', input: {} })
    await settle()
    expect(got.sort((a, b) => a.id - b.id)).toEqual([
      { type: 'value', id: 1, value: {} },
      { type: 'problem', id: 2, problem: { code: 'session.none' } },
      { type: 'problem', id: 3, problem: { code: 'console.failed' } },
    ])
  })

  it('[CON-3] that has a field which nothing reads is refused with the field, however deep it stands', async () => {
    const { send, got } = setUp({})
    const command = { type: 'settings.change', changes: { flapCount: 3, flapsCount: 4 } }
    send({ type: 'call', id: 1, name: 'commands.submit', input: { command, tenant: v7() } })
    send({ type: 'call', id: 2, name: 'rooms.buildings', input: { filter: { search: 'x' } } })
    await settle()
    expect(got.map(({ id, problem }) => [id, problem?.code, problem?.field])).toEqual([
      [1, 'bridge.invalid', 'command.changes.flapsCount'],
      [2, 'bridge.invalid', undefined],
    ])
  })

  it('that does not fit its schema is refused with the field', async () => {
    const { send, got } = setUp({})
    send({ type: 'call', id: 1, name: 'search.jump', input: { text: 7 } })
    send({ type: 'call', id: 2, name: 'rooms.explode', input: {} })
    send({ type: 'call', id: 3, name: 'sync.now', input: { extra: 1 } })
    await settle()
    expect(got.map(({ id, problem }) => [id, problem?.code])).toEqual([
      [2, 'bridge.invalid'],
      [1, 'bridge.invalid'],
      [3, 'bridge.invalid'],
    ])
    expect(got[1]?.problem?.field).toBe('text')
  })

  it.each([
    [null],
    [7],
    ['text'],
    [{}],
    [{ type: 'call', id: -1, name: 'sync.now', input: {} }],
    [{ type: 'call', id: 1.5, name: 'sync.now' }],
  ])('that is %j is no call', (message) => {
    const { send, got } = setUp({})
    send(message)
    expect(got).toEqual([])
  })

  it('has an end in time, and a late answer is dropped', async () => {
    let finish = (_value: Record<string, never>): void => undefined
    let ended = false
    const { send, got, clock } = setUp({
      'sync.now': (_input, signal) => {
        signal.addEventListener('abort', () => (ended = true))
        return new Promise((resolve) => (finish = resolve))
      },
    })
    send({ type: 'call', id: 1, name: 'sync.now', input: {} })
    clock.advance(limits.bridgeCallMs)
    finish({})
    await settle()
    expect(got).toEqual([{ type: 'problem', id: 1, problem: { code: 'bridge.timeout' } }])
    expect(ended).toBe(true)
  })

  it('can be ended by the window', async () => {
    let finish = (_value: Record<string, never>): void => undefined
    const { send, got } = setUp({ 'sync.now': () => new Promise((resolve) => (finish = resolve)) })
    send({ type: 'call', id: 1, name: 'sync.now', input: {} })
    send({ type: 'end', id: 1 })
    finish({})
    await settle()
    expect(got).toEqual([])
  })

  it('beyond the limit is refused', async () => {
    const { send, got } = setUp({ 'sync.now': () => new Promise(() => undefined) })
    for (let id = 1; id <= limits.bridgeOpen + 1; id++) send({ type: 'call', id, name: 'sync.now', input: {} })
    await settle()
    expect(got).toMatchObject([{ type: 'problem', id: limits.bridgeOpen + 1, problem: { code: 'bridge.invalid' } }])
  })
})

describe('a topic', () => {
  const outbox = (pending: number) => ({ pending, refused: 0, toSend: pending })

  it('gives its value at once and every later one, until it is ended', () => {
    const source = new Emitter<{ pending: number; refused: number; toSend: number }>()
    const undo = vi.fn()
    const { send, got } = setUp(
      {},
      {
        outbox: (_input, emit) => {
          emit(outbox(0))
          const stop = source.listen(emit)
          return () => {
            undo()
            stop()
          }
        },
      },
    )
    send({ type: 'listen', id: 1, name: 'outbox', input: {} })
    source.emit(outbox(1))
    send({ type: 'end', id: 1 })
    source.emit(outbox(2))
    expect(got.map(({ value }) => value)).toEqual([outbox(0), outbox(1)])
    expect(undo).toHaveBeenCalledOnce()
  })

  it('ends with its window', () => {
    const undo = vi.fn()
    const { send, close } = setUp({}, { outbox: () => undo })
    send({ type: 'listen', id: 1, name: 'outbox', input: {} })
    close()
    expect(undo).toHaveBeenCalledOnce()
  })

  it('keeps only the newest value for a window that is behind', () => {
    const source = new Emitter<{ pending: number; refused: number; toSend: number }>()
    const { send, got, pipe, clock } = setUp({}, { outbox: (_input, emit) => source.listen(emit) })
    send({ type: 'listen', id: 1, name: 'outbox', input: {} })
    pipe.waiting = limits.bridgeWaitingBytes + 1
    for (let n = 0; n < 1_000; n++) source.emit(outbox(n))
    clock.advance(1_000)
    expect(got).toEqual([])
    pipe.waiting = 0
    clock.advance(50)
    expect(got.map(({ value }) => value)).toEqual([outbox(999)])
  })

  it('never loses a change for a window that is behind', () => {
    const source = new Emitter<Parameters<Parameters<TopicSources['changes']>[1]>[0]>()
    const { send, got, pipe, clock } = setUp({}, { changes: (_input, emit) => source.listen(emit) })
    send({ type: 'listen', id: 1, name: 'changes', input: {} })
    pipe.waiting = limits.bridgeWaitingBytes + 1
    source.emit({ revision: 1, kinds: ['room'], rooms: [], incidents: [] })
    source.emit({ revision: 2, kinds: ['entry'], rooms: [], incidents: [] })
    pipe.waiting = 0
    clock.advance(50)
    const value = got[0]?.value as { revision: number; kinds: string[]; rooms?: unknown }
    expect(value.revision).toBe(2)
    expect(value.kinds).toContain('room')
    expect(value.rooms).toBeUndefined()
  })
})

describe('a byte stream', () => {
  const asked = { session: idOf('session', 1), display: 'console' }
  const most = limits.bridgeStreamBytes

  /** A window that has opened a screen, and the core's end of it. */
  function opened() {
    const heard: Uint8Array[] = []
    const told: string[] = []
    let waits: Promise<void> | undefined
    const ends: WindowStream[] = []
    const set = setUp(
      {},
      {},
      {
        'remote.screen': (_input, stream) => {
          ends.push(stream)
          return {
            bytes: (bytes) => {
              heard.push(bytes.slice())
              return waits
            },
            room: () => void told.push('room'),
            ended: () => void told.push('ended'),
          }
        },
      },
    )
    set.send({ type: 'open', id: 1, name: 'remote.screen', input: asked })
    const sentBytes = (): number =>
      set.got.reduce((sum, { type, bytes }) => sum + (type === 'bytes' && bytes instanceof Uint8Array ? bytes.byteLength : 0), 0)
    const hold = (promise: Promise<void>): void => {
      waits = promise
    }
    return { ...set, screen: ends[0]!, heard, told, sentBytes, hold }
  }

  it('carries bytes both ways, each as it came', async () => {
    const { screen, send, got, heard } = opened()
    const mine = Uint8Array.of(9, 1, 2, 3)
    expect(screen.send(mine.subarray(1))).toBe(true)
    send({ type: 'bytes', id: 1, bytes: Uint8Array.of(4, 5) })
    await settle()
    expect(got).toEqual([{ type: 'bytes', id: 1, bytes: Uint8Array.of(1, 2, 3) }])
    expect(heard).toEqual([Uint8Array.of(4, 5)])
  })

  it('sends no more than the window has credit for, and the rest in order when it has taken some', () => {
    const { screen, send, got, told, sentBytes } = opened()
    const whole = new Uint8Array(most + 1_000).map((_, n) => n % 251)
    const given = whole.slice()
    expect(screen.send(given.subarray(0, most - 10))).toBe(true)
    expect(screen.send(given.subarray(most - 10, most + 500))).toBe(false)
    expect(screen.send(given.subarray(most + 500))).toBe(false)
    // What waits is a copy: the giver may use its memory again.
    given.fill(0)
    expect(sentBytes()).toBe(most)
    expect(told).toEqual([])
    send({ type: 'credit', id: 1, bytes: 600 })
    expect(sentBytes()).toBe(most + 600)
    expect(told).toEqual([])
    send({ type: 'credit', id: 1, bytes: 600 })
    expect(told).toEqual(['room'])
    expect(Buffer.concat(got.flatMap(({ bytes }) => (bytes instanceof Uint8Array ? [bytes] : []))).equals(whole)).toBe(true)
  })

  it('gives the window credit for what was taken, and not before', async () => {
    let taken = (): void => undefined
    const { send, got, hold } = opened()
    hold(new Promise((resolve) => (taken = resolve)))
    send({ type: 'bytes', id: 1, bytes: new Uint8Array(most) })
    await settle()
    expect(got).toEqual([])
    taken()
    await settle()
    expect(got).toEqual([{ type: 'credit', id: 1, bytes: most }])
    send({ type: 'bytes', id: 1, bytes: new Uint8Array(most) })
    await settle()
    expect(got).toEqual([
      { type: 'credit', id: 1, bytes: most },
      { type: 'credit', id: 1, bytes: most },
    ])
  })

  it('ends when the window sends more than it may, or takes more than it got; others go on', async () => {
    for (const wrong of [
      { type: 'bytes', id: 1, bytes: new Uint8Array(most + 1) },
      { type: 'credit', id: 1, bytes: 1 },
    ]) {
      const { send, got, told, heard, screen } = opened()
      send({ type: 'open', id: 2, name: 'remote.screen', input: asked })
      send(wrong)
      expect(got).toMatchObject([{ type: 'problem', id: 1, problem: { code: 'bridge.invalid' } }])
      expect(told).toEqual(['ended'])
      expect(screen.send(Uint8Array.of(1))).toBe(true)
      send({ type: 'bytes', id: 2, bytes: Uint8Array.of(1) })
      expect(heard).toEqual([Uint8Array.of(1)])
      expect(got).toHaveLength(1)
    }
  })

  it('is not harmed by what is no bytes, nor by bytes for what is not open', () => {
    const { send, got, heard } = opened()
    for (const bytes of ['text', null, [1, 2], { length: 3 }, new ArrayBuffer(2)]) send({ type: 'bytes', id: 1, bytes })
    for (const bytes of [0, -1, 1.5, most + 1, Number.NaN]) send({ type: 'credit', id: 1, bytes })
    send({ type: 'bytes', id: 99, bytes: Uint8Array.of(1) })
    send({ type: 'credit', id: 99, bytes: 1 })
    expect(got.filter(({ id }) => id === 1)).toEqual([])
    expect(got.filter(({ type }) => type !== 'problem')).toEqual([])
    send({ type: 'bytes', id: 1, bytes: Uint8Array.of(1) })
    expect(heard).toHaveLength(1)
  })

  it('ends with all that was sent, once the window has taken it', () => {
    const { screen, send, got, told, sentBytes } = opened()
    screen.send(new Uint8Array(most + 5))
    screen.end()
    expect(got.some(({ type }) => type === 'ended')).toBe(false)
    send({ type: 'credit', id: 1, bytes: most })
    expect(sentBytes()).toBe(most + 5)
    expect(got.at(-1)).toEqual({ type: 'ended', id: 1 })
    send({ type: 'bytes', id: 1, bytes: Uint8Array.of(1) })
    expect(told).toEqual([])
  })

  it('ends by the window, and with the window', () => {
    const first = opened()
    first.send({ type: 'end', id: 1 })
    expect(first.told).toEqual(['ended'])
    expect(first.got).toEqual([])
    const second = opened()
    second.close()
    expect(second.told).toEqual(['ended'])
  })

  it('that fails says why, at once and once', async () => {
    const { screen, got, told } = opened()
    screen.send(new Uint8Array(most + 5))
    screen.fail(new RoomkeeperError('remote.screenLost'))
    screen.fail(new RoomkeeperError('remote.ended'))
    screen.end()
    expect(got.slice(1)).toEqual([{ type: 'problem', id: 1, problem: { code: 'remote.screenLost' } }])
    expect(told).toEqual([])

    const broken = opened()
    broken.hold(Promise.reject(new TypeError('a mistake')))
    broken.send({ type: 'bytes', id: 1, bytes: Uint8Array.of(1) })
    await settle()
    expect(broken.got).toEqual([{ type: 'problem', id: 1, problem: { code: 'console.failed' } }])
    expect(broken.told).toEqual(['ended'])
  })

  it('that cannot be had is refused with its code, or its field', () => {
    const { send, got } = setUp(
      {},
      {},
      {
        'remote.screen': () => {
          throw new RoomkeeperError('remote.notFound')
        },
      },
    )
    send({ type: 'open', id: 1, name: 'remote.screen', input: asked })
    send({ type: 'open', id: 2, name: 'remote.terminal', input: { ...asked, terminal: 1 } })
    send({ type: 'open', id: 3, name: 'remote.everything', input: asked })
    expect(got.map(({ id, problem }) => [id, problem?.code])).toEqual([
      [1, 'remote.notFound'],
      [2, 'bridge.invalid'],
      [3, 'bridge.invalid'],
    ])
    expect(got.every(({ type }) => type === 'problem')).toBe(true)
  })
})
