import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BridgeRequest } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { createBridge } from './client.ts'
import { codeOf, readOnce } from './index.ts'
import type { StatefulPipe } from './pipes.ts'

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
    hand.answer({ type: 'value', id: 1, value: { pending: 1, refused: 0 } })
    hand.open(false)
    hand.open(true)
    expect(hand.sent.filter(({ type }) => type === 'listen')).toHaveLength(2)
    hand.answer({ type: 'value', id: 1, value: { pending: 2, refused: 0 } })
    stop()
    stop()
    hand.answer({ type: 'value', id: 1, value: { pending: 3, refused: 0 } })
    expect(values).toEqual([{ pending: 1, refused: 0 }, { pending: 2, refused: 0 }])
    expect(hand.sent.filter(({ type }) => type === 'end')).toEqual([{ type: 'end', id: 1 }])
  })

  it('can be read once', async () => {
    const hand = handPipe()
    const bridge = createBridge(hand.pipe)
    hand.open(true)
    const once = readOnce(bridge, 'outbox', {})
    hand.answer({ type: 'value', id: 1, value: { pending: 4, refused: 0 } })
    await expect(once).resolves.toEqual({ pending: 4, refused: 0 })
    expect(hand.sent.at(-1)).toEqual({ type: 'end', id: 1 })
  })
})
