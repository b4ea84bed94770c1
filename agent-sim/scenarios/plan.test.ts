import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle } from '../../contract/testing/wait.ts'
import { ActionError } from '../actions.ts'
import { buildings, roomsOf } from '../devices/places.ts'
import { seededRandom } from '../random.ts'
import { builtInScenario, builtInScenarios } from './built-in.ts'
import { plan, type ScenarioRoom } from './plan.ts'
import { play } from './play.ts'
import { Scenario } from './schema.ts'

const rooms: ScenarioRoom[] = buildings.flatMap((building) => {
  const source = roomsOf(building, seededRandom('test', building.name))
  return Array.from({ length: 8 }, () => ({ name: source.next().value?.name ?? '', building: building.name }))
})
const known = (name: string): Scenario => {
  const scenario = builtInScenario(name)
  if (!scenario) throw new Error(`no scenario ${name}`)
  return scenario
}
const scenario = (...steps: unknown[]): Scenario => Scenario.parse({ name: 'test', description: '', steps })

describe('plan', () => {
  it.each(builtInScenarios())('of %s is the same for the same seed, in whatever order the rooms come', (name) => {
    fc.assert(
      fc.property(fc.integer(), fc.shuffledSubarray(rooms, { minLength: rooms.length }), (seed, shuffled) => {
        expect(plan(known(name), shuffled, seed)).toEqual(plan(known(name), rooms, seed))
      }),
      { numRuns: 15 },
    )
    expect(plan(known(name), rooms).length).toBeGreaterThan(0)
  })

  it('is another for another seed', () => {
    const chosen = new Set(Array.from({ length: 20 }, (_, seed) => plan(known('unplug-camera'), rooms, seed)[0]?.action.room))
    expect(chosen.size).toBeGreaterThan(5)
  })

  it('is in the order of time', () => {
    const times = plan(known('noise'), rooms).map(({ atMs }) => atMs)
    expect(times).toEqual([...times].sort((one, other) => one - other))
  })

  it('a building goes dark with all of its rooms, and comes back', () => {
    const planned = plan(known('building-dark'), rooms)
    const cut = planned.filter(({ action }) => action.do === 'network' && !action.up).map(({ action }) => action.room)
    const back = planned.filter(({ action }) => action.do === 'network' && action.up).map(({ action }) => action.room)
    const building = rooms.find(({ name }) => name === cut[0])?.building
    expect(cut.sort()).toEqual(
      rooms
        .filter((room) => room.building === building)
        .map(({ name }) => name)
        .sort(),
    )
    expect(back.sort()).toEqual(cut)
  })

  it('flapping goes bad and good in turn', () => {
    const values = plan(known('flap'), rooms).map(({ action }) => (action.do === 'signal' ? action.value : action.do))
    expect(values).toEqual(Array.from({ length: 12 }, (_, turn) => (turn % 2 === 0 ? 'unhealthy' : 'mend')))
  })

  it('all noise mends itself', () => {
    const bad = new Map<string, number>()
    for (const { action } of plan(known('noise'), rooms)) {
      if (action.do === 'signal' || action.do === 'mend') bad.set(`${action.room} ${action.signal}`, action.do === 'signal' ? 1 : 0)
    }
    expect([...bad.values()].filter(Boolean)).toEqual([])
  })

  it('says what is not there', () => {
    expect(() => plan(scenario({ at: '0s', rooms: { same: 'x' }, network: 'up' }), rooms)).toThrow(ActionError)
    expect(() => plan(scenario({ at: '0s', rooms: { name: 'Lyon' }, network: 'up' }), [])).toThrow(ActionError)
    expect(() => plan(scenario({ at: '0s', rooms: { building: 'Paris' }, network: 'up' }), rooms)).toThrow(/Paris/u)
    expect(() => plan(scenario({ at: '0s', rooms: 'all', noise: { for: '600m', perMinute: 60_000 } }), rooms)).toThrow(/more than/u)
  })
})

describe('a scenario file', () => {
  it.each([
    [{ at: 'soon', rooms: 'all', network: 'up' }, 'must look like'],
    [{ at: '1s', rooms: 'all' }, 'exactly one'],
    [{ at: '1s', rooms: 'all', network: 'up', inCall: true }, 'exactly one'],
    [{ at: '1s', rooms: 'all', set: { 'peripherals.camera': 'misconfigured' } }, 'cannot be misconfigured'],
    [{ at: '1s', rooms: 'all', set: { 'connectivity.agent': 'unhealthy' } }, 'cannot be unhealthy'],
    [{ at: '1s', rooms: { random: 0 }, network: 'up' }, 'Too small'],
  ])('%j is refused', (step, message) => {
    const parsed = Scenario.safeParse({ name: 'test', description: '', steps: [step] })
    expect(parsed.error?.message).toContain(message)
  })
})

describe('play', () => {
  it('does each moment together, at its time, one after the other, and stops when told', async () => {
    const clock = new FakeClock()
    const startedAt = clock.now()
    const done: [number, number][] = []
    const ending = new AbortController()
    const steps = scenario(
      { at: '1s', rooms: 'all', network: 'down' },
      { at: '3s', rooms: 'all', network: 'up' },
      { at: '9s', rooms: 'all', inCall: true },
    )
    const playing = play(plan(steps, rooms), {
      act: (actions) => {
        done.push([clock.now() - startedAt, actions.length])
        return Promise.resolve()
      },
      timers: clock,
      now: clock.now,
      signal: ending.signal,
    })
    for (const ms of [1_000, 1_000, 1_000, 1_000]) {
      clock.advance(ms)
      await settle()
    }
    ending.abort()
    await playing
    expect(done).toEqual([
      [1_000, 24],
      [3_000, 24],
    ])
  })
})
