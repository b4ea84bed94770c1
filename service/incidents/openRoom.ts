import type { RoomId, TenantId } from '../../contract/ids.ts'
import { SignalId, signals } from '../../contract/signals.ts'
import type { IncidentNames, RoomBase, RoomDocuments } from './documents.ts'
import type { Flaps } from './flaps.ts'
import type { EntryEffect, TransitionEffect } from './happenings.ts'
import type { RoomState } from './state.ts'

/** A room as the engine's shell has it between transactions, and inside one. */

/** A room as the engine's shell knows it: as committed, never changed in place. */
export interface KnownRoom {
  readonly tenant: TenantId
  readonly base: RoomBase
  readonly state: RoomState
  readonly names: IncidentNames
  readonly flaps: Flaps
  /** When it first changed after its last checkpoint, and when that was, as far as it is known here. */
  readonly changedAt: number | null
  readonly checkpointAt: number | null
  readonly nextTimerAt: number | null
  /** As they are stored; undefined: it is new. */
  readonly documents: RoomDocuments | undefined
}

export interface OpenRoom {
  base: RoomBase
  state: RoomState
  names: IncidentNames
  flaps: Flaps
  changedAt: number | null
  checkpointAt: number | null
  nextTimerAt: number | null
  documents: RoomDocuments | undefined
  changed: boolean
  /** Something is so that no transition tells: a checkpoint says it. */
  untold: boolean
  /** Other than what the cache has. */
  news: boolean
  readonly incidents: Set<SignalId>
  entries: EntryEffect[]
  events: TransitionEffect[]
}

export const openRoom = (
  { base, state, names, flaps, changedAt, checkpointAt, nextTimerAt, documents }: Omit<KnownRoom, 'tenant'>,
  news: boolean,
): OpenRoom => ({
  base,
  state,
  names,
  flaps,
  changedAt,
  checkpointAt,
  nextTimerAt,
  documents,
  changed: false,
  untold: false,
  news,
  incidents: new Set(),
  entries: [],
  events: [],
})

export const rowOf = ([room, { state, names, flaps, changedAt, nextTimerAt }]: readonly [RoomId, OpenRoom]) => ({
  room,
  state: JSON.stringify(state),
  incidents: JSON.stringify(names),
  flaps: Object.keys(flaps).length === 0 ? null : JSON.stringify(flaps),
  changedAt,
  contact: state.contact,
  lastContactAt: state.lastContactAt,
  nextTimer: nextTimerAt,
})

/**
 * Whether something is known that no transition tells (replay.ts): a signal that is good from its first report on, the machines, or what
 * people reported.
 */
export function isUntold(before: RoomState, after: RoomState, told: readonly TransitionEffect[]): boolean {
  if (before.signals['connectivity.identity']?.value !== after.signals['connectivity.identity']?.value) return true
  const [was, is] = [before.reports, after.reports]
  if (was?.critical !== is?.critical || was?.important !== is?.important) return true
  return SignalId.options.some(
    (signal) =>
      before.signals[signal] === undefined &&
      after.signals[signal] !== undefined &&
      !signals[signal].immediate &&
      !told.some((event) => event.signal === signal),
  )
}

export const earlier = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other)
