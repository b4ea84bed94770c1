import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Doc } from '../../contract/entities.ts'
import type { RoomId } from '../../contract/ids.ts'
import type { SignalId, SignalValue } from '../../contract/signals.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { system } from '../ground/store/transaction.ts'
import { IncidentRig } from '../testing/incidents/rig.ts'
import { Storms } from './watch.ts'

const start = Date.UTC(2026, 4, 4)
let rig: IncidentRig
let storms: Storms

async function watch(): Promise<void> {
  // It waits for nothing but what a test runs.
  const clock = { ...new FakeClock(), now: () => rig.now, after: () => () => undefined }
  storms = new Storms({
    store: rig.store,
    bus: rig.bus,
    clock,
    onProblem: (error) => {
      throw error
    },
  })
  await storms.start()
}
beforeEach(async () => {
  rig = await IncidentRig.open(start, { openHoldMs: 0, resolveHoldMs: 0 })
  await watch()
})
afterEach(async () => {
  await storms.stop()
  await rig.close()
})

/** Enrolled rooms of a building. */
const rooms = (count: number, building: string): Promise<RoomId[]> =>
  Promise.all(Array.from({ length: count }, () => rig.room({ building, city: 'Paris' })))

const say = (some: readonly RoomId[], value: SignalValue, signal: SignalId = 'peripherals.camera') =>
  rig.write(async (tx) => {
    const work = rig.rooms.within(tx)
    await work.load(some)
    for (const room of some) work.take(room, { type: 'report', observedAt: rig.now, signals: { [signal]: { value } } })
    await work.flush()
  })

const incidents = async (): Promise<Doc<'incident'>[]> => rig.read().list('incident', { limit: 1_000 })
const inStorms = async () => (await incidents()).flatMap(({ storm, status }) => (storm ? [{ ...storm, status }] : []))

describe('[INC-3] a storm', () => {
  it('is one for all rooms of a building that fail together, with a number of its own, however often it is looked at', async () => {
    const all = await rooms(8, 'A')
    await say(all, 'unhealthy')
    await storms.run()
    const found = await inStorms()
    expect(found).toHaveLength(8)
    expect(new Set(found.map(({ id }) => id)).size).toBe(1)
    expect(found[0]).toMatchObject({ cause: 'building', value: 'A', number: 9, at: start })
    const seq = await rig.read().lastSeq()
    await storms.run()
    await storms.stop()
    await watch()
    await storms.run()
    expect(await rig.read().lastSeq()).toBe(seq)
  })

  it('takes in who comes late, lets go of who is well, and is another one the next time', async () => {
    const all = await rooms(10, 'A')
    await say(all.slice(0, 6), 'unhealthy')
    await storms.run()
    rig.now += 3_600_000
    await say(all.slice(6, 7), 'unhealthy')
    await storms.run()
    const found = await inStorms()
    expect([found.length, new Set(found.map(({ id }) => id)).size]).toEqual([7, 1])
    await say(all.slice(0, 7), 'healthy')
    await storms.run()
    expect((await inStorms()).every(({ status }) => status === 'resolved')).toBe(true)
    rig.now += 3_600_000
    await say(all.slice(0, 6), 'unhealthy')
    await storms.run()
    const again = (await inStorms()).filter(({ status }) => status === 'needAction')
    expect(again).toHaveLength(6)
    expect(again[0]?.id).not.toBe(found[0]?.id)
  })

  it('that is over takes in nobody: others that fail later the same day are another one', async () => {
    const all = await rooms(12, 'A')
    await say(all.slice(0, 6), 'unhealthy')
    await storms.run()
    rig.now += 60_000
    await say(all.slice(0, 6), 'healthy')
    await storms.run()
    const [over] = await inStorms()
    rig.now += 3_600_000
    await say(all.slice(6), 'unhealthy')
    await storms.run()
    const open = (await inStorms()).filter(({ status }) => status === 'needAction')
    expect(open).toHaveLength(6)
    expect(open.map(({ id }) => id)).not.toContain(over?.id)
  })

  it('leaves alone whom somebody took out of it, until that room is well', async () => {
    const all = await rooms(8, 'A')
    await say(all, 'unhealthy')
    await storms.run()
    const [one] = await incidents()
    if (!one) throw new Error('There is no incident.')
    await rig.store.write(rig.tenant, system, async (tx) => {
      const { storm: _, ...rest } = one
      tx.put('incident', { ...rest, alone: true }, one)
    })
    await storms.run()
    expect(await rig.read().get('incident', one.id)).not.toHaveProperty('storm')
    expect(await inStorms()).toHaveLength(7)
    await say([one.room], 'healthy')
    rig.now += 1_000
    await say([one.room], 'unhealthy')
    expect(await rig.read().get('incident', one.id)).not.toHaveProperty('alone')
  })

  it('is said to have another cause when more of the city fails, and keeps its number', async () => {
    const [a, b] = [await rooms(8, 'A'), await rooms(8, 'B')]
    await say(a, 'unhealthy')
    await storms.run()
    const [before] = await inStorms()
    await say(b, 'unhealthy')
    await storms.run()
    const after = await inStorms()
    expect(after).toHaveLength(16)
    expect(new Set(after.map(({ id, cause, value, number }) => JSON.stringify([id, cause, value, number])))).toEqual(
      new Set([JSON.stringify([before?.id, 'city', 'Paris', before?.number])]),
    )
  })

  it('is none in onboarding, and none of four', async () => {
    await say((await rooms(8, 'A')).slice(0, 4), 'unhealthy')
    await storms.run()
    expect(await inStorms()).toEqual([])
  })
})
