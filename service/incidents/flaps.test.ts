import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import type { SignalId, SignalValue } from '../../contract/signals.ts'
import { cases } from '../../contract/testing/chance.ts'
import { IncidentRig } from '../testing/incidents/rig.ts'
import { Flaps, nextTellingAt, tell } from './flaps.ts'
import type { TransitionEffect } from './happenings.ts'

const camera: SignalId = 'peripherals.camera'
const start = 1_000_000_000

interface Change {
  /** After the one before (ms), by the device's clock. */
  readonly gap: number
  /** How long after it the service hears of it (ms). */
  readonly late: number
  readonly restart: boolean
}

/** What a room's history has in the end of such changes of the camera, `values` one after the other. */
function toldOf(changes: readonly Change[]): { told: TransitionEffect[]; happened: TransitionEffect[] } {
  let flaps: Flaps = {}
  let [at, now] = [start, start]
  const told: TransitionEffect[] = []
  const happened: TransitionEffect[] = []
  const hear = (events: readonly TransitionEffect[]): void => {
    const heard = tell(flaps, events, now)
    flaps = heard.flaps
    told.push(...heard.events)
  }
  for (const { gap, late, restart } of changes) {
    at += gap
    // Timers, as the engine's shell has them.
    for (let due = nextTellingAt(flaps); due !== null && due <= at + late; due = nextTellingAt(flaps)) {
      now = Math.max(now, due)
      hear([])
    }
    now = Math.max(now, at + late)
    const value: SignalValue = happened.length % 2 === 0 ? 'unhealthy' : 'healthy'
    const event: TransitionEffect = { kind: 'signal', at, signal: camera, value }
    happened.push(event)
    hear([event])
    if (restart) flaps = Flaps.parse(JSON.parse(JSON.stringify(flaps)))
  }
  now += limits.flapHourMs * 3
  hear([])
  expect(nextTellingAt(flaps)).toBeNull()
  return { told, happened }
}

const change = fc.record({
  gap: fc.oneof(
    { weight: 6, arbitrary: fc.nat(20_000) },
    { weight: 2, arbitrary: fc.nat(200_000) },
    { weight: 1, arbitrary: fc.integer({ min: 3_000_000, max: 4_000_000 }) },
  ),
  late: fc.oneof(fc.nat(2_000), fc.nat(limits.flapLateMs)),
  restart: fc.boolean(),
})

/** The most rows that lie within an hour. */
function mostInAnHour(times: readonly number[]): number {
  let [first, most] = [0, 0]
  for (const [n, at] of times.entries()) {
    while ((times[first] ?? at) <= at - limits.flapHourMs) first += 1
    most = Math.max(most, n - first + 1)
  }
  return most
}

describe('[rule 9] of a signal that flaps', () => {
  it('every change is counted once, in the order of time, in no more than 61 rows an hour', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 600 }), (changes) => {
        const { told, happened } = toldOf(changes)
        expect(told.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(happened.length)
        expect(mostInAnHour(told.map(({ at }) => at))).toBeLessThanOrEqual(limits.flapRows + 1)
        let n = 0
        for (const [place, { times = 1, from, at, value }] of told.entries()) {
          const [first, last] = [happened[n], happened[n + times - 1]]
          expect([from ?? at, at, value]).toEqual([first?.at, last?.at, last?.value])
          expect(at).toBeGreaterThanOrEqual(told[place - 1]?.at ?? 0)
          n += times
        }
      }),
      { numRuns: cases(200) },
    )
  })

  it('what changes now and then is told as it is', () => {
    const { told, happened } = toldOf(Array.from({ length: 300 }, () => ({ gap: 61_000, late: 100, restart: false })))
    expect(told).toEqual(happened)
  })

  it('other signals, and what else happens to the room, are told meanwhile', () => {
    let flaps: Flaps = {}
    const flip = (at: number): TransitionEffect => ({ kind: 'signal', at, signal: camera, value: 'healthy' })
    for (let n = 0; n < 100; n++) flaps = tell(flaps, [flip(start + n)], start + n).flaps
    const others: TransitionEffect[] = [
      { kind: 'connected', at: start + 200 },
      { kind: 'signal', at: start + 200, signal: 'audio.speaker', value: 'unhealthy' },
    ]
    expect(tell(flaps, [...others, flip(start + 201)], start + 300).events).toEqual(others)
  })
})

it('[rule 10] a room that flaps over a restart loses nothing, and its incident follows every change', async () => {
  const rig = await IncidentRig.open(start, { openHoldMs: 60_000, resolveHoldMs: 60_000 })
  try {
    const room = await rig.room()
    for (let n = 0; n < 161; n++) {
      await rig.report(room, { [camera]: n % 2 === 0 ? 'unhealthy' : 'healthy' })
      if (n === 100) await rig.restart()
      await rig.pass(1_000)
    }
    const history = async () => (await rig.read().transitions(room, { limit: 500 })).items.filter(({ signal }) => signal === camera)
    expect(await history()).toHaveLength(60)
    expect(await rig.read().get('room', room)).toMatchObject({ signals: { [camera]: { value: 'unhealthy' } } })
    const entries = (await rig.read().list('entry', { limit: 500 })).length
    expect(entries).toBeLessThan(70)
    await rig.pass(60_000)
    expect(await rig.read().list('incident', { limit: 5 })).toMatchObject([{ status: 'needAction', value: 'unhealthy' }])
    await rig.restart()
    await rig.pass(2 * limits.flapHourMs)
    const [summary, last] = await history()
    expect(summary).toMatchObject({ times: 101, value: 'unhealthy', at: start + 160_000, from: (last?.at ?? 0) + 1_000 })
    expect(await history()).toHaveLength(61)
  } finally {
    await rig.close()
  }
})
