import { v7 } from 'uuid'
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../contract/limits.ts'
import { RelayId } from '../../../contract/relay.ts'
import { someBytes } from '../../../contract/testing/chance.ts'
import { until, untilStill } from '../../../contract/testing/wait.ts'
import { TestSide } from '../../testing/relay/client.ts'
import { makeKeys, newDevice, newSession, TestRelay } from '../../testing/relay/relay.ts'
import { closeFrame, masked, textFrame } from './frames.ts'
import type { RelayOptions } from './relay.ts'

const running: TestRelay[] = []
async function relay(options: Partial<RelayOptions> = {}): Promise<TestRelay> {
  const started = await TestRelay.start({ ...options, timing: { drainMs: 1, ...options.timing } })
  running.push(started)
  return started
}
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

const refusal = (status: number, code: string) => expect.objectContaining({ status, code })
const ended = (reason: string, by?: string) => ({ type: 'ended', reason, ...(by === undefined ? {} : { by }) })

describe('[REM-7] two sides with the tickets of one session', () => {
  it('are told of each other, and get each other’s bytes', async () => {
    const one = await relay()
    const bound = { sid: newSession(), device: newDevice() }
    const device = await TestSide.ticket(one.url, await one.sign({ ...bound, side: 'device' }))
    expect(await device.control()).toEqual({ type: 'open', secret: device.secret, graceMs: limits.relayGraceMs, peer: 'waiting' })
    const operator = await TestSide.ticket(one.url, await one.sign({ ...bound, side: 'operator' }))
    expect(await operator.control()).toMatchObject({ type: 'open', peer: 'here' })
    expect(operator.secret).not.toBe(device.secret)
    expect(await device.control()).toEqual({ type: 'joined' })
    device.send(Buffer.from('picture'))
    operator.send(Buffer.from('keys'), 0)
    expect(String(await operator.bytes(7))).toBe('picture')
    expect(String(await device.bytes(4))).toBe('keys')
  })

  it.each([
    ['64 KB', 64 * 1024, 40],
    ['8 MB', 8 * 1024 * 1024, 3],
    ['1 KB', 1024, 2_000],
    ['1 byte', 1, 5_000],
  ])('exchange frames of %s both ways', async (_, size, count) => {
    const { operator, device } = await (await relay()).pair()
    const sent = { operator: someBytes(size * count), device: someBytes(size * count) }
    const sendAll = (from: TestSide, bytes: Buffer, mask: number) => {
      for (let at = 0; at < bytes.length; at += size) from.send(bytes.subarray(at, at + size), mask)
    }
    sendAll(device, sent.device, 0)
    sendAll(operator, sent.operator, 0x55aa1234)
    const [toOperator, toDevice] = await Promise.all([operator.bytes(size * count), device.bytes(size * count)])
    expect(toOperator.equals(sent.device)).toBe(true)
    expect(toDevice.equals(sent.operator)).toBe(true)
  })

  it('may each close their half, and the session ends with the second', async () => {
    const { operator, device } = await (await relay()).pair()
    device.send(Buffer.from('last'))
    device.say({ type: 'halfClose' })
    expect(String(await operator.bytes(4))).toBe('last')
    expect(await operator.control()).toEqual({ type: 'halfClosed' })
    operator.send(Buffer.from('still'))
    expect(String(await device.bytes(5))).toBe('still')
    operator.say({ type: 'halfClose' })
    expect(await device.control()).toEqual({ type: 'halfClosed' })
    for (const side of [operator, device]) expect([await side.control(), await side.whenClosed()]).toEqual([ended('finished'), 1000])
  })

  it('end when either says so, or closes with 1000', async () => {
    const one = await relay()
    const first = await one.pair()
    first.operator.send(Buffer.from('bye'))
    first.operator.say({ type: 'end' })
    expect(String(await first.device.bytes(3))).toBe('bye')
    for (const side of [first.operator, first.device])
      expect([await side.control(), await side.whenClosed()]).toEqual([ended('ended', 'operator'), 1000])
    const second = await one.pair()
    second.device.close(1000)
    expect(await second.operator.control()).toEqual(ended('ended', 'device'))
    await until('all to be gone', () => one.relay.counts.connections === 0)
    expect(one.relay.counts).toMatchObject({ sessions: 0, waiting: 0, connections: 0, forwarded: { device: 3, operator: 0 } })
    expect(await one.registry.metrics()).toContain('roomkeeper_relay_ended_total{reason="ended"} 2')
  })

  it('end when access is withdrawn', async () => {
    const one = await relay()
    const { session, operator, device } = await one.pair()
    one.relay.end(session, 'withdrawn')
    for (const side of [operator, device]) expect(await side.control()).toEqual(ended('withdrawn'))
  })
})

describe('[REM-7] a ticket', () => {
  it('used twice is refused', async () => {
    const one = await relay()
    const ticket = await one.sign({ side: 'device' })
    const side = await TestSide.ticket(one.url, ticket)
    await expect(TestSide.ticket(one.url, ticket)).rejects.toEqual(refusal(409, 'relay.ticketUsed'))
    await side.drop()
    await expect(TestSide.ticket(one.url, ticket)).rejects.toEqual(refusal(409, 'relay.ticketUsed'))
  })

  it('used twice at the same moment counts once', async () => {
    const one = await relay()
    const ticket = await one.sign({ side: 'device' })
    const tried = await Promise.allSettled([1, 2, 3, 4].map(() => TestSide.ticket(one.url, ticket)))
    expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const refused = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused).toEqual([1, 2, 3].map(() => refusal(409, 'relay.ticketUsed')))
  })

  it('for a side that is there, for another device, for another session', async () => {
    const one = await relay()
    const bound = { sid: newSession(), device: newDevice() }
    await TestSide.ticket(one.url, await one.sign({ ...bound, side: 'device' }))
    await expect(TestSide.ticket(one.url, await one.sign({ ...bound, side: 'device' }))).rejects.toEqual(refusal(409, 'relay.sideTaken'))
    const other = one.sign({ sid: bound.sid, device: newDevice(), side: 'operator' })
    await expect(TestSide.ticket(one.url, await other)).rejects.toEqual(refusal(401, 'relay.ticketInvalid'))
    // One of another session meets nobody here.
    const stranger = await TestSide.ticket(one.url, await one.sign({ device: bound.device, side: 'operator' }))
    expect(await stranger.control()).toMatchObject({ type: 'open', peer: 'waiting' })
  })

  it('late, for another relay, of another key, or none', async () => {
    const one = await relay()
    const late = await one.sign({ side: 'device' })
    one.pass(30_000)
    await expect(TestSide.ticket(one.url, late)).rejects.toEqual(refusal(401, 'relay.ticketExpired'))
    const elsewhere = await one.sign({ side: 'device', aud: RelayId.parse('elsewhere') })
    await expect(TestSide.ticket(one.url, elsewhere)).rejects.toEqual(refusal(401, 'relay.ticketInvalid'))
    const forged = await one.sign({ side: 'device' }, { key: (await makeKeys()).privateKey })
    await expect(TestSide.ticket(one.url, forged)).rejects.toEqual(refusal(401, 'relay.ticketInvalid'))
    await expect(TestSide.connect(one.url, 'Bearer x')).rejects.toEqual(refusal(401, 'auth.missing'))
    await expect(TestSide.connect(one.url, `Ticket ${late}`, { 'sec-websocket-version': '8' })).rejects.toEqual(
      refusal(400, 'request.invalid'),
    )
  })
})

describe('[REM-7] limits', () => {
  it('of sessions, of those that wait, and of one address', async () => {
    const one = await relay({ most: { sessions: 2, waiting: 1 } })
    await one.pair()
    await TestSide.ticket(one.url, await one.sign({ side: 'device' }))
    const more = await one.sign({ side: 'device' })
    await expect(TestSide.ticket(one.url, more)).rejects.toEqual(refusal(503, 'relay.full'))
    one.pass(limits.relayWaitMs)
    // It was not used up by being refused; but it is late now.
    await expect(TestSide.ticket(one.url, more)).rejects.toEqual(refusal(401, 'relay.ticketExpired'))
    const limited = await relay({ most: { upgradesPerMinute: 1 } })
    await TestSide.ticket(limited.url, await limited.sign({ side: 'device' }))
    await expect(TestSide.ticket(limited.url, await limited.sign({ side: 'device' }))).rejects.toEqual(refusal(429, 'rate.limited'))
  })

  it('[rule 13] of one address, where the proxy says which; a proxy that does not makes all of them nobody', async () => {
    const one = await relay({ behindProxy: true, most: { upgradesPerMinute: 1 } })
    const come = async (headers: Record<string, string>) => {
      return TestSide.connect(one.url, `Ticket ${await one.sign({ side: 'device' })}`, headers)
    }
    for (let n = 0; n < 3; n += 1) await come({})
    await come({ 'x-forwarded-for': '192.0.2.1' })
    await expect(come({ 'x-forwarded-for': '192.0.2.1' })).rejects.toEqual(refusal(429, 'rate.limited'))
    await come({ 'x-forwarded-for': '192.0.2.2' })
  })

  it('of waiting for the second side, of silence, of all time', async () => {
    const one = await relay({ timing: { silentMs: 3_600_000 } })
    const alone = await TestSide.ticket(one.url, await one.sign({ side: 'operator' }))
    await alone.control()
    one.pass(limits.relayWaitMs)
    expect([await alone.control(), await alone.whenClosed()]).toEqual([ended('noPeer'), 1000])

    const idle = await one.pair({ idleMs: 40_000 })
    one.pass(30_000)
    idle.device.send(Buffer.from('a'))
    await idle.operator.bytes(1)
    one.pass(30_000)
    expect(one.relay.counts.sessions).toBe(1)
    one.pass(10_000)
    expect(await idle.device.control()).toEqual(ended('idle'))

    const long = await one.pair({ maximumMs: 5_000 })
    one.pass(5_000)
    expect(await long.operator.control()).toEqual(ended('maximum'))
  })

  it('hold for 1,000 idle sessions, which all still work', async () => {
    const one = await relay()
    const pairs = []
    for (let count = 0; count < 1_000; count += 50) pairs.push(...(await Promise.all(Array.from({ length: 50 }, () => one.pair()))))
    expect(one.relay.counts).toMatchObject({ sessions: 1_000, waiting: 0, connections: 2_000 })
    one.pass(limits.relayPingMs)
    for (const { operator, device } of pairs) {
      device.send(Buffer.from('here'))
      expect(String(await operator.bytes(4))).toBe('here')
    }
    for (const { operator, device } of pairs) await Promise.all([operator.drop(), device.drop()])
  })
})

describe('[REM-7] a reader that stops reading', () => {
  it('stops its peer, with little held between them, and gets every byte when it goes on', async () => {
    const one = await relay()
    const { session, operator, device } = await one.pair()
    const total = 64 * 1024 * 1024
    const piece = someBytes(64 * 1024)
    operator.socket.pause()
    let sent = 0
    const most = { waiting: 0 }
    const look = () => {
      most.waiting = Math.max(most.waiting, one.relay.waitingBytes(session)?.operator ?? 0)
    }
    const sendOn = () => {
      while (sent < total) {
        sent += piece.length
        look()
        if (!device.send(piece, 0x01020304)) return
      }
    }
    device.socket.on('drain', sendOn)
    sendOn()
    await until('the writer to be full, and the relay too', () => {
      look()
      return device.socket.writableLength > 0 && one.relay.waitingBytes(session)?.operator
    })
    await untilStill('nothing to move', () => {
      look()
      return device.socket.bytesWritten - device.socket.writableLength
    })
    expect(sent).toBeLessThan(total)
    expect(one.relay.waitingBytes(session)?.operator).toBeGreaterThan(0)
    // What waits when the limit is reached, and the one chunk that reached it.
    expect(most.waiting).toBeLessThanOrEqual(limits.relayBufferedBytes + 64 * 1024 + 14)
    operator.socket.resume()
    for (let got = 0; got < total; got += piece.length) expect((await operator.bytes(piece.length)).equals(piece)).toBe(true)
    expect(most.waiting).toBeLessThanOrEqual(limits.relayBufferedBytes + 64 * 1024 + 14)
  })
})

describe('[REM-7] a side that breaks the protocol', () => {
  it.each<[string, Buffer, number]>([
    ['a frame without a mask', Buffer.from([0x82, 1, 1]), 1002],
    ['reserved bits', Buffer.from([0xc2, 0x80]), 1002],
    ['an unknown kind of frame', Buffer.from([0x83, 0x80]), 1002],
    ['a frame that is too large', Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
    ['text that is too large', masked(textFrame('x'.repeat(limits.relayControlBytes + 1)), 3), 1009],
    ['text that is not UTF-8', masked(Buffer.from([0x81, 1, 0xff]), 3), 1007],
    ['text that is no control', masked(textFrame('{"type":"open"}'), 3), 1008],
    ['text that is no JSON', masked(textFrame('hello'), 3), 1008],
    ['a close code that may not be sent', masked(closeFrame(1005, ''), 3), 1002],
    ['bytes after all', someBytes(200).fill(0x70, 0, 1), 1002],
  ])('%s', async (_, bytes, code) => {
    const { operator, device } = await (await relay()).pair()
    device.socket.write(bytes)
    expect([await device.control(), await device.whenClosed()]).toEqual([ended('protocol'), code])
    expect([await operator.control(), await operator.whenClosed()]).toEqual([ended('protocol', 'device'), 1000])
  })

  it('payload before the peer, and after a half-close', async () => {
    const one = await relay()
    const early = await TestSide.ticket(one.url, await one.sign({ side: 'device', jti: v7() }))
    await early.control()
    early.send(Buffer.from('early'))
    expect([await early.control(), await early.whenClosed()]).toEqual([ended('protocol'), 1008])
    const { operator, device } = await one.pair()
    operator.say({ type: 'halfClose' })
    operator.send(Buffer.from('more'))
    expect(await operator.whenClosed()).toBe(1008)
    expect(await device.control()).toEqual({ type: 'halfClosed' })
    expect(await device.control()).toEqual(ended('protocol', 'operator'))
  })
})
