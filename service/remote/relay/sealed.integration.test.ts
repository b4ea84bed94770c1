import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../contract/limits.ts'
import { makeKeys, type KeysOfBoth } from '../../../contract/sealed/testing/grants.ts'
import { until } from '../../../contract/testing/wait.ts'
import { TestEnd } from '../../testing/relay/ends.ts'
import { newDevice, TestRelay } from '../../testing/relay/relay.ts'

const undo: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const run of undo.splice(0).reverse()) await run()
})

async function startRelay(): Promise<TestRelay> {
  const relay = await TestRelay.start({ timing: { drainMs: 200, reconnectMs: 50 } })
  undo.push(() => relay.stop())
  return relay
}

interface Ends {
  readonly keys: KeysOfBoth
  readonly operator: TestEnd
  readonly device: TestEnd
}

/** Two ends that talk. `relay`: asked at each ticket. */
async function startEnds(relay: () => TestRelay, keys?: KeysOfBoth): Promise<Ends> {
  const made = keys ?? (await makeKeys())
  const bound = { sid: made.session, device: newDevice() }
  const make = async (side: 'operator' | 'device'): Promise<TestEnd> => {
    const ticket = (): Promise<string> => {
      end.url = relay().url
      return relay().sign({ ...bound, side })
    }
    const end = new TestEnd(relay().url, { side, keys: made[side], ticket: await relay().sign({ ...bound, side }), freshTicket: ticket })
    undo.push(() => end.link.end('serviceStopped'))
    end.link.start()
    return end
  }
  const ends = { keys: made, operator: await make('operator'), device: await make('device') }
  await Promise.all([ends.operator.untilState('live'), ends.device.untilState('live')])
  return ends
}

/** Pieces of all sizes, no two alike; and what all of them have together. */
function makeFlood(count: number, seed: number): { pieces: Buffer[]; bytes: number; hash: string } {
  const pieces = Array.from({ length: count }, (_, at) => {
    const piece = Buffer.alloc(1 + ((at * 7_919 + seed) % 90_000), at)
    piece.writeUInt8(at % 251, piece.length - 1)
    return piece
  })
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return { pieces, bytes: pieces.reduce((sum, { length }) => sum + length, 0), hash: hash.digest('hex') }
}

/** Hashes what comes instead of keeping it. */
function hashed(end: TestEnd): () => string {
  const hash = createHash('sha256')
  end.onFrame = (_, bytes) => hash.update(bytes)
  return () => hash.digest('hex')
}

describe('[REM-7] two ends over a relay', () => {
  it('talk both ways, and one of them says goodbye', async () => {
    const relay = await startRelay()
    const { operator, device } = await startEnds(() => relay)
    expect(operator.link.send(0, Buffer.from('hello'))).toBe(true)
    device.link.send(7, Buffer.from('here'))
    await Promise.all([operator.until(() => operator.frames.length > 0), device.until(() => device.frames.length > 0)])
    expect(device.frames).toEqual([{ channel: 0, bytes: Buffer.from('hello') }])
    expect(operator.frames).toEqual([{ channel: 7, bytes: Buffer.from('here') }])
    device.link.send(0, Buffer.from('goodbye'))
    device.link.end('switchedOff')
    await operator.untilState('ended')
    expect(operator.frames.at(-1)).toEqual({ channel: 0, bytes: Buffer.from('goodbye') })
    expect([operator.link.state, device.link.state]).toEqual([
      { state: 'ended', reason: 'deviceEnded' },
      { state: 'ended', reason: 'switchedOff' },
    ])
  })

  it('send frames of 8 MB both ways at once', async () => {
    const relay = await startRelay()
    const { operator, device } = await startEnds(() => relay)
    const frame = Buffer.alloc(8 * 1024 * 1024)
    for (let at = 0; at < frame.length; at += 4) frame.writeUInt32BE(at, at)
    const digest = createHash('sha256').update(frame).digest('hex')
    const [atOperator, atDevice] = [hashed(operator), hashed(device)]
    operator.link.send(1, frame)
    device.link.send(2, frame)
    await Promise.all([operator.until(() => operator.bytes === frame.length), device.until(() => device.bytes === frame.length)])
    expect([atOperator(), atDevice()]).toEqual([digest, digest])
  })

  it('lose and double nothing while both are dropped again and again in the middle of a flood', async () => {
    const relay = await startRelay()
    const { operator, device } = await startEnds(() => relay)
    const [down, up] = [makeFlood(600, 1), makeFlood(300, 2)]
    const [atOperator, atDevice] = [hashed(operator), hashed(device)]
    const floods = Promise.all([device.flood(1, down.pieces), operator.flood(2, up.pieces)])
    for (let round = 1; round <= 6; round++) {
      await operator.until(() => operator.bytes >= (round * down.bytes) / 8)
      if (round % 3 !== 1) operator.cut()
      if (round % 3 !== 2) device.cut()
    }
    await floods
    await Promise.all([operator.until(() => operator.bytes >= down.bytes), device.until(() => device.bytes >= up.bytes)])
    expect([operator.bytes, device.bytes, atOperator(), atDevice()]).toEqual([down.bytes, up.bytes, down.hash, up.hash])
    expect(operator.states.filter(({ state }) => state === 'live').length).toBeGreaterThan(3)
    expect([operator.asked, device.asked]).toEqual([0, 0])
  })

  it.each(['killed', 'stopped'])('go on with fresh tickets at another relay when theirs is %s', async (how) => {
    let relay = await startRelay()
    const other = await startRelay()
    const { operator, device } = await startEnds(() => relay)
    const [down, up] = [makeFlood(200, 3), makeFlood(100, 4)]
    const [atOperator, atDevice] = [hashed(operator), hashed(device)]
    const floods = Promise.all([device.flood(1, down.pieces), operator.flood(2, up.pieces)])
    await operator.until(() => operator.bytes >= down.bytes / 3)
    // In the middle of the flood: nothing comes between this moment and the end of their relay.
    const old = relay
    relay = other
    if (how === 'stopped') {
      await old.stop()
    } else {
      old.cut()
      // Where it was, another one listens that knows nobody.
      operator.url = relay.url
      device.url = relay.url
    }
    await Promise.all([operator, device].map((end) => end.until(() => end.asked > 0 && end.link.state.state === 'live')))
    await floods
    await Promise.all([operator.until(() => operator.bytes >= down.bytes), device.until(() => device.bytes >= up.bytes)])
    expect([operator.bytes, device.bytes, atOperator(), atDevice()]).toEqual([down.bytes, up.bytes, down.hash, up.hash])
    expect([operator.asked, device.asked]).toEqual([1, 1])
    expect(relay.relay.counts.sessions).toBe(1)
  })

  it('of which one does not take what comes: the other one waits, and memory is bounded', async () => {
    const relay = await startRelay()
    const { keys, operator, device } = await startEnds(() => relay)
    const flood = makeFlood(1_000, 5)
    const atOperator = hashed(operator)
    operator.link.pause()
    const sent = device.flood(1, flood.pieces)
    const most = limits.sessionWindowBytes + 2 * limits.sessionRecordBytes
    // It has filled its window, and the other end has all of it.
    await until('a full window', () => operator.link.parkedBytes >= limits.sessionWindowBytes)
    operator.link.send(2, Buffer.from('heard all the same'))
    await device.until(() => device.frames.length === 1)
    expect(operator.bytes).toBe(0)
    expect(operator.link.parkedBytes).toBeLessThanOrEqual(most)
    expect(device.link.keptBytes).toBeLessThanOrEqual(most + 90_000)
    await until('the relay to hold nothing', () =>
      Object.values(relay.relay.waitingBytes(keys.session) ?? { none: 1 }).every((bytes) => bytes === 0),
    )
    operator.link.resume()
    await sent
    await operator.until(() => operator.bytes >= flood.bytes)
    expect([operator.bytes, atOperator()]).toEqual([flood.bytes, flood.hash])
  })

  it('of different sessions do not understand each other', async () => {
    const relay = await startRelay()
    const [one, two] = [await makeKeys(), await makeKeys()]
    const bound = { sid: one.session, device: newDevice() }
    const make = async (side: 'operator' | 'device', { [side]: keys }: KeysOfBoth): Promise<TestEnd> => {
      const end = new TestEnd(relay.url, { side, keys, ticket: await relay.sign({ ...bound, side }) })
      undo.push(() => end.link.end('serviceStopped'))
      end.link.send(1, Buffer.from('secret'))
      end.link.start()
      return end
    }
    const [operator, device] = [await make('operator', one), await make('device', two)]
    await Promise.all([operator.untilState('ended'), device.untilState('ended')])
    const reasons = [operator.link.state, device.link.state].map((state) => (state.state === 'ended' ? state.reason : ''))
    expect(reasons).toContain('tampered')
    expect([operator.frames, device.frames]).toEqual([[], []])
  })

  it('cannot come with tickets of another session', async () => {
    const relay = await startRelay()
    const { operator, device } = await startEnds(() => relay)
    const before = [...operator.states]
    const stranger = await makeKeys()
    const late = new TestEnd(relay.url, {
      side: 'operator',
      keys: stranger.operator,
      ticket: await relay.sign({ side: 'operator', sid: stranger.session }),
    })
    undo.push(() => late.link.end('operatorEnded'))
    late.link.start()
    await late.untilState('waiting')
    // It is alone at its own session, and the two do not notice.
    operator.link.send(1, Buffer.from('to you only'))
    await device.until(() => device.frames.length === 1)
    expect([late.frames, late.link.state.state, operator.states]).toEqual([[], 'waiting', before])
  })

  it('do not understand one that has come with a ticket of the other side', async () => {
    const relay = await startRelay()
    // Both have the keys of the operator; one of them has a ticket of the device.
    const made = await makeKeys()
    const place = { sid: made.session, device: newDevice() }
    const [honest, wrong] = await Promise.all(
      (['operator', 'device'] as const).map(
        async (side) => new TestEnd(relay.url, { side: 'operator', keys: made.operator, ticket: await relay.sign({ ...place, side }) }),
      ),
    )
    if (!honest || !wrong) throw new Error('no ends')
    for (const end of [honest, wrong]) {
      undo.push(() => end.link.end('serviceStopped'))
      end.link.send(1, Buffer.from('secret'))
      end.link.start()
    }
    await Promise.all([honest.untilState('ended'), wrong.untilState('ended')])
    expect([honest.frames, wrong.frames]).toEqual([[], []])
    expect([honest, wrong].map(({ link }) => (link.state.state === 'ended' ? link.state.reason : ''))).toContain('tampered')
  })
})
