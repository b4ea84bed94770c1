import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reportedSignals, type SignalId, signals } from '../../contract/signals.ts'
import { bad, camera, enrolled, good, live, quick, report } from '../testing/incidents/engine.ts'
import { SlowRoom, type Timed } from './engine.reference.ts'
import { step } from './engine.ts'
import type { EngineEvent } from './happenings.ts'
import { countsOf, memories, newRoomState, severityOf, statusOf } from './state.ts'

describe('[INC-1, INC-2] one incident', () => {
  it('is investigated at once, needs action after the hold, and counts', () => {
    const events = enrolled([5, report(bad)])
    expect(statusOf(camera(live(events, quick, 14).state)!)).toBe('investigating')
    const { state, effects } = live(events, quick, 15)
    expect(camera(state)).toMatchObject({ phase: 'open', openings: 1, openedAt: 15 })
    expect(state).toMatchObject({ health: 'unhealthy', healthSince: 15 })
    expect(countsOf(state)).toEqual({ important: 1, warning: 0, investigating: 0 })
    expect(effects.entries).toMatchObject([
      { kind: 'investigating', at: 0 },
      { kind: 'opened', at: 15, value: 'unhealthy' },
    ])
  })

  it('is dismissed when the signal is good again within the hold, and never opened', () => {
    const { state, effects } = live(enrolled([5, report(bad)], [14, report(good)]), quick, 1_000)
    expect(camera(state)).toMatchObject({ phase: 'good', openings: 0 })
    expect(effects.entries).toMatchObject([{ kind: 'investigating' }, { kind: 'dismissed' }])
    expect(state.health).toBe('healthy')
  })

  it('resolves after the second hold; bad again meanwhile goes back without a new opening', () => {
    const events = enrolled([5, report(bad)], [30, report(good)], [40, report(bad)], [50, report(good)])
    expect(camera(live(events, quick, 69).state)).toMatchObject({ phase: 'recovering', openings: 1 })
    const { state, effects } = live(events, quick, 70)
    expect(camera(state)).toMatchObject({ phase: 'good', openings: 1, resolvedAt: 70 })
    expect(effects.entries.map((entry) => 'kind' in entry && entry.kind)).toEqual([
      'investigating',
      'opened',
      'recovering',
      'recovering',
      'resolved',
    ])
  })

  it('without holds opens and resolves with the report itself', () => {
    const settings = { ...quick, openHoldMs: 0, resolveHoldMs: 0 }
    const { effects } = live(enrolled([5, report(bad)], [6, report(good)]), settings, 6)
    expect(effects.entries).toMatchObject([{ kind: 'opened' }, { kind: 'resolved' }])
  })

  it('takes unknown as no evidence: shown, and nothing else changes, running holds included', () => {
    const { state } = live(enrolled([5, report(bad)], [10, report({ 'peripherals.camera': 'unknown' })]), quick, 15)
    expect(state.signals['peripherals.camera']?.value).toBe('unknown')
    expect(camera(state)).toMatchObject({ phase: 'open', value: 'unhealthy' })
  })

  it('takes misconfigured as bad, not present and not applicable as good', () => {
    const { state } = live(
      enrolled([5, report({ 'audio.speaker': 'misconfigured', 'display.frontOfRoom2': 'notPresent', 'display.console': 'notApplicable' })]),
      quick,
      100,
    )
    expect([...memories(state)].filter(([, { incident }]) => incident).map(([signal]) => signal)).toEqual(['audio.speaker'])
  })

  it('forgets attention and age when it resolves, and starts fresh under the same memory', () => {
    const warning: SignalId = 'connectivity.network'
    const events = enrolled([5, report({ [warning]: 'unhealthy' })])
    const aged = live(events, quick, 1_015)
    expect(aged.state.signals[warning]?.incident).toMatchObject({ agedAt: 1_015 })
    expect(aged.state.health).toBe('unhealthy')
    const over = live([{ at: 1_020, event: report({ [warning]: 'healthy' }) }], quick, 1_040, [], aged.state)
    const incident = over.state.signals[warning]?.incident
    expect(incident).toMatchObject({ phase: 'good', openings: 1, acknowledged: false })
    expect(severityOf(warning, incident!)).toBe('warning')
  })

  it('lets an attended warning rest, and counts anew when attention is taken back', () => {
    const warning: SignalId = 'connectivity.network'
    const attention = (acknowledged: boolean): EngineEvent => ({ type: 'attention', signal: warning, acknowledged })
    const events = enrolled([5, report({ [warning]: 'unhealthy' })], [20, attention(true)], [5_000, attention(false)])
    expect(live(events, quick, 5_999).state.signals[warning]?.incident?.agedAt).toBeUndefined()
    expect(live(events, quick, 6_000).state.signals[warning]?.incident?.agedAt).toBe(6_000)
  })

  it('is named flapping after several openings, and steady when the window has passed quiet', () => {
    const settings = { ...quick, openHoldMs: 0, resolveHoldMs: 0 }
    const events = enrolled([10, report(bad)], [20, report(good)], [30, report(bad)], [40, report(good)], [50, report(bad)])
    const { state, effects } = live(events, settings, 549)
    expect(camera(state)).toMatchObject({ flapping: true, openings: 3 })
    expect(effects.entries.at(-1)).toMatchObject({ kind: 'flapping', at: 50 })
    expect(live(events, settings, 550).effects.entries.at(-1)).toMatchObject({ kind: 'steady', at: 550 })
  })

  it('dates what shorter settings bring about by when they became valid', () => {
    const { state } = live(enrolled([5, report(bad)]), { ...quick, openHoldMs: 10_000 }, 100)
    const result = step(state, { type: 'timer' }, { ...quick, validFrom: 100 }, 120)
    expect(camera(result.state)?.openedAt).toBe(100)
  })
})

describe('[ROM-1, ROM-3] a room', () => {
  it('is disconnected and back without a second hold, and says when it was last heard', () => {
    const events = enrolled([5, report(good)], [200, { type: 'disconnected', lastContactAt: 100 }])
    const { state } = live(events, quick, 200)
    expect(state).toMatchObject({ health: 'disconnected', contact: 'lost', lastContactAt: 100 })
    expect(state.signals['connectivity.agent']?.incident).toMatchObject({ phase: 'open', since: 100, openedAt: 200 })
    const back = live([{ at: 300, event: { type: 'contact' } }], quick, 300, [], state)
    expect(back.state).toMatchObject({ health: 'healthy', contact: 'connected' })
    expect(back.state.signals['connectivity.agent']?.incident).toMatchObject({ phase: 'good', resolvedAt: 300 })
  })

  it('in onboarding keeps its status and raises nothing; enrolling evaluates what is known', () => {
    const onboarding = live([{ at: 5, event: report(bad) }], quick, 500)
    expect(onboarding.state.signals['peripherals.camera']).toMatchObject({ value: 'unhealthy' })
    expect(onboarding.effects.entries).toEqual([])
    const { state } = live([{ at: 600, event: { type: 'lifecycle', lifecycle: 'enrolled' } }], quick, 610, [], onboarding.state)
    expect(camera(state)).toMatchObject({ phase: 'open', openedAt: 610 })
  })

  it('closes what is open when it is unenrolled, and raises nothing after', () => {
    const events = enrolled([5, report(bad)], [50, { type: 'lifecycle', lifecycle: 'unenrolled' }], [60, report(bad)])
    const { state, effects } = live(events, quick, 5_000)
    expect(camera(state)).toMatchObject({ phase: 'good', openings: 1 })
    expect(effects.entries.at(-1)).toMatchObject({ kind: 'closed', at: 50 })
    expect(state.health).toBe('healthy')
  })

  it('raises nothing for signals that are off by default', () => {
    const { state } = live(enrolled([5, report({ 'connectivity.signInSfb': 'unhealthy' })]), quick, 500)
    expect(state.signals['connectivity.signInSfb']?.incident).toBeUndefined()
    expect(state.health).toBe('unknown')
  })

  it('takes a signal that is missing from a full report as unknown', () => {
    const { state } = live(enrolled([5, report(good)], [9, report({ 'audio.speaker': 'healthy' }, true)]), quick, 10)
    expect(state.signals['peripherals.camera']?.value).toBe('unknown')
  })

  it('stores a sign of life only now and then', () => {
    const first = live(enrolled([5, report(good)]), quick, 5).state
    expect(step(first, { type: 'contact' }, quick, 200_000).state).toBe(first)
    expect(step(first, { type: 'contact' }, quick, 400_000).state.lastContactAt).toBe(400_000)
  })
})

const some: SignalId[] = ['peripherals.camera', 'connectivity.network', 'audio.speaker', 'connectivity.signInSfb']
const value = fc.constantFrom('healthy', 'unhealthy', 'unknown', 'misconfigured', 'notApplicable')
const anyEvent: fc.Arbitrary<EngineEvent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.dictionary(fc.constantFrom(...some), value, { maxKeys: 4 }), fc.boolean())
      .map(([values, full]) => report(values, full)),
  },
  { weight: 1, arbitrary: fc.constant<EngineEvent>({ type: 'contact' }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reports' as const), critical: fc.nat(1), important: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.constant<EngineEvent>({ type: 'disconnected', lastContactAt: 0 }) },
  {
    weight: 1,
    arbitrary: fc.boolean().map((several): EngineEvent => ({ type: 'machines', several, ...(several ? { detail: 'a ⇄ b' } : {}) })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('onboarding', 'enrolled', 'enrolled', 'unenrolled')
      .map((lifecycle): EngineEvent => ({ type: 'lifecycle', lifecycle })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('attention' as const), signal: fc.constantFrom(...some), acknowledged: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('suppression' as const),
      of: fc.constantFrom('room' as const, ...some),
      on: fc.boolean(),
      at: fc.constant(Infinity),
    }),
  },
)
const history = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), anyEvent), { maxLength: 40 }).map((list) => {
  let at = 0
  return list.map(([pause, event]): Timed => ({ at: (at += pause), event: event.type === 'report' ? { ...event, observedAt: at } : event }))
})
const enrolledHistory = history.map((list): Timed[] => [{ at: 0, event: { type: 'lifecycle', lifecycle: 'enrolled' } }, ...list])
const settings = fc.record({
  openHoldMs: fc.integer({ min: 0, max: 12 }),
  resolveHoldMs: fc.integer({ min: 0, max: 12 }),
  warningAgesMs: fc.integer({ min: 0, max: 30 }),
  flapCount: fc.integer({ min: 2, max: 4 }),
  flapWindowMs: fc.integer({ min: 0, max: 80 }),
  validFrom: fc.constant(0),
})
const endOf = (events: readonly Timed[]) => (events.at(-1)?.at ?? 0) + 5
const runs = { numRuns: 400 }

describe('[INC-1, INC-2, INC-3] whatever happens', () => {
  it('an engine that lives through every millisecond comes to the same', () => {
    fc.assert(
      fc.property(enrolledHistory, settings, (events, set) => {
        const until = endOf(events)
        const { state } = live(events, set, until)
        const slow = new SlowRoom(set)
        slow.run(events, until)
        const fast = Object.fromEntries(
          [...memories(state)].map(([id, { value, incident, hidden }]) => [
            id,
            incident
              ? {
                  value,
                  status: statusOf(incident),
                  openings: incident.openings,
                  flapping: incident.flapping,
                  acknowledged: incident.acknowledged,
                  ...(statusOf(incident) === 'resolved' ? { hidden: hidden !== undefined } : { severity: severityOf(id, incident) }),
                }
              : { value, status: 'none', hidden: hidden !== undefined },
          ]),
        )
        const reference = Object.fromEntries(
          [...slow.known].map(([id, s]) => [
            id,
            s.status === 'none'
              ? { value: s.value, status: 'none', hidden: s.hidden }
              : {
                  value: s.value,
                  status: s.status,
                  openings: s.openedAt.length,
                  flapping: s.flapping,
                  acknowledged: s.acknowledged,
                  ...(s.status === 'resolved' ? { hidden: s.hidden } : { severity: s.important ? 'important' : 'warning' }),
                },
          ]),
        )
        expect(fast).toEqual(reference)
        expect(state.health).toBe(slow.health)
      }),
      runs,
    )
  })

  it('no incident opens before its signal was bad for the hold', () => {
    fc.assert(
      fc.property(enrolledHistory, settings, (events, set) => {
        const { effects } = live(events, set, endOf(events))
        const slow = new SlowRoom(set)
        slow.run(events, endOf(events))
        const opened = effects.entries.flatMap((entry) =>
          'kind' in entry && entry.kind === 'opened' && 'signal' in entry && 'at' in entry ? [{ signal: entry.signal, at: entry.at }] : [],
        )
        const order = (a: { at?: unknown; signal?: unknown }, b: { at?: unknown; signal?: unknown }) =>
          Number(a.at) - Number(b.at) || String(a.signal).localeCompare(String(b.signal))
        expect(opened.sort(order)).toEqual(slow.opened.map(({ signal, at }) => ({ signal, at })).sort(order))
        for (const { signal, at, badSince } of slow.opened)
          expect(at - badSince).toBeGreaterThanOrEqual(signals[signal].immediate ? 0 : set.openHoldMs)
      }),
      runs,
    )
  })

  it('[rule 1] the same events give the same states and effects, however often time is asked', () => {
    fc.assert(
      fc.property(history, settings, fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 60 }), (events, set, extra) => {
        const until = Math.max(endOf(events), ...extra)
        const once = live(events, set, until)
        expect(live(events, set, until)).toEqual(once)
        expect(live(events, set, until, extra)).toEqual(once)
      }),
      runs,
    )
  })

  it('a report that comes twice is the same as one that comes once', () => {
    fc.assert(
      fc.property(history, settings, (events, set) => {
        const twice = events.flatMap((timed) => (timed.event.type === 'report' ? [timed, timed] : [timed]))
        expect(live(twice, set, endOf(events))).toEqual(live(events, set, endOf(events)))
      }),
      runs,
    )
  })

  it('a room that was never enrolled has no incident', () => {
    fc.assert(
      fc.property(history, settings, (events, set) => {
        const before = events.filter(({ event }) => event.type !== 'lifecycle')
        const { state, effects } = live(before, set, endOf(events))
        expect(effects.entries).toEqual([])
        expect([...memories(state)].every(([, { incident }]) => incident === undefined)).toBe(true)
      }),
      runs,
    )
  })

  it('all good, and enough time: everything is resolved and no timer is left', () => {
    fc.assert(
      fc.property(history, settings, (events, set) => {
        const end = endOf(events)
        const lifted = (['room', ...some] as const).map((of): Timed => ({
          at: end,
          event: { type: 'suppression', of, on: false, at: end },
        }))
        const closed: Timed = { at: end, event: { type: 'reports', critical: 0, important: 0 } }
        const allGood = report(Object.fromEntries(reportedSignals.map((signal) => [signal, 'healthy'])), true)
        const { state } = live(
          [...events, ...lifted, closed, { at: end, event: allGood }, { at: end, event: { type: 'machines', several: false } }],
          set,
          end + 1_000,
        )
        expect([...memories(state)].filter(([, { incident }]) => incident && statusOf(incident) !== 'resolved')).toEqual([])
        expect(state.health).toBe('healthy')
        expect(step(state, { type: 'timer' }, set, end + 1_000).nextTimerAt).toBeNull()
      }),
      runs,
    )
  })

  it('[rule 1] the state that went in is never written', () => {
    fc.assert(
      fc.property(history, settings, (events, set) => {
        let state = newRoomState(0)
        for (const { at, event } of events) {
          const before = structuredClone(state)
          const result = step(state, event, set, at)
          expect(state).toEqual(before)
          state = result.state
        }
      }),
      runs,
    )
  })
})
