import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../limits.ts'
import { frameBytes } from './frames.ts'
import { type End, World } from './testing/world.ts'

const sides = fc.constantFrom('operator', 'device')
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send'),
      side: sides,
      channel: fc.nat(65_535),
      size: fc.oneof(fc.nat(300), fc.nat(3 * frameBytes)),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('move'), steps: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('drop'), side: sides }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('pause', 'resume'), side: sides }) },
)

/** What a channel has got, and in which order channels came: parts of a frame count as one. */
const joined = (frames: readonly { channel: number; bytes: Uint8Array }[]): string[] => {
  const all: { channel: number; bytes: Uint8Array[] }[] = []
  for (const { channel, bytes } of frames) {
    const last = all.at(-1)
    if (last?.channel === channel) last.bytes.push(bytes)
    else all.push({ channel, bytes: [bytes] })
  }
  return all.map(({ channel, bytes }) => `${channel}: ${Buffer.concat(bytes).toString('base64')}`)
}
const bytesOf = ({ got }: End): number => got.reduce((sum, { bytes }) => sum + bytes.length, 0)

describe('a sealed link', () => {
  it('loses nothing, doubles nothing and keeps the order, wherever connections break', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(step, { maxLength: 60 }), async (seed, steps) => {
        const world = await World.make(seed)
        world.start()
        const sent: Record<'operator' | 'device', { channel: number; bytes: Uint8Array }[]> = { operator: [], device: [] }
        let count = 0
        for (const next of steps) {
          if ('channel' in next) {
            const bytes = Buffer.alloc(next.size, ++count)
            sent[next.side].push({ channel: next.channel, bytes: Buffer.from(bytes) })
            world[next.side].link.send(next.channel, bytes)
            // What was given may be used again.
            bytes.fill(0)
          } else if ('steps' in next) await world.steps(next.steps)
          else if (next.kind === 'drop' && 'side' in next) world.relay.drop(next.side)
          else if (next.kind === 'kill') world.relay.kill()
          else if ('side' in next && next.kind === 'pause') world[next.side].link.pause()
          else if ('side' in next) world[next.side].link.resume()
        }
        world.operator.link.resume()
        world.device.link.resume()
        const parts = (side: 'operator' | 'device') =>
          sent[side].reduce((sum, { bytes }) => sum + Math.max(1, Math.ceil(bytes.length / frameBytes)), 0)
        await world.until(() => world.device.got.length >= parts('operator') && world.operator.got.length >= parts('device'))
        // Whatever might still come, comes; and no more than a few confirmations are kept.
        await world.until(() => world.operator.link.keptBytes < 300 && world.device.link.keptBytes < 300)
        expect(joined(world.device.got)).toEqual(joined(sent.operator))
        expect(joined(world.operator.got)).toEqual(joined(sent.device))
        expect([world.operator.link.state, world.device.link.state].every(({ state }) => state !== 'ended')).toBe(true)
      }),
      { numRuns: 150 },
    )
  }, 120_000)

  it('gives a frame that fits a record as one, and an empty one too', async () => {
    const world = await World.live()
    for (const size of [0, 1, frameBytes, 5]) world.operator.link.send(3, Buffer.alloc(size, size))
    await world.until(() => world.device.got.length === 4)
    expect(world.device.got.map(({ bytes }) => bytes.length)).toEqual([0, 1, frameBytes, 5])
    expect(() => world.operator.link.send(65_536, Buffer.alloc(1))).toThrow(RangeError)
  })

  it('says when there is no room, and when there is again', async () => {
    const world = await World.live()
    const piece = Buffer.alloc(64 * 1024)
    let taken = 0
    while (world.device.link.send(1, piece)) taken += 1
    expect(taken * piece.length).toBeLessThanOrEqual(limits.sessionWindowBytes + limits.sessionSocketBytes)
    expect(world.device.rooms).toBe(0)
    await world.until(() => world.device.rooms === 1)
    expect(world.device.link.send(1, Buffer.alloc(1))).toBe(true)
  })

  it('whose taker pauses gets no more than a window, answers still, and goes on', async () => {
    const world = await World.live()
    world.operator.link.pause()
    for (let count = 0; count < 64; count++) world.device.link.send(1, Buffer.alloc(64 * 1024, count))
    await world.steps(100_000)
    expect(world.operator.got).toEqual([])
    expect(world.operator.link.parkedBytes).toBeGreaterThan(limits.sessionWindowBytes / 2)
    expect(world.operator.link.parkedBytes).toBeLessThanOrEqual(limits.sessionWindowBytes + limits.sessionRecordBytes)
    // What the other end confirms is heard all the same.
    for (let count = 0; count < 64; count++) world.operator.link.send(2, Buffer.alloc(64 * 1024, count))
    await world.until(() => bytesOf(world.device) === 64 * 64 * 1024)
    world.operator.link.resume()
    await world.until(() => bytesOf(world.operator) === 64 * 64 * 1024)
    expect(
      world.operator.got.every(
        ({ bytes }, at) =>
          at === 0 || bytes[0] === world.operator.got[at - 1]?.bytes[0] || bytes[0] === (world.operator.got[at - 1]?.bytes[0] ?? 0) + 1,
      ),
    ).toBe(true)
  })

  it('that a taker pauses in the middle of a chunk gives on nothing more', async () => {
    const world = await World.live()
    for (let count = 0; count < 5; count++) world.device.link.send(1, Buffer.alloc(10, count))
    const { got, link } = world.operator
    await world.until(() => {
      if (got.length === 2) link.pause()
      return got.length === 2
    })
    await world.steps(1_000)
    expect(got.length).toBe(2)
    world.relay.drop('operator')
    link.resume()
    await world.until(() => got.length >= 5)
    expect(got.map(({ bytes }) => bytes[0])).toEqual([0, 1, 2, 3, 4])
  })

  it('sends nothing but its greeting before the other one has greeted', async () => {
    const world = await World.make(7)
    const went: number[] = []
    world.relay.onForward = (to, bytes) => {
      if (to === 'device') went.push(bytes.length)
      return to === 'operator' ? [] : [bytes]
    }
    world.operator.link.send(1, Buffer.alloc(1_000))
    world.start()
    await world.steps(10_000)
    expect(went.reduce((sum, length) => sum + length, 0)).toBe(37)
    expect(world.operator.link.state.state).not.toBe('live')
  })

  it('sends what is queued before it ends', async () => {
    const world = await World.live()
    for (let count = 0; count < 40; count++) world.device.link.send(1, Buffer.alloc(64 * 1024, count))
    world.device.link.end('switchedOff')
    expect(world.device.link.send(1, Buffer.alloc(1))).toBe(true)
    await world.until(() => world.operator.link.state.state === 'ended')
    expect(bytesOf(world.operator)).toBe(40 * 64 * 1024)
    expect(world.operator.link.state).toEqual({ state: 'ended', reason: 'deviceEnded' })
    expect(world.device.states.at(-1)).toEqual({ state: 'ended', reason: 'switchedOff' })
    expect(world.relay.said.filter(({ type }) => type === 'end').length).toBe(1)
  })
})
