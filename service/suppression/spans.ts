import type { Millis } from '../../contract/ids.ts'
import { occurrenceAt } from './occurrences.ts'
import type { Said } from './said.ts'

/** When a suppression suppresses: pure, with the time as an argument. */

export interface Span {
  readonly from: Millis
  /** Null: until somebody ends it. */
  readonly until: Millis | null
}

/** The time that it is `at`, or the next one, in a room of this zone; null: it is over. */
export function spanAt({ from, until, recurrence }: Pick<Said, 'from' | 'until' | 'recurrence'>, zone: string, at: Millis): Span | null {
  if (recurrence === null) return until !== null && until <= at ? null : { from, until }
  const next = occurrenceAt(recurrence, zone, Math.max(at, from))
  return next === null || (until !== null && next.from >= until) ? null : next
}

export const isRunning = (span: Span | null, at: Millis): span is Span => span !== null && span.from <= at

/** When it begins or ends next, by its span; null: never. */
export const edgeOf = (span: Span | null, at: Millis): Millis | null => (span === null ? null : span.from > at ? span.from : span.until)
