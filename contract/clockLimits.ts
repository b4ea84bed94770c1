/** Limits of what clocks that are apart may do. Part of `limits`, in the same units. */
export const clockLimits = {
  /** How far the clocks of an issuer elsewhere and of the service may be apart, for tokens that begin later or end earlier than now. */
  tokenClockToleranceMs: 5 * 60_000,
  /**
   * From here on a clock that is wrong is worth a word: what it spoils is elsewhere (certificates, calendars, signing in). What is said of
   * a device's is said anew when it is off by so much more or less.
   */
  wrongClockMs: 60_000,
  wrongClockStepMs: 30_000,
} as const
