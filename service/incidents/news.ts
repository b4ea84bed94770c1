import type { Millis } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { SignalId, signals } from '../../contract/signals.ts'
import type { EngineEvent, Observed, ReportEvent } from './happenings.ts'
import type { RoomState, SignalMemory } from './state.ts'

/** What of an event is new to a room: most reports repeat what is known. */

/** Whether an event can change anything: the quick answer for the many reports that repeat what is known. */
export function isNews(state: RoomState, event: EngineEvent, now: Millis): boolean {
  if (event.type === 'timer') return false
  if (event.type === 'contact' || event.type === 'report') {
    if (state.contact !== 'connected' || now - state.lastContactAt >= limits.contactStoreMs) return true
  }
  if (event.type === 'contact') return false
  if (event.type !== 'report') return true
  for (const signal of SignalId.options) {
    const seen = seenIn(event, signal, state)
    const memory = state.signals[signal]
    if (seen && (!memory || differs(memory, seen, event.observedAt))) return true
  }
  return false
}

/** What a report says of a signal: what is in it, or that it is unknown now, or nothing. */
export function seenIn(report: ReportEvent, signal: SignalId, state: RoomState): Observed | undefined {
  const seen = report.signals[signal]
  if (seen || report.full !== true || signals[signal].derived) return seen
  const known = state.signals[signal]
  // A part that it does not have need not be said again.
  return known && known.value !== 'unknown' && known.value !== 'notApplicable' ? nothingSeen : undefined
}

const nothingSeen: Observed = { value: 'unknown' }

export const differs = (memory: SignalMemory, seen: Observed, observedAt: Millis): boolean =>
  memory.value !== seen.value || memory.detail !== seen.detail || observedAt - memory.observedAt >= limits.contactStoreMs
