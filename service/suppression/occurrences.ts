import { RRuleTemporal } from 'rrule-temporal'
import { Temporal } from 'temporal-polyfill'
import type { Millis } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { WindowRule } from '../../contract/suppression.ts'
import { isTimeZone } from '../../contract/timeZone.ts'

/**
 * When a maintenance window comes (ROM-3): RFC 5545 on the clock of a room. Pure, and bounded whatever the rule. The rule is counted on the
 * clock's face, and each of its times then found in the zone: one that the change to summer time leaves out begins an hour later by the
 * clock, where the standard would have it fall out, since works that go on every night do so in that night, too. One that comes twice in
 * autumn counts once, the first time. How long a window lasts is counted as time passes.
 */

export interface Occurrence {
  readonly from: Millis
  readonly until: Millis
}

/** By so much clocks have been changed at most: a day by the date line, and summer time. */
const aroundMs = 26 * 3_600_000
const minuteMs = 60_000
/** Rules are read once; those of other tenants fit in, too. */
const remembered = new Map<string, RRuleTemporal>()
const rememberedAtMost = 500

/** @throws RangeError and others where the rule cannot be read */
function ruleOf({ rrule, start }: WindowRule): RRuleTemporal {
  const key = `${start} ${rrule}`
  const known = remembered.get(key)
  if (known) return known
  const dtstart = `DTSTART:${start.replaceAll(/[-:]/gu, '')}00Z`
  const made = new RRuleTemporal({ rruleString: `${dtstart}\nRRULE:${rrule}`, ...bounds })
  if (remembered.size >= rememberedAtMost) remembered.clear()
  remembered.set(key, made)
  return made
}

const bounds = { maxIterations: limits.ruleSteps, maxCandidateEvaluations: limits.ruleSteps * 10 }

/** What the clock of the room shows, as if it stood at UTC. */
const faceOf = (at: Millis, zone: string): Millis =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime().toZonedDateTime('UTC').epochMilliseconds

const momentOf = (face: Millis, zone: string): Millis =>
  Temporal.Instant.fromEpochMilliseconds(face)
    .toZonedDateTimeISO('UTC')
    .toPlainDateTime()
    .toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds

/** The next time on the clock's face after this one; null: there is none, or none within the bounds. */
function nextFace(rule: RRuleTemporal, after: Millis): Millis | null {
  try {
    return rule.next(new Date(after), false)?.epochMilliseconds ?? null
  } catch {
    return null
  }
}

/**
 * Those that touch the stretch from `from` up to `to` (UTC ms), the first `limits.occurrences` of them, in their order; each ends where
 * the next one begins at the latest. `zone`: IANA, of the room; UTC where it is none.
 */
export function occurrences(window: WindowRule, zone: string, from: Millis, to: Millis): Occurrence[] {
  const rule = ruleOf(window)
  const here = isTimeZone(zone) ? zone : 'UTC'
  const lasts = window.durationMinutes * minuteMs
  const begins = new Set<Millis>()
  // Before the first that can matter, so that none is missed where the clock was changed meanwhile.
  let face: Millis | null = faceOf(Math.max(0, from - lasts), here) - aroundMs
  const last = faceOf(to, here) + aroundMs
  for (let steps = 0; steps < limits.ruleSteps && begins.size <= limits.occurrences; steps++) {
    face = nextFace(rule, face)
    if (face === null || face > last) break
    const begin = momentOf(face, here)
    if (begin + lasts > from && begin < to) begins.add(begin)
  }
  const all = [...begins].sort((one, other) => one - other)
  return all
    .map((begin, index) => ({ from: begin, until: Math.min(begin + lasts, all[index + 1] ?? Infinity) }))
    .slice(0, limits.occurrences)
}

/** The one that is at this moment, or comes next; null: none comes. */
export function occurrenceAt(window: WindowRule, zone: string, at: Millis): Occurrence | null {
  const day = 24 * 3_600_000
  // Most come within a week or a month; only of a rare one is the rest looked through, from one to the next.
  const near = occurrences(window, zone, at, at + 35 * day)[0]
  if (near) return near
  const here = isTimeZone(zone) ? zone : 'UTC'
  const face = nextFace(ruleOf(window), faceOf(at, here) - aroundMs)
  if (face === null) return null
  const begin = momentOf(face, here)
  return occurrences(window, zone, Math.max(at, begin - day), begin + day)[0] ?? null
}

/** As many as a year has weeks, twice: a rule that comes closer together later on is cut to the next one, where it is used. */
const periodsLookedAt = 104

/** What is wrong with a window, whenever and wherever; null: nothing. */
export function wrongWith(window: WindowRule): 'ruleInvalid' | 'neverComes' | 'longerThanPeriod' | null {
  let rule: RRuleTemporal
  try {
    rule = ruleOf(window)
  } catch {
    return 'ruleInvalid'
  }
  const start = Date.parse(`${window.start}Z`)
  if (Number.isNaN(start)) return 'ruleInvalid'
  let face = nextFace(rule, start - 1)
  if (face === null) return 'neverComes'
  for (let looked = 0; looked < periodsLookedAt; looked++) {
    const next = nextFace(rule, face)
    if (next === null) return null
    if (next - face <= window.durationMinutes * minuteMs) return 'longerThanPeriod'
    face = next
  }
  return null
}
