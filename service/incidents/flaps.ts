import { z } from 'zod'
import type { EntryKind } from '../../contract/entities.ts'
import { Millis } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { SignalId, SignalValue } from '../../contract/signals.ts'
import type { TransitionEffect } from './happenings.ts'

/**
 * The cap on flapping: of one signal so many changes an hour are rows of the room's history, and those after them one row together, which
 * says how often and from when to when. Pure, with the time as an argument. It concerns what is told of the changes; the state, health
 * and incidents of the room follow every one of them.
 *
 * Hours are those of the device (corrected), in which the changes are dated: a journal that comes late is told as it happened. Only for a
 * signal that has become quiet the service's clock says that its hour is over.
 */

/** Changes that are not rows of their own, by number, first and last; `since`: when the service took in the first. */
const Held = z.object({
  times: z.int().min(1),
  from: Millis,
  to: Millis,
  value: SignalValue.optional(),
  detail: z.string().optional(),
  since: Millis,
})
type Held = z.infer<typeof Held>

/**
 * `rows`: when there were rows of the signal in the hour before its last change, the oldest first; at most `limits.flapRows` and one.
 * `takenAt`: when the service took in the last change.
 */
const Flap = z.object({ rows: z.array(Millis), held: Held.optional(), takenAt: Millis })
type Flap = z.infer<typeof Flap>

/** What is remembered of each signal that has changed lately. */
export const Flaps = z.partialRecord(SignalId, Flap)
export type Flaps = Readonly<Partial<Record<SignalId, Flap>>>

export interface Told {
  /** The very same object where nothing has changed. */
  readonly flaps: Flaps
  /** What is told of what happened, in its order, with what was held until now. */
  readonly events: readonly TransitionEffect[]
  /** Whether some of them are of what was held. */
  readonly late: boolean
}

/** Takes what has happened to a room, up to `now` (the service's clock). */
export function tell(flaps: Flaps, happened: readonly TransitionEffect[], now: Millis): Told {
  const due = nextTellingAt(flaps)
  if (happened.length === 0 && (due === null || due > now)) return { flaps, events: happened, late: false }
  const told: TransitionEffect[] = []
  const next: Partial<Record<SignalId, Flap>> = { ...flaps }
  let [changed, late] = [false, false]
  for (const signal of SignalId.options) {
    const flap = next[signal]
    if (flap?.held === undefined || dueAt(flap.held) > now) continue
    next[signal] = close(signal, flap, flap.held, told)
    changed = late = true
  }
  for (const event of happened) {
    if (event.kind !== 'signal' || event.signal === undefined) {
      told.push(event)
      continue
    }
    const flap = next[event.signal]
    const taken = take(event.signal, flap ?? { rows: [], takenAt: now }, event, now, told)
    if (flap?.held && taken.held?.since !== flap.held.since) late = true
    next[event.signal] = taken
    changed = true
  }
  return { flaps: changed ? forget(next, now) : flaps, events: told, late }
}

/** When something that is held has to be told though nothing else happens (service's clock); null: never. */
export function nextTellingAt(flaps: Flaps): Millis | null {
  let next: Millis | null = null
  for (const flap of Object.values(flaps)) if (flap.held && (next === null || dueAt(flap.held) < next)) next = dueAt(flap.held)
  return next
}

/** Steps of an incident that come and go with each change: of a signal of which changes are held, they are no entries either. */
const small: ReadonlySet<EntryKind> = new Set<EntryKind>(['investigating', 'dismissed', 'recovering'])
export const isTold = (flaps: Flaps, { signal, kind }: { readonly signal: SignalId; readonly kind: EntryKind }): boolean =>
  flaps[signal]?.held === undefined || !small.has(kind)

/** Reports come some time after what they say. */
const dueAt = (held: Held): Millis => held.since + limits.flapHourMs + limits.flapLateMs

function take(signal: SignalId, before: Flap, event: TransitionEffect, now: Millis, told: TransitionEffect[]): Flap {
  const { value, detail } = event
  // What is dated before what is known already counts as of the same moment.
  const at = Math.max(event.at, before.held?.to ?? before.rows.at(-1) ?? 0)
  const { held, rows } = before.held && at >= before.held.from + limits.flapHourMs ? close(signal, before, before.held, told) : before
  const recent = rows.filter((row) => row > at - limits.flapHourMs)
  const said = { ...(value === undefined ? {} : { value }), ...(detail === undefined ? {} : { detail }) }
  if (held) return { rows: recent, held: { times: held.times + 1, from: held.from, to: at, ...said, since: held.since }, takenAt: now }
  if (recent.length >= limits.flapRows)
    return { rows: recent, held: { times: 1, from: event.at, to: at, ...said, since: now }, takenAt: now }
  told.push(event)
  return { rows: [...recent, at], takenAt: now }
}

/** One row for all that was held, dated by the last of it. */
function close(signal: SignalId, { rows, takenAt }: Flap, { times, from, to, value, detail }: Held, told: TransitionEffect[]): Flap {
  const said = { ...(value === undefined ? {} : { value }), ...(detail === undefined ? {} : { detail }) }
  told.push({ kind: 'signal', signal, at: to, ...said, ...(times === 1 ? {} : { times, from }) })
  return { rows: [...rows, to], takenAt }
}

/** A signal of which nothing has come for an hour is quiet. */
function forget(flaps: Partial<Record<SignalId, Flap>>, now: Millis): Flaps {
  const kept: Partial<Record<SignalId, Flap>> = {}
  for (const signal of SignalId.options) {
    const flap = flaps[signal]
    if (flap && (flap.held || flap.takenAt > now - limits.flapHourMs - limits.flapLateMs)) kept[signal] = flap
  }
  return kept
}
