import { limits } from '../../contract/limits.ts'
import { reportedSignals, signals, type SignalId } from '../../contract/signals.ts'
import { ActionError, findRoom, type Action } from '../actions.ts'
import { pick, randomInt, sample, seededRandom, type Chance } from '../random.ts'
import type { Scenario, Selector, Step } from './schema.ts'

/** A room as a scenario sees it. */
export interface ScenarioRoom {
  name: string
  building: string
  /** The signals that its device has; absent: all. */
  signals?: Readonly<Partial<Record<SignalId, unknown>>>
}

/** Something that is done, so many milliseconds after the start. */
export interface Planned {
  atMs: number
  action: Action
}

/**
 * What a scenario does to these rooms, in order. A pure function of its arguments: the same scenario, rooms (in
 * whatever order) and seed give the same plan. @throws ActionError where a step names a room that does not exist.
 */
export function plan(scenario: Scenario, rooms: readonly ScenarioRoom[], seed: string | number = scenario.seed): Planned[] {
  const sorted = [...rooms].sort((one, other) => (one.name < other.name ? -1 : 1))
  const named = new Map<string, ScenarioRoom[]>()
  const planned = scenario.steps.flatMap((step, index) => {
    const random = seededRandom('scenario', scenario.name, seed, index)
    const chosen = select(step.rooms, sorted.filter(hasAll(step)), named, random)
    return expand(step, chosen, random)
  })
  if (planned.length > limits.scenarioActions) {
    throw new ActionError(`The scenario has ${planned.length} steps for these rooms, and ${limits.scenarioActions} are the most.`)
  }
  // Stable: what happens at the same moment keeps the order of the file.
  return planned.sort((one, other) => one.atMs - other.atMs)
}

/** Of rooms that are chosen by chance, only those are that can have what is to happen. */
function hasAll({ set, flap, rooms }: Step): (room: ScenarioRoom) => boolean {
  if (rooms === 'all' || !('random' in rooms)) return () => true
  const wanted: string[] = [...Object.keys(set ?? {}), ...(flap ? [flap.signal] : [])]
  return ({ signals: has }) => has === undefined || wanted.every((id) => id in has)
}

function select(selector: Selector, rooms: readonly ScenarioRoom[], named: Map<string, ScenarioRoom[]>, random: Chance): ScenarioRoom[] {
  if (selector === 'all') return [...rooms]
  if ('same' in selector) {
    const same = named.get(selector.same)
    if (!same) throw new ActionError(`No earlier step of the scenario chose rooms as "${selector.same}".`)
    return same
  }
  if ('name' in selector) {
    const name = findRoom(
      rooms.map((room) => room.name),
      selector.name,
    )
    return rooms.filter((room) => room.name === name)
  }
  const chosen = chooseWithin(selector, rooms, random)
  if (selector.as !== undefined) named.set(selector.as, chosen)
  return chosen
}

function chooseWithin(
  selector: Exclude<Selector, 'all' | { same: string } | { name: string }>,
  rooms: readonly ScenarioRoom[],
  random: Chance,
): ScenarioRoom[] {
  if ('randomBuilding' in selector) {
    const buildings = [...new Set(rooms.map(({ building }) => building))].sort()
    if (buildings.length === 0) throw new ActionError('No rooms are running.')
    const building = pick(random, buildings)
    return rooms.filter((room) => room.building === building)
  }
  const wanted = selector.building?.toLowerCase()
  const within = wanted === undefined ? rooms : rooms.filter(({ building }) => building.toLowerCase().includes(wanted))
  if (within.length === 0) throw new ActionError(`No running room is in a building "${selector.building ?? ''}".`)
  return 'random' in selector ? sample(random, within, selector.random) : [...within]
}

function expand(step: Step, rooms: readonly ScenarioRoom[], random: Chance): Planned[] {
  const { at, set, network, inCall, flap, noise } = step
  const all = (action: (room: string) => Action, atMs = at): Planned[] => rooms.map(({ name }) => ({ atMs, action: action(name) }))
  if (set) {
    return Object.entries(set).flatMap(([id, setting]) => {
      const signal = reportedSignals.find((known) => known === id)
      if (!signal) return []
      const observation = typeof setting === 'string' ? { value: setting } : setting
      return all((room) => ({ do: 'signal', room, signal, ...observation }))
    })
  }
  if (network) return all((room) => ({ do: 'network', room, up: network === 'up' }))
  if (inCall !== undefined) return all((room) => ({ do: 'facts', room, facts: { inCall } }))
  if (flap) {
    const { signal, every, times, detail } = flap
    return Array.from({ length: times }, (_, turn) => [
      ...all(
        (room) => ({ do: 'signal', room, signal, value: 'unhealthy', ...(detail === undefined ? {} : { detail }) }),
        at + 2 * turn * every,
      ),
      ...all((room) => ({ do: 'mend', room, signal }), at + (2 * turn + 1) * every),
    ]).flat()
  }
  return noise ? makeNoise(at, noise, rooms, random) : []
}

/** Things that go wrong for half a second to ten seconds and are right again, at random moments and places. */
function makeNoise(at: number, noise: { for: number; perMinute: number }, rooms: readonly ScenarioRoom[], random: Chance): Planned[] {
  const noisy = reportedSignals.filter((id) => signals[id].enabledByDefault)
  const count = Math.round((noise.for / 60_000) * noise.perMinute)
  // Checked before it is built: `perMinute` and `for` multiply.
  if (rooms.length === 0 || count * 2 > limits.scenarioActions)
    throw new ActionError(`This much noise (${count} faults) is more than a scenario may make.`)
  return Array.from({ length: count }, () => {
    const room = pick(random, rooms).name
    const signal: SignalId = pick(random, noisy)
    const from = at + randomInt(random, noise.for)
    const until = from + 500 + randomInt(random, 9_500)
    const bad: Planned = { atMs: from, action: { do: 'signal', room, signal, value: 'unhealthy', detail: 'Did not answer' } }
    const good: Planned = { atMs: until, action: { do: 'mend', room, signal } }
    return [bad, good]
  }).flat()
}
