/** Limits of the service's store. Part of `limits`, in the same units. */
export const storeLimits = {
  /**
   * How long a lock of another program on the service's database may be in the way before what needs it is refused (`store.locked`, with
   * Retry-After in s), and how long before the log says so.
   */
  storeLockedMs: 5_000,
  storeLockedAgainS: 5,
  storeLockedSaidMs: 1_000,
} as const
