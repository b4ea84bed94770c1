import type { Millis } from '../../contract/ids.ts'
import { SignalId } from '../../contract/signals.ts'
import { type EngineSettings, type IncidentMemory, isSuppressed, openHoldOf, resolveHoldOf, type RoomState, severityOf } from './state.ts'

/** What an incident waits for: holds, the age of warnings, the quiet after flapping. In the order in which they go. */
export interface Deadline {
  readonly kind: 'open' | 'resolve' | 'age' | 'steady'
  readonly at: Millis
}

/**
 * The deadlines of one incident under these settings. One that shorter settings would put into the past lies at the
 * moment from which they are valid. `suppressed`: it does not open (ROM-3).
 */
export function deadlinesOf(signal: SignalId, incident: IncidentMemory, settings: EngineSettings, suppressed: boolean): Deadline[] {
  const { phase, phaseSince } = incident
  const found: Deadline[] = []
  const add = (kind: Deadline['kind'], from: Millis, waitMs: number) =>
    found.push({ kind, at: Math.max(from + waitMs, from, settings.validFrom) })
  if (phase === 'investigating' && !suppressed) add('open', phaseSince, openHoldOf(signal, settings))
  if (phase === 'recovering') add('resolve', phaseSince, resolveHoldOf(signal, settings))
  const waitsForAttention = (phase === 'open' || phase === 'recovering') && !incident.acknowledged
  if (waitsForAttention && severityOf(signal, incident) === 'warning') {
    add('age', incident.unattendedSince, settings.warningAgesMs)
  }
  const lastOpening = incident.openedTimes.at(-1)
  if (incident.flapping && lastOpening !== undefined) add('steady', lastOpening, settings.flapWindowMs)
  return found
}

/** When the room's state changes by time alone, if nothing else happens before; null: never. */
export function nextTimerAt(state: RoomState, settings: EngineSettings): Millis | null {
  let next: Millis | null = null
  for (const signal of SignalId.options) {
    const incident = state.signals[signal]?.incident
    if (!incident || (incident.phase === 'good' && !incident.flapping)) continue
    for (const { at } of deadlinesOf(signal, incident, settings, isSuppressed(state, signal))) if (next === null || at < next) next = at
  }
  return next
}
