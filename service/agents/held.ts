import type { Report } from '../../contract/agent.ts'
import type { Room } from '../../contract/entities.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { kept } from '../../contract/retention.ts'
import { SignalId, signals } from '../../contract/signals.ts'
import { factNames } from '../incidents/apply.ts'
import type { RoomBase } from '../incidents/documents.ts'
import type { RoomState } from '../incidents/state.ts'

export interface RejectedNumber {
  readonly number: number
  readonly code: ErrorCode
}

/** Reports of one device that are taken as one (the newest state wins), and acknowledged when that one is committed. */
export interface Held {
  readonly first: number
  number: number
  report: Report
  rejected: RejectedNumber[]
  /** When the first of them came (UTC ms), and the newest. */
  readonly since: number
  receivedAt: number
}

/** Puts one more report into what is held. `report`: undefined for one that was rejected. */
export function hold(held: Held | undefined, number: number, receivedAt: number, report: Report | undefined, code?: ErrorCode): Held {
  const into = held ?? {
    first: number,
    number,
    report: report ?? { number, observedAt: receivedAt, signals: {} },
    rejected: [],
    since: receivedAt,
    receivedAt,
  }
  if (held && report) into.report = merged(into.report, report)
  into.number = number
  into.receivedAt = receivedAt
  if (code !== undefined && into.rejected.length < kept.rejectedReports) into.rejected.push({ number, code })
  return into
}

/** What both say together: a full report forgets what was said before it. */
function merged(before: Report, after: Report): Report {
  const facts = before.facts || after.facts ? { facts: { ...before.facts, ...after.facts } } : {}
  if (after.full) return { ...after, ...facts }
  return { ...before, number: after.number, observedAt: after.observedAt, signals: { ...before.signals, ...after.signals }, ...facts }
}

/** What the service knows of a room: undefined while it is not in memory. */
export type KnownState = { readonly state: RoomState; readonly base: RoomBase } | undefined

/**
 * How many changes a report brings to its room; each costs a commit, a line of history, and a message to each console. What was
 * seen again (`seenAt`, corrected) is stored once in `contactStoreMs`, and is one change.
 */
export function changesOf(report: Report, known: KnownState, seenAt: number): number {
  if (!known) return report.full ? 0 : 1
  const { state, base } = known
  let changes = 0
  let again = 0
  for (const signal of SignalId.options) {
    const seen = report.signals[signal]
    const memory = state.signals[signal]
    if (seen) {
      if (memory?.value !== seen.value || memory.detail !== seen.detail) changes++
      else if (seenAt - memory.observedAt >= limits.contactStoreMs) again = 1
    } else if (report.full && memory && memory.value !== 'unknown' && !signals[signal].derived) changes++
  }
  return changes + again + (report.facts && bringsFacts(report.facts, base) ? 1 : 0)
}

function bringsFacts(
  { inCall, remote, ...facts }: NonNullable<Report['facts']>,
  { device, inCall: before }: Pick<Room, 'device' | 'inCall'>,
): boolean {
  if (inCall !== undefined && inCall !== before) return true
  if (remote && JSON.stringify(remote) !== JSON.stringify(device.remote)) return true
  return factNames.some((name) => facts[name] !== undefined && facts[name] !== device[name])
}
