/** Limits of the service's store, and of a console's. Part of `limits`, in the same units. */
export const storeLimits = {
  /** Incidents, or entries, that leave the change log in one write; others write in between. */
  retiredTogether: 500,
  /**
   * How long a lock of another program on the service's database may be in the way before what needs it is refused (`store.locked`, with
   * Retry-After in s), and how long before the log says so.
   */
  storeLockedMs: 5_000,
  storeLockedAgainS: 5,
  storeLockedSaidMs: 1_000,
  /**
   * The same of a console's pending changes (`outbox.locked`): how long each try waits in the thread that answers everything, and how long
   * what the operator did is tried again.
   */
  outboxTryMs: 20,
  outboxLockedMs: 5_000,
} as const
