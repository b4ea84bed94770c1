import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../contract/limits.ts'
import { until } from '../../../contract/testing/wait.ts'
import { TestSide } from '../../testing/relay/client.ts'
import { TestRelay } from '../../testing/relay/relay.ts'

const running: TestRelay[] = []
async function relay(drainMs = 1): Promise<TestRelay> {
  const started = await TestRelay.start({ timing: { drainMs } })
  running.push(started)
  return started
}
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

const gone = expect.objectContaining({ status: 410, code: 'relay.resumeRefused' })
const dropped = { type: 'dropped', graceMs: limits.relayGraceMs }

describe.each(['operator', 'device'] as const)('[REM-7] when the %s drops', (who) => {
  const sides = (pair: { operator: TestSide; device: TestSide }) =>
    who === 'operator' ? ([pair.operator, pair.device] as const) : ([pair.device, pair.operator] as const)

  it('it resumes with its secret, which changes; what was sent before the restart is thrown away', async () => {
    const one = await relay()
    const pair = await one.pair()
    const [side, peer] = sides(pair)
    const first = side.secret
    await side.drop()
    expect(await peer.control()).toEqual(dropped)
    peer.send(Buffer.from('into the void'))
    const again = await TestSide.resume(one.url, pair.session, who, first)
    expect(await again.control()).toMatchObject({ type: 'open', peer: 'here' })
    expect(again.secret).not.toBe(first)
    expect(await peer.control()).toEqual({ type: 'back', epoch: 1 })
    again.send(Buffer.from('anew'))
    expect(String(await peer.bytes(4))).toBe('anew')
    peer.send(Buffer.from('half a record'))
    peer.say({ type: 'restart', epoch: 1 })
    peer.send(Buffer.from('whole'))
    expect(String(await again.bytes(5))).toBe('whole')
    // The old secret is worth nothing, nor is one that was never given.
    await expect(TestSide.resume(one.url, pair.session, who, first)).rejects.toEqual(gone)
    await expect(TestSide.resume(one.url, pair.session, who, 'x'.repeat(43))).rejects.toEqual(gone)
    await expect(TestSide.resume(one.url, pair.session, who === 'operator' ? 'device' : 'operator', again.secret)).rejects.toEqual(gone)
  })

  it('and its drop has not been seen, the new connection takes the place of the old one', async () => {
    const one = await relay()
    const pair = await one.pair()
    const [side, peer] = sides(pair)
    const again = await TestSide.resume(one.url, pair.session, who, side.secret)
    expect(await side.whenClosed()).toBe(1006)
    expect([await peer.control(), await peer.control()]).toEqual([dropped, { type: 'back', epoch: 1 }])
    peer.say({ type: 'restart', epoch: 1 })
    peer.send(Buffer.from('on'))
    expect(String(await again.bytes(2))).toBe('on')
  })

  it('twice, only the answer to the last return counts', async () => {
    const one = await relay()
    const pair = await one.pair()
    const [side, peer] = sides(pair)
    await side.drop()
    const second = await TestSide.resume(one.url, pair.session, who, side.secret)
    await second.control()
    await second.drop()
    const third = await TestSide.resume(one.url, pair.session, who, second.secret)
    for (const expected of [dropped, { type: 'back', epoch: 1 }, dropped, { type: 'back', epoch: 2 }])
      expect(await peer.control()).toEqual(expected)
    peer.say({ type: 'restart', epoch: 1 })
    peer.send(Buffer.from('for the second'))
    peer.say({ type: 'restart', epoch: 2 })
    peer.send(Buffer.from('for the third'))
    expect(String(await third.bytes(13))).toBe('for the third')
  })

  it('and does not come back in time, the session ends', async () => {
    const one = await relay()
    const pair = await one.pair()
    const [side, peer] = sides(pair)
    await side.drop()
    await peer.control()
    one.pass(limits.relayGraceMs)
    expect([await peer.control(), await peer.whenClosed()]).toEqual([{ type: 'ended', reason: 'peerLost', by: who }, 1000])
    await expect(TestSide.resume(one.url, pair.session, who, side.secret)).rejects.toEqual(gone)
  })

  it('without a word, it is missed, and its peer is told', async () => {
    const one = await relay()
    const pair = await one.pair({ idleMs: 3_600_000 })
    const [side, peer] = sides(pair)
    side.socket.pause()
    // The peer answers pings; the other one cannot.
    for (let passed = 0, said = 1; passed < limits.relaySilentMs; passed += limits.relayPingMs, said += 1) {
      peer.say({ type: 'restart', epoch: 1_000 })
      peer.send(Buffer.from('.'))
      await until('the relay to hear the peer', () => one.relay.counts.forwarded[who] === said)
      one.pass(limits.relayPingMs)
    }
    expect(await peer.control()).toEqual(dropped)
  })

  it('stops reading and drops, its peer goes on', async () => {
    const one = await relay()
    const pair = await one.pair()
    const [side, peer] = sides(pair)
    side.socket.pause()
    const piece = Buffer.alloc(1024 * 1024)
    let isFull = false
    for (let count = 0; count < 64; count++) isFull = !peer.send(piece) || isFull
    expect(isFull).toBe(true)
    await side.drop()
    expect(await peer.control()).toEqual(dropped)
    const again = await TestSide.resume(one.url, pair.session, who, side.secret)
    expect(await peer.control()).toEqual({ type: 'back', epoch: 1 })
    peer.say({ type: 'restart', epoch: 1 })
    peer.send(Buffer.from('fresh'))
    expect(String(await again.bytes(5))).toBe('fresh')
  })

  it('had half-closed, it may say more when it is back', async () => {
    const one = await relay()
    const pair = await one.pair()
    const [side, peer] = sides(pair)
    side.say({ type: 'halfClose' })
    expect(await peer.control()).toEqual({ type: 'halfClosed' })
    await side.drop()
    await peer.control()
    const again = await TestSide.resume(one.url, pair.session, who, side.secret)
    again.send(Buffer.from('once more'))
    again.say({ type: 'halfClose' })
    expect(await peer.control()).toEqual({ type: 'back', epoch: 1 })
    expect(String(await peer.bytes(9))).toBe('once more')
    expect(await peer.control()).toEqual({ type: 'halfClosed' })
  })
})

describe('[REM-7] when both drop', () => {
  it('each resumes by itself, and they go on', async () => {
    const one = await relay()
    const { session, operator, device } = await one.pair()
    await Promise.all([operator.drop(), device.drop()])
    const first = await TestSide.resume(one.url, session, 'operator', operator.secret)
    expect(await first.control()).toMatchObject({ type: 'open', peer: 'dropped' })
    first.send(Buffer.from('nobody hears'))
    const second = await TestSide.resume(one.url, session, 'device', device.secret)
    expect(await second.control()).toMatchObject({ type: 'open', peer: 'here' })
    expect(await first.control()).toEqual({ type: 'back', epoch: 1 })
    first.say({ type: 'restart', epoch: 1 })
    first.send(Buffer.from('again'))
    expect(String(await second.bytes(5))).toBe('again')
  })
})

describe('[REM-7] a relay that stops', () => {
  it('says when to come back, lets sessions go on for a moment, and then ends them', async () => {
    const one = await relay(limits.relayDrainMs)
    const left = await one.pair()
    const stopped = one.relay.stop()
    const draining = { type: 'draining', reconnectMs: limits.relayReconnectMs }
    for (const side of [left.operator, left.device]) expect(await side.control()).toEqual(draining)
    const late = await one.sign({ side: 'device' })
    await expect(TestSide.ticket(one.url, late)).rejects.toMatchObject({ status: 503, code: 'service.unavailable' })
    left.device.send(Buffer.from('goodbye'))
    expect(String(await left.operator.bytes(7))).toBe('goodbye')
    left.operator.say({ type: 'end' })
    // Nothing is left to wait for.
    await stopped
    expect(one.relay.counts.sessions).toBe(0)
  })

  it('closes with 1012 who has not left', async () => {
    const one = await relay(1)
    const { operator, device } = await one.pair()
    await one.relay.stop()
    for (const side of [operator, device]) {
      await side.control()
      expect([await side.control(), await side.whenClosed()]).toEqual([{ type: 'ended', reason: 'draining' }, 1012])
    }
  })
})
