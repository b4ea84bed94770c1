/** Limits of what becomes an incident, and of storms (INC-3), part of `limits`. */
export const incidentLimits = {
  /** The longest that one signal may be bad before its incident needs action (ms). */
  signalHoldMs: 24 * 3_600_000,
  /** Rooms that fail within this belong together (ms), at least so many, and this share of all that have the same in common. */
  stormWindowMs: 300_000,
  stormRooms: 5,
  stormShare: 0.2,
  /** For so long after its first room a storm takes in others (ms). */
  stormGrowsMs: 24 * 3_600_000,
} as const
