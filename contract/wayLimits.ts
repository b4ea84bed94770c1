/** Limits of the way out of a network: proxies, PAC files, and what is said of them. Part of `limits`, in the same units. */
export const wayLimits = {
  /** Time of the processor and memory of one evaluation of a PAC file. More: the file cannot be used. */
  pacMs: 1_000,
  pacBytes: 32 * 1024 * 1024,
  /**
   * How long a PAC file and its answers count before it is fetched again, and how long after it could not be had it is asked for again.
   * Answers that are kept; more: the oldest goes.
   */
  pacFreshMs: 300_000,
  pacAgainMs: 30_000,
  pacAnswers: 200,
  /**
   * How long a way out that is followed by others has to answer, how long one that did not is tried after them, and how many of these
   * are remembered; more: the one that died first is tried like any other.
   */
  proxyWayMs: 5_000,
  proxyDeadMs: 300_000,
  proxiesDead: 100,
  /** What a process says of its way to the service is not said again within this time. Words that are kept; more: the oldest goes. */
  noteMs: 60_000,
  notesKept: 100,
  /** First and longest pause between two tries of a connection; each try doubles it, with jitter. */
  retryFirstMs: 500,
  retryMaxMs: 30_000,
} as const
