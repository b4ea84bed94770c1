import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EntryKind } from '../../contract/entities.ts'
import { happenedIn, hourMs, overviewHours } from '../../contract/pictures.ts'
import { cases } from '../../contract/testing/chance.ts'
import { msOfStep, stepOf } from '../cache/flow.ts'
import { TestCopy } from '../testing/copy.ts'
import { idOf, makeEntry, makeIncident, makeMe, makeRoom, personId, removalOf, rowOf } from '../testing/documents.ts'
import { readOverview } from './overview.ts'

const minute = 60_000
const day = 24 * hourMs
const now = 500_000 * hourMs + 20 * minute

let copy: TestCopy
beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

const overview = (until = now) => readOverview(copy.picture(), until)
let entries = 0
const entry = (incident: number, kind: EntryKind, at: number) =>
  rowOf('entry', Object.assign(makeEntry(++entries, makeIncident(incident, 1)), { kind, at, receivedAt: at }))

describe('[ROM-2] the overview', () => {
  it('[CON-2] counts what opened and was resolved by the hour, up to when the copy was current', () => {
    copy.load([
      rowOf('me', makeMe()),
      rowOf('room', makeRoom(1)),
      entry(1, 'opened', now - 10 * minute),
      entry(2, 'opened', now - 2 * hourMs),
      entry(2, 'resolved', now - 30 * minute),
      entry(3, 'opened', now - 3 * day + hourMs),
      entry(3, 'resolved', now - 2 * day),
      entry(4, 'opened', now - 8 * day),
      entry(4, 'comment', now),
    ])
    const read = overview()
    expect(read.hours).toHaveLength(overviewHours)
    expect(read.hours.at(-1)).toEqual({ from: 500_000 * hourMs, opened: 1, resolved: 0 })
    expect(happenedIn(read, 24)).toEqual({ opened: 2, resolved: 1 })
    expect(happenedIn(read, overviewHours)).toEqual({ opened: 3, resolved: 2 })
    expect(happenedIn(overview(now - 2 * day), 24)).toEqual({ opened: 1, resolved: 1 })
  })

  it('says how long it takes in the middle until somebody is on an incident, and until it is over', () => {
    copy.load([
      rowOf('room', makeRoom(1)),
      entry(1, 'opened', now - 5 * hourMs),
      entry(1, 'acknowledged', now - 5 * hourMs + 4 * minute),
      entry(1, 'resolved', now - 3 * hourMs),
      // Its next opening counts from there.
      entry(1, 'opened', now - hourMs),
      entry(1, 'acknowledged', now - hourMs + 10 * minute),
      entry(2, 'opened', now - 3 * day),
      entry(2, 'acknowledged', now - 3 * day + 40 * minute),
      // Whose opening is not here.
      entry(3, 'resolved', now - minute),
    ])
    const { acknowledged, resolved } = overview()
    expect([acknowledged.day.of, acknowledged.week.of, resolved.day.of]).toEqual([2, 3, 1])
    const near = (ms: number | null, wanted: number): void => expect(Math.abs((ms ?? 0) / wanted - 1)).toBeLessThan(0.07)
    near(acknowledged.day.ms, 4 * minute)
    near(acknowledged.week.ms, 10 * minute)
    near(resolved.day.ms, 2 * hourMs)
    expect(overview(now - 30 * day).resolved.week).toEqual({ ms: null, of: 0 })
  })

  it('keeps what it counts in step with what comes and goes', () => {
    const opened = entry(1, 'opened', now)
    copy.load([rowOf('room', makeRoom(1))])
    copy.change('c1', 'c2', [opened, entry(1, 'resolved', now)])
    expect(happenedIn(overview(), 1)).toEqual({ opened: 1, resolved: 1 })
    copy.change('c2', 'c3', [removalOf('entry', String(opened['id']), idOf('room', 1), 2)])
    expect(happenedIn(overview(), 1)).toEqual({ opened: 0, resolved: 1 })
    // Hours that are over leave nothing behind.
    expect(copy.cache.reader.all('select n from flow_total')).toEqual([{ n: 1 }])
  })

  it('names the places with the largest share of bad rooms, and what waits longest without anybody', () => {
    const room = (n: number, building: string, changes: Parameters<typeof makeRoom>[1] = {}) =>
      rowOf('room', makeRoom(n, { ...changes, place: { ...makeRoom(n).place, building } }))
    const owner = { id: personId as never, name: 'Amélie Laurent' }
    copy.load([
      rowOf('me', makeMe()),
      room(1, 'North', { health: 'unhealthy' }),
      room(2, 'North'),
      room(3, 'South', { health: 'disconnected' }),
      room(4, 'South', { lifecycle: 'onboarding', health: 'unhealthy' }),
      room(5, 'West'),
      rowOf('incident', makeIncident(1, 1, { openedAt: now - 9 * day, owner })),
      rowOf('incident', makeIncident(2, 2, { openedAt: now - hourMs })),
      rowOf('incident', makeIncident(3, 3, { openedAt: now - day, severity: 'warning' })),
      rowOf('incident', makeIncident(4, 3, { openedAt: now - 2 * day, status: 'investigating' })),
    ])
    const { places, unattended, rooms } = overview()
    expect(places.map(({ building, bad, rooms: of }) => [building, bad, of])).toEqual([
      ['South', 1, 1],
      ['North', 1, 2],
    ])
    expect(unattended.map(({ number }) => number)).toEqual([3, 2])
    expect(rooms).toMatchObject({ unhealthy: 1, disconnected: 1, healthy: 2, onboarding: 1 })
  })
})

describe('steps of how long something took', () => {
  it('[CON-2] are at most 7 % beside what they hold, from ten seconds to 90 days', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 90 * day }), (ms) => {
        expect(Math.abs(msOfStep(stepOf(ms)) / ms - 1)).toBeLessThan(0.07)
      }),
      { numRuns: cases(500) },
    )
  })
})
