import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Observation, Report, type DeviceFacts } from '../../contract/agent.ts'
import { limits } from '../../contract/limits.ts'
import type { SignalId } from '../../contract/signals.ts'
import type { Observations } from '../devices/device.ts'

/** A report without its number: the journal gives it one. */
export type NewReport = Omit<Report, 'number'>

/** A report as it lies in the journal, without its number. Texts were cleaned and cut when it was made. */
const StoredReport = Report.omit({ number: true })

/** Room for the frame around reports and for the numbers of one message. */
export const messageBudgetBytes = limits.agentMessageBytes - 1_024

/**
 * Many reports as one: the newest value of each signal and fact, seen when the newest of them was. It is a full report
 * if one of them is, since whatever a full report does not name is unknown from there on.
 */
export function foldReports(bodies: readonly string[]): string {
  const folded: NewReport = { observedAt: 0, signals: {} }
  for (const body of bodies) {
    const report = z.parse(StoredReport, JSON.parse(body))
    if (report.full) {
      folded.full = true
      folded.signals = {}
    }
    folded.observedAt = report.observedAt
    Object.assign(folded.signals, report.signals)
    if (report.facts) folded.facts = { ...folded.facts, ...report.facts }
  }
  return JSON.stringify(folded)
}

/**
 * A report whose texts are within the protocol and which fits into one message: texts are cut at what the protocol
 * takes at all, and, where the whole would still be too large, at what the service keeps of them.
 */
export function fitReport(report: NewReport): NewReport {
  const most = limits.deviceTextChars * 16
  const fitted = cutTexts(report, most)
  const size = Buffer.byteLength(JSON.stringify(fitted))
  return size <= messageBudgetBytes ? fitted : cutTexts(report, limits.deviceTextChars)
}

function cutTexts(report: NewReport, chars: number): NewReport {
  const signals: Observations = {}
  for (const [id, observation] of Object.entries(report.signals) as [SignalId, Observation][]) {
    signals[id] = observation.detail === undefined ? observation : { ...observation, detail: observation.detail.slice(0, chars) }
  }
  const facts = report.facts && cutFacts(report.facts, chars)
  return { ...report, signals, ...(facts ? { facts } : {}) }
}

/** Facts with each text cut to so many characters. */
export function cutFacts<F extends Partial<DeviceFacts>>(facts: F, chars: number = limits.deviceTextChars * 16): F {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, chars) : value]),
  ) as F
}

/** What of `next` differs from `known`, or undefined if nothing does. */
export function changedObservations(known: Observations, next: Observations): Observations | undefined {
  const changed: Observations = {}
  for (const [id, observation] of Object.entries(next) as [SignalId, Observation][]) {
    const before = known[id]
    if (before?.value !== observation.value || before.detail !== observation.detail) changed[id] = observation
  }
  return Object.keys(changed).length > 0 ? changed : undefined
}

/** What of `next` differs from `known`, or undefined if nothing does. */
export function changedFacts(known: Partial<DeviceFacts>, next: Partial<DeviceFacts>): Partial<DeviceFacts> | undefined {
  const changed = Object.entries(next).filter(([key, value]) => !isDeepStrictEqual(known[key as keyof DeviceFacts], value))
  return changed.length > 0 ? Object.fromEntries(changed) : undefined
}
