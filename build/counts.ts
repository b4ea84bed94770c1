/** What became of a set of tests. */
export interface Counts {
  passed: number
  failed: number
  /** One entry for each skipped test: its name and why. */
  skipped: { name: string; why: string }[]
  /** Names of the failed ones, for the end of a long run. */
  failures: string[]
}

export const none = (): Counts => ({ passed: 0, failed: 0, skipped: [], failures: [] })

export function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: [...a.skipped, ...b.skipped],
    failures: [...a.failures, ...b.failures],
  }
}

/** The last line of `npm test`. */
export const summary = (counts: Counts): string => `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`
