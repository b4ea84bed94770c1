/** One measured figure: ours, and beside it what the same run measured as the limit, and what peers reached. */
export interface Figure {
  /** Its name in bench/results.json, if it goes there. */
  name?: string
  what: string
  value: number
  unit: string
  /** What it should reach, in words. */
  aim?: string
}

/** A part of `npm run bench`. */
export interface Bench {
  name: string
  what: string
  /** Figures of others, measured the same way on a machine of this kind. */
  peers: readonly string[]
  run(workspace: Workspace): Promise<Figure[]>
}

export interface Workspace {
  /** An empty folder for this part alone. */
  folder: string
  say(text: string): void
}

/** The value below which `share` of all lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)
