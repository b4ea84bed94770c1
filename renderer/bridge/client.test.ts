import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BridgeRequest } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { createBridge } from './client.ts'
import type { StatefulPipe } from './pipes.ts'
import { codeOf, readOnce } from './index.ts'

/** A pipe under the test's hand. */
function handPipe() {
  const sent: BridgeRequest[] = []
  let message: (raw: unknown) => void = () => undefined
  let opened: (open: boolean) => void = () => undefined
  const pipe: StatefulPipe = {
    send: (request) => sent.push(request),
    onMessage: (listener) => {
      message = listener
      return () => undefined
    },
    onOpen: (listener) => {
      opened = listener
      listener(false)
      return () => undefined
    },
  }
  return { pipe, sent, answer: (raw: unknown) => message(raw), open: (now: boolean) => opened(now) }
}

const codeFrom = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'answered', codeOf)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('calls', () => {
  it('wait for the pipe to open and are then sent once', async () => {
    const hand = handPipe()
    const bridge = createBridge(hand.pipe)
    const asked = bridge.call('rooms.buildings', {})
    expect(hand.sent).toEqual([])
    hand.open(true)
    expect(hand.sent).toEqual([{ type: 'call', id: 1, name: 'rooms.buildings', input: {} }])
    hand.answer({ type: 'value', id: 1, value: { rows: [] } })
    await expect(asked).resolves.toEqual({ rows: [] })
  })

  it('fail with bridge.timeout when nothing comes', async () => {
    const hand = handPipe()
    const bridge = createBridge(hand.pipe, 1_000)
    hand.open(true)
    const code = codeFrom(bridge.call('sync.now', {}))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await code).toBe('bridge.timeout')
    expect(hand.sent.at(-1)).toEqual({ type: 'end', id: 1 })
  })

  it('fail with the code of the problem, and with bridge.invalid for an answer outside of the contract', async () => {
    const hand = handPipe()
    const bridge = createBridge(hand.pipe)
    hand.open(true)
    const refused = bridge.call('sync.now', {})
    hand.answer({ type: 'problem', id: 1, problem: { code: 'network.offline', field: 'x' } })
    await expect(refused).rejects.toBeInstanceOf(RoomkeeperError)
    expect(await codeFrom(refused)).toBe('network.offline')
    const wrong = codeFrom(bridge.call('rooms.buildings', {}))
    hand.answer({ type: 'value', id: 2, value: { rows: [{ building: 7 }] } })
    expect(await wrong).toBe('bridge.invalid')
  })

  it('that read are asked again after a lost pipe; a command is not', async () => {
    const hand = handPipe()
    const bridge = createBridge(hand.pipe)
    hand.open(true)
    const read = bridge.call('outbox.list', {})
    const command = codeFrom(bridge.call('session.cancelSignIn', {}))
    hand.open(false)
    expect(await command).toBe('bridge.timeout')
    hand.sent.length = 0
    hand.open(true)
    expect(hand.sent).toEqual([{ type: 'call', id: 1, name: 'outbox.list', input: {} }])
    hand.answer({ type: 'value', id: 1, value: { rows: [] } })
    await expect(read).resolves.toEqual({ rows: [] })
  })

  it('ignore what is no message of the bridge', () => {
    const hand = handPipe()
    createBridge(hand.pipe)
    for (const raw of [undefined, null, 'x', 7, { type: 'value' }, { type: 'problem', id: 1, problem: { code: 'no.such' } }]) {
      expect(() => hand.answer(raw)).not.toThrow()
    }
  })
})

describe('topics', () => {
  it('are listened to again when the pipe comes back, and end once', () => {
    const hand = handPipe()
    const bridge = createBridge(hand.pipe)
    hand.open(true)
    const values: unknown[] = []
    const stop = bridge.listen('outbox', {}, (value) => values.push(value))
    hand.answer({ type: 'value', id: 1, value: { pending: 1, refused: 0, toSend: 1 } })
    hand.open(false)
    hand.open(true)
    expect(hand.sent.filter(({ type }) => type === 'listen')).toHaveLength(2)
    hand.answer({ type: 'value', id: 1, value: { pending: 2, refused: 0, toSend: 2 } })
    stop()
    stop()
    hand.answer({ type: 'value', id: 1, value: { pending: 3, refused: 0, toSend: 3 } })
    expect(values).toEqual([
      { pending: 1, refused: 0, toSend: 1 },
      { pending: 2, refused: 0, toSend: 2 },
    ])
    expect(hand.sent.filter(({ type }) => type === 'end')).toEqual([{ type: 'end', id: 1 }])
  })

  it('can be read once', async () => {
    const hand = handPipe()
    const bridge = createBridge(hand.pipe)
    hand.open(true)
    const once = readOnce(bridge, 'outbox', {})
    hand.answer({ type: 'value', id: 1, value: { pending: 4, refused: 0, toSend: 4 } })
    await expect(once).resolves.toEqual({ pending: 4, refused: 0, toSend: 4 })
    expect(hand.sent.at(-1)).toEqual({ type: 'end', id: 1 })
  })
})

describe('byte streams', () => {
  const session = SessionId.parse('01900000-0000-7000-8000-000000000001')
  const most = limits.bridgeStreamBytes

  function opened() {
    const hand = handPipe()
    const bridge = createBridge({
      ...hand.pipe,
      send: (message) => hand.pipe.send(message.type === 'bytes' ? { ...message, bytes: message.bytes.slice() } : message),
    })
    hand.open(true)
    const heard: Uint8Array[] = []
    const over: (Error | undefined)[] = []
    const wait: { promise: Promise<void> | undefined } = { promise: undefined }
    const stream = bridge.open(
      'remote.screen',
      { session, display: 'console' },
      {
        bytes: (bytes) => {
          heard.push(bytes.slice())
          return wait.promise
        },
        ended: (error) => over.push(error),
      },
    )
    return { ...hand, bridge, stream, heard, over, wait }
  }

  it('carry bytes both ways, until this end says so', () => {
    const { stream, sent, heard, over, answer } = opened()
    expect(stream.send(Uint8Array.of(1, 2))).toBe(true)
    answer({ type: 'bytes', id: 1, bytes: Uint8Array.of(3) })
    stream.close()
    stream.close()
    answer({ type: 'bytes', id: 1, bytes: Uint8Array.of(4) })
    expect(stream.send(Uint8Array.of(5))).toBe(true)
    expect(sent).toEqual([
      { type: 'open', id: 1, name: 'remote.screen', input: { session, display: 'console' } },
      { type: 'bytes', id: 1, bytes: Uint8Array.of(1, 2) },
      { type: 'end', id: 1 },
    ])
    expect(heard).toEqual([Uint8Array.of(3)])
    expect(over).toEqual([])
  })

  it('send what there is credit for, and keep a copy of the rest', () => {
    const { stream, sent, answer } = opened()
    const bytes = new Uint8Array(most + 2).fill(7)
    expect(stream.send(bytes)).toBe(false)
    bytes.fill(0)
    answer({ type: 'credit', id: 1, bytes: 1 })
    answer({ type: 'credit', id: 1, bytes: 5 })
    const lengths = sent.flatMap((message) =>
      message.type === 'bytes' ? [[message.bytes.byteLength, message.bytes.every((byte) => byte === 7)]] : [],
    )
    expect(lengths).toEqual([
      [most, true],
      [1, true],
      [1, true],
    ])
    expect(stream.send(Uint8Array.of(1))).toBe(true)
  })

  it('give credit when the screen has taken the bytes', async () => {
    const { sent, answer, wait } = opened()
    let taken = (): void => undefined
    wait.promise = new Promise((resolve) => (taken = resolve))
    answer({ type: 'bytes', id: 1, bytes: new Uint8Array(most) })
    await vi.advanceTimersByTimeAsync(10)
    expect(sent).toHaveLength(1)
    taken()
    await vi.advanceTimersByTimeAsync(10)
    expect(sent.slice(1)).toEqual([{ type: 'credit', id: 1, bytes: most }])
  })

  it('end when the core says so, with its code where there is one', () => {
    const first = opened()
    first.answer({ type: 'ended', id: 1 })
    first.answer({ type: 'ended', id: 1 })
    expect(first.over).toEqual([undefined])
    const second = opened()
    second.answer({ type: 'problem', id: 1, problem: { code: 'remote.screenLost' } })
    expect(second.over.map(codeOf)).toEqual(['remote.screenLost'])
    expect(second.sent).toHaveLength(1)
  })

  it('end with bridge.timeout when the pipe is lost, and are not opened again', async () => {
    const { over, open, sent, bridge } = opened()
    open(false)
    expect(over.map(codeOf)).toEqual(['bridge.timeout'])
    const late: unknown[] = []
    bridge.open('remote.screen', { session, display: 'console' }, { bytes: () => undefined, ended: (error) => late.push(codeOf(error)) })
    expect(late).toEqual([])
    await vi.advanceTimersByTimeAsync(0)
    expect(late).toEqual(['bridge.timeout'])
    open(true)
    expect(sent).toHaveLength(1)
  })

  it('end when the core sends more than it may, and when the screen fails', async () => {
    const first = opened()
    first.answer({ type: 'bytes', id: 1, bytes: new Uint8Array(most + 1) })
    expect([first.over.map(codeOf), first.heard, first.sent.at(-1)]).toEqual([['bridge.invalid'], [], { type: 'end', id: 1 }])
    const second = opened()
    second.wait.promise = Promise.reject(new RoomkeeperError('remote.viewOnly'))
    second.answer({ type: 'bytes', id: 1, bytes: Uint8Array.of(1) })
    await vi.advanceTimersByTimeAsync(0)
    expect([second.over.map(codeOf), second.sent.at(-1)]).toEqual([['remote.viewOnly'], { type: 'end', id: 1 }])
  })
})
