import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultSettings, type Lifecycle } from '../../contract/entities.ts'
import { PersonId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { SignalId, signals, type SignalValue } from '../../contract/signals.ts'
import { cases } from '../../contract/testing/chance.ts'
import type { Transition } from '../../contract/transitions.ts'
import { IncidentRig } from '../testing/incidents/rig.ts'
import { attend, changeLifecycle, changeSettings } from './actions.ts'
import { lastCheckpoint } from './checkpoints.ts'
import { packState, plainState, unpackState } from './checkpointState.ts'
import type { EngineEvent } from './happenings.ts'
import { checkpointRooms } from './nights.ts'
import { stateAt } from './replay.ts'
import { Rules, TenantRules } from './rules.ts'
import { type IncidentMemory, newRoomState, RoomState } from './state.ts'

const start = 100 * dayMs
const hold = { openHoldMs: 60_000, resolveHoldMs: 120_000, warningAgesMs: 600_000, flapCount: 3, flapWindowMs: 900_000 }
const some: readonly SignalId[] = ['peripherals.camera', 'audio.speaker', 'peripherals.proximity', 'versioning.os']
const value = fc.constantFrom<SignalValue>('healthy', 'unhealthy', 'misconfigured', 'unknown')

let rig: IncidentRig
beforeEach(async () => {
  rig = await IncidentRig.open(start, hold)
})
afterEach(() => rig.close())

const stored = async (room: RoomId): Promise<RoomState> => {
  const row = await rig.read().tables.roomState().select('state').where('room', '=', room).executeTakeFirstOrThrow()
  return RoomState.parse(JSON.parse(row.state))
}

async function history(room: RoomId): Promise<Transition[]> {
  const all: Transition[] = []
  for (let before: string | undefined; ;) {
    const page = await rig.read().transitions(room, { limit: 500, ...(before === undefined ? {} : { before }) })
    all.push(...page.items)
    if (page.next === undefined) return all
    before = page.next
  }
}

/** The state at a moment, from what is kept. */
async function replayed(room: RoomId, at: number): Promise<RoomState | undefined> {
  const checkpoint = await lastCheckpoint(rig.read(), room, at)
  const rows = await rig.read().tables.settingsHistory().selectAll().orderBy('validFrom').execute()
  const settings = rows.map(({ validFrom, body }) => new Rules(TenantRules.parse(JSON.parse(body)), validFrom).for('host'))
  return checkpoint && stateAt(checkpoint, await history(room), settings, at)
}

const take = (room: RoomId, ...events: EngineEvent[]) =>
  rig.write(async (tx) => {
    const work = rig.rooms.within(tx)
    await work.load([room])
    for (const event of events) work.take(room, event)
    await work.flush()
  })

/** Of a device, none lies before the one before. */
let observed = 0

type Step = (room: RoomId) => Promise<void>
const report = fc.record({
  values: fc.dictionary(fc.constantFrom(...some), value, { minKeys: 1, maxKeys: 3 }),
  late: fc.nat(30_000),
  full: fc.boolean(),
})
const reportEvent = ({ values, late, full }: { values: Record<string, SignalValue>; late: number; full: boolean }): EngineEvent => ({
  type: 'report',
  observedAt: (observed = Math.max(observed, rig.now - late)),
  full,
  signals: Object.fromEntries(Object.entries(values).map(([signal, seen]) => [signal, { value: seen }])),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .record({ of: fc.constantFrom('room' as const, ...some), on: fc.boolean(), ago: fc.oneof(fc.constant(0), fc.nat(90_000)) })
      .map(
        ({ of, on, ago }): Step =>
          (room) =>
            take(room, { type: 'suppression', of, on, at: rig.now - ago }),
      ),
  },
  {
    weight: 8,
    arbitrary: report.map(
      (one): Step =>
        (room) =>
          take(room, reportEvent(one)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.array(report, { minLength: 2, maxLength: 3 }).map(
      (all): Step =>
        (room) =>
          take(room, ...all.map(reportEvent)),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.oneof(fc.nat(50_000), fc.nat(400_000)).map(
      (ms): Step =>
        () =>
          rig.pass(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ critical: fc.nat(2), important: fc.nat(2) }).map(
      (open): Step =>
        (room) =>
          take(room, { type: 'reports', ...open }),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((room) => take(room, { type: 'contact' })) },
  {
    weight: 1,
    arbitrary: fc.nat(90_000).map(
      (ago): Step =>
        (room) =>
          take(room, { type: 'disconnected', lastContactAt: rig.now - ago }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (several): Step =>
        (room) =>
          take(room, { type: 'machines', several }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Lifecycle>('enrolled', 'unenrolled', 'onboarding').map(
      (lifecycle): Step =>
        async (room) =>
          void (await rig.write((tx) => changeLifecycle(rig.rooms, tx, [room], lifecycle))),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.boolean().map((taken): Step => async (room) => {
      const open = (await rig.read().list('incident', { limit: 9, room })).find(({ status }) => status !== 'resolved')
      const by = { by: { id: PersonId.parse('01900000-0000-7000-8000-000000000001'), name: 'Amélie' }, at: rig.now }
      // Time may have resolved it just now.
      if (open) await rig.write((tx) => attend(rig.rooms, tx, open.id, taken ? by : null)).catch(() => undefined)
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ openHoldMs: fc.nat(200_000), resolveHoldMs: fc.nat(300_000), warningAgesMs: fc.integer({ min: 60_000, max: 900_000 }) })
      .map((changes): Step => async () => {
        await rig.pass(1)
        const settings = { ...defaultSettings, ...hold, ...changes, id: rig.tenant }
        await rig.write(async (tx) => {
          await changeSettings(rig.rooms, tx, settings, settings)
          tx.put('settings', settings)
          await tx.insert.settingsHistory({ validFrom: tx.at, body: JSON.stringify(settings) }).execute()
        })
        await rig.pass(1)
      }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>(async () => {
      await rig.restart()
      // Which takes time.
      await rig.pass(1)
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>(async () => {
      await rig.pass(dayMs)
      await checkpointRooms({ store: rig.store, clock: rig.system.clock, rooms: rig.rooms })
    }),
  },
)

describe('[rule 1] a room at a moment that is past', () => {
  it('is what was stored then, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const room = await rig.room()
        const moments = new Map<number, RoomState>()
        for (const one of steps) {
          await one(room)
          // Of two commits in one millisecond nothing says which was first.
          await rig.pass(1)
          moments.set(rig.now, plainState(await stored(room)))
          await rig.pass(1)
        }
        for (const [at, state] of moments) expect(await replayed(room, at)).toEqual(state)
      }),
      { numRuns: cases(60) },
    )
  }, 60_000)

  it('is right again after a time in which a signal flapped, and inside it is as it began', async () => {
    const room = await rig.room()
    const states: { at: number; state: RoomState }[] = []
    for (let n = 0; n < 150; n++) {
      await take(room, {
        type: 'report',
        observedAt: rig.now,
        signals: { 'peripherals.camera': { value: n % 2 === 0 ? 'unhealthy' : 'healthy' } },
      })
      states.push({ at: rig.now, state: plainState(await stored(room)) })
      await rig.pass(1_000)
    }
    await rig.pass(2 * limits.flapHourMs)
    for (const { at, state } of states.slice(0, limits.flapRows)) expect(await replayed(room, at)).toEqual(state)
    expect((await replayed(room, states[100]?.at ?? 0))?.signals['peripherals.camera']?.value).toBe('healthy')
    expect(await replayed(room, rig.now)).toEqual(plainState(await stored(room)))
    await take(room, { type: 'report', observedAt: rig.now, signals: { 'peripherals.camera': { value: 'unhealthy' } } })
    await rig.pass(500_000)
    expect(await replayed(room, rig.now)).toEqual(plainState(await stored(room)))
  })

  it('is not known from before the room', async () => {
    const room = await rig.room()
    expect(await replayed(room, rig.now - dayMs)).toBeUndefined()
  })
})

describe('[rule 12] checkpoints', () => {
  const night = () => checkpointRooms({ store: rig.store, clock: rig.system.clock, rooms: rig.rooms })
  const count = async (room: RoomId) => (await rig.read().tables.checkpoint().select('at').where('room', '=', room).execute()).length

  it('are of rooms that changed since the last one, once a night; the last one stays however old', async () => {
    const room = await rig.room()
    await rig.pass(1_000)
    await rig.report(room, { 'peripherals.camera': 'unhealthy' })
    await rig.pass(hold.openHoldMs)
    await rig.pass(dayMs)
    expect((await night()).checkpoints).toBe(1)
    const first = await count(room)
    const seq = await rig.read().lastSeq()
    await rig.pass(dayMs)
    expect((await night()).checkpoints).toBe(0)
    expect([await count(room), await rig.read().lastSeq()]).toEqual([first, seq])
    await rig.report(room, { 'peripherals.camera': 'healthy' })
    await rig.pass(hold.resolveHoldMs)
    await rig.pass(dayMs)
    expect((await night()).checkpoints).toBe(1)
    expect(await count(room)).toBe(first + 1)
    await rig.pass((kept.transitionDays + 3) * dayMs)
    await night()
    expect(await count(room)).toBe(1)
    expect(await replayed(room, rig.now)).toEqual(plainState(await stored(room)))
  })

  const incident = (n: number): IncidentMemory => ({
    phase: 'recovering',
    phaseSince: start - n * 1_234,
    value: 'misconfigured',
    since: start - n * 54_321,
    openedAt: start - n * 99_999,
    resolvedAt: start - n * 199_999,
    agedAt: start - n * 777,
    openings: 9_000 + n,
    openedTimes: Array.from({ length: 100 }, (_, k) => start - (100 - k) * 86_413 * (n + 1)),
    flapping: n % 2 === 0,
    acknowledged: n % 3 === 0,
    unattendedSince: start - n,
  })
  const troubled = (each: (n: number) => IncidentMemory | undefined): RoomState => ({
    ...newRoomState(start - 5),
    lastContactAt: 0,
    signals: Object.fromEntries(
      SignalId.options.map((signal, n) => {
        const at = each(n)
        return [signal, { value: 'unhealthy', since: start - n * 77_777, observedAt: 0, ...(at && { incident: at }) }]
      }),
    ),
  })

  it('take at most 2 kB, and say again what was packed', () => {
    const usual = troubled((n) =>
      signals[SignalId.options[n] ?? 'audio.speaker'].derived ? undefined : { ...incident(n), openedTimes: [] },
    )
    expect(packState(usual, start).byteLength).toBeLessThan(1_200)
    expect(unpackState(packState(usual, start), start)).toEqual(usual)
    const worst = troubled(incident)
    const packed = packState(worst, start)
    expect(packed.byteLength).toBeLessThanOrEqual(limits.checkpointBytes)
    const again = unpackState(packed, start)
    for (const signal of SignalId.options) {
      const [was, is] = [worst.signals[signal]?.incident, again.signals[signal]?.incident]
      expect({ ...is, openedTimes: [] }).toEqual({ ...was, openedTimes: [] })
      expect(was?.openedTimes.slice(-(is?.openedTimes.length ?? 0))).toEqual(is?.openedTimes)
    }
  })
})
