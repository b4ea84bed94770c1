import { describe, expect, it, vi } from 'vitest'
import { calls, type CallName, topics, type TopicName } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import { createLog } from '../log.ts'
import { type CallHandlers, Dispatcher, type TopicSources } from './dispatcher.ts'

const unexpected = (): never => {
  throw new Error('not part of this test')
}

function setUp(handlers: Partial<CallHandlers>, sources: Partial<TopicSources> = {}) {
  const clock = new FakeClock()
  const every = <N extends string>(names: readonly N[]) => Object.fromEntries(names.map((name) => [name, unexpected]))
  const server = new Dispatcher(
    { ...every(Object.keys(calls) as CallName[]), ...handlers } as CallHandlers,
    { ...every(Object.keys(topics) as TopicName[]), ...sources } as TopicSources,
    clock,
    createLog('silent'),
  )
  const toCore = new Emitter<unknown>()
  const got: { type: string; id: number; value?: unknown; problem?: { code: string; field?: string } }[] = []
  const pipe = { waiting: 0 }
  const close = server.serve({ onMessage: (listener) => toCore.listen(listener), send: (message) => got.push(message), waiting: () => pipe.waiting })
  return { clock, send: (message: unknown) => toCore.emit(message), got, pipe, close }
}

const settle = async (): Promise<void> => {
  for (let n = 0; n < 10; n++) await Promise.resolve()
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

  it('that does not fit its schema is refused with the field', async () => {
    const { send, got } = setUp({})
    send({ type: 'call', id: 1, name: 'search.jump', input: { text: 7 } })
    send({ type: 'call', id: 2, name: 'rooms.explode', input: {} })
    send({ type: 'call', id: 3, name: 'sync.now', input: { extra: 1 } })
    await settle()
    expect(got.map(({ id, problem }) => [id, problem?.code])).toEqual([[2, 'bridge.invalid'], [1, 'bridge.invalid'], [3, 'bridge.invalid']])
    expect(got[1]?.problem?.field).toBe('text')
  })

  it.each([[null], [7], ['text'], [{}], [{ type: 'call', id: -1, name: 'sync.now', input: {} }], [{ type: 'call', id: 1.5, name: 'sync.now' }]])('that is %j is no call', (message) => {
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
  const outbox = (pending: number) => ({ pending, refused: 0 })

  it('gives its value at once and every later one, until it is ended', () => {
    const source = new Emitter<{ pending: number; refused: number }>()
    const undo = vi.fn()
    const { send, got } = setUp({}, {
      outbox: (_input, emit) => {
        emit(outbox(0))
        const stop = source.listen(emit)
        return () => {
          undo()
          stop()
        }
      },
    })
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
    const source = new Emitter<{ pending: number; refused: number }>()
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
