/** What a machine knows of time, each in ms. */
export interface TimeSources {
  /** The machine's clock (UTC). It may be wrong, and be set at any moment. */
  readonly wall: () => number
  /** Goes on evenly, whatever the clock is set to. It may stand still while the machine sleeps. */
  readonly even: () => number
  /** How long the machine has been up, sleep included. It may be coarse. */
  readonly up: () => number
}

/** Clock and even time that part by more than this in ms: the clock was set, or the machine slept. */
const partedMs = 2_000

/**
 * Time that starts as the machine's clock says and goes on evenly from there: a clock that is set does not move it, and the time that the
 * machine sleeps counts. So what was dated before a clock was put right and what is dated after it keep their distance, and one
 * correction against the service's time holds for both.
 */
export function steadyTime({ wall, even, up }: TimeSources): () => number {
  const begun = { wall: wall(), even: even(), up: up() }
  let slept = 0
  let parted = 0
  return () => {
    const passed = even() - begun.even
    const apart = wall() - begun.wall - passed
    if (Math.abs(apart - parted) > partedMs) {
      parted = apart
      const missed = up() - begun.up - passed
      if (missed > slept + partedMs) slept = missed
    }
    return Math.round(begun.wall + passed + slept)
  }
}
