/** Where a pace is measured from. */
export interface Began {
  /** Steady milliseconds. */
  readonly at: number
  /** Rows that were there already. */
  readonly done: number
}

/** A pace of less than this says nothing yet, in ms. */
const paceAfterMs = 2_000

/** How long what is left takes at the pace since it began, in whole seconds as ms; null while there is no pace, or nothing to go by. */
export function timeLeft({ at, done: before }: Began, now: number, done: number, total: number): number | null {
  const [took, came] = [now - at, done - before]
  if (took < paceAfterMs || came <= 0 || total <= 0) return null
  return Math.max(0, Math.ceil(((total - done) * took) / came / 1_000)) * 1_000
}
