import type { IncidentId, Millis, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { type SignalId, signals } from '../../contract/signals.ts'
import { StormCause } from '../../contract/storms.ts'

/**
 * Which incidents are one storm, and what its rooms have in common (INC-3). A pure function of the incidents and rooms: the order in which
 * they came changes nothing.
 *
 * A signal that goes bad in enough rooms with something in common, within a short time of each other, is a part of what happened there; a
 * room's other faults stand alone. Of what rooms have in common, that is the cause which explains the most of them with the fewest healthy
 * ones in it.
 */

export interface Failed {
  readonly id: IncidentId
  readonly room: RoomId
  readonly signal: SignalId
  readonly openedAt: Millis
}

/** What a room has in common with others; '' where that is not known. */
export type Common = Readonly<Record<Exclude<StormCause, 'service'>, string>>

export interface Group {
  readonly cause: StormCause
  readonly value: string
  readonly incidents: readonly Failed[]
  /** When the first of them failed. */
  readonly at: Millis
  /** How many rooms failed, and how many there are that have this in common. */
  readonly rooms: number
  readonly of: number
}

export interface Fleet {
  readonly common: ReadonlyMap<RoomId, Common>
  /** How many enrolled rooms have this in common; of a service: all. */
  size(cause: StormCause, value: string): number
}

interface Candidate extends Group {
  readonly score: number
}

/** The storms among these incidents, each incident in one at most; the one that explains the most rooms comes first. */
export function groupStorms(incidents: readonly Failed[], fleet: Fleet): Group[] {
  const found: Group[] = []
  const left = new Map(incidents.map((one) => [one.id, one]))
  for (;;) {
    const best = bestOf([...left.values()], fleet)
    if (best === undefined) return found
    const { score: _, ...group } = best
    found.push(group)
    for (const { id } of group.incidents) left.delete(id)
  }
}

function bestOf(incidents: readonly Failed[], fleet: Fleet): Candidate | undefined {
  let best: Candidate | undefined
  for (const cause of StormCause.options) {
    for (const [value, some] of sharing(incidents, cause, fleet)) {
      if (value === '' || some.length < limits.stormRooms) continue
      const candidate = candidateOf(cause, value, some, incidents.length, fleet)
      if (candidate && (best === undefined || isBetter(candidate, best))) best = candidate
    }
  }
  return best
}

/** Equal ones: as the causes stand in the contract, then by their name. */
function isBetter(one: Candidate, other: Candidate): boolean {
  if (one.score !== other.score) return one.score > other.score
  return one.cause === other.cause && one.value < other.value
}

function sharing(incidents: readonly Failed[], cause: StormCause, { common }: Fleet): Map<string, Failed[]> {
  return Map.groupBy(incidents, ({ room, signal }) => {
    if (cause !== 'service') return common.get(room)?.[cause] ?? ''
    return signals[signal].category === 'account' || signal === 'connectivity.updateBlocked' ? signal : ''
  })
}

function candidateOf(cause: StormCause, value: string, some: readonly Failed[], all: number, fleet: Fleet): Candidate | undefined {
  const of = fleet.size(cause, value)
  const least = Math.max(limits.stormRooms, Math.ceil(of * limits.stormShare))
  const members = together([...Map.groupBy(some, ({ signal }) => signal).values()].map((ofSignal) => burstOf(ofSignal, least)))
  const rooms = new Set(members.map(({ room }) => room)).size
  if (rooms < least) return undefined
  // The mean of how much of it failed, and how much of all that failed it explains: neither a part of it nor more than it is as good.
  const [precise, whole] = [Math.min(1, rooms / Math.max(1, of)), members.length / Math.max(1, all)]
  const at = Math.min(...members.map(({ openedAt }) => openedAt))
  return { cause, value, incidents: members, at, rooms, of, score: (2 * precise * whole) / (precise + whole) }
}

/** The largest burst, and those that began with it: displays that lose their power before the network goes. */
function together(bursts: readonly Failed[][]): Failed[] {
  const began = ([first]: readonly Failed[]): Millis => first?.openedAt ?? 0
  const isBefore = (one: Failed[], other: Failed[]): number => other.length - one.length || began(one) - began(other)
  const [main = [], ...others] = bursts.filter((burst) => burst.length > 0).sort(isBefore)
  return [...main, ...others.filter((burst) => Math.abs(began(burst) - began(main)) <= limits.stormWindowMs).flat()]
}

/** From the first moment on at which so many rooms failed close together, all that came until it grows no more. */
function burstOf(incidents: readonly Failed[], least: number): Failed[] {
  const sorted = [...incidents].sort((one, other) => one.openedAt - other.openedAt || (one.id < other.id ? -1 : 1))
  const rooms = new Map<RoomId, number>()
  let start = 0
  for (const { room, openedAt } of sorted) {
    rooms.set(room, (rooms.get(room) ?? 0) + 1)
    for (let first = sorted[start]; first && first.openedAt < openedAt - limits.stormWindowMs; first = sorted[start]) {
      const count = (rooms.get(first.room) ?? 0) - 1
      if (count > 0) rooms.set(first.room, count)
      else rooms.delete(first.room)
      start++
    }
    if (rooms.size < least) continue
    const from = sorted[start]?.openedAt ?? openedAt
    return sorted.filter((one) => one.openedAt >= from && one.openedAt <= from + limits.stormGrowsMs)
  }
  return []
}
