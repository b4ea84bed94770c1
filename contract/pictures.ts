import { z } from 'zod'
import { Millis } from './ids.ts'
import { IncidentView, RoomState } from './views.ts'

/** Pictures of many rooms at once: what the overview shows. All of it comes from the console's own copy, offline too. */

export const hourMs = 3_600_000
/** How far back the overview looks: 7 days of 24 hours, which is how long a copy has what was resolved. */
export const overviewHours = 168
/** Rows of each of its short lists. */
export const overviewRows = 8

/** The middle of how long something took (ms), and of how many; null: of none. */
const Middle = z.object({ ms: Millis.nullable(), of: z.int() })
export type Middle = z.infer<typeof Middle>
const Middles = z.object({ day: Middle, week: Middle })

/** The rooms of one building that are unhealthy or disconnected, of those that are enrolled. */
export const BadPlace = z.object({ building: z.string(), city: z.string(), rooms: z.int(), bad: z.int() })
export type BadPlace = z.infer<typeof BadPlace>

export const Overview = z.object({
  /** Up to when the copy tells: now, or when it last agreed with the service. */
  until: Millis,
  rooms: z.record(RoomState, z.int()),
  incidents: z.object({
    needAction: z.int(),
    investigating: z.int(),
    unassigned: z.int(),
    mine: z.int(),
    resolved: z.int(),
    unclaimed: z.int(),
  }),
  /** What happened in each of the last `overviewHours`, oldest first, the one under way last. `from`: UTC ms. */
  hours: z.array(z.object({ from: Millis, opened: z.int(), resolved: z.int() })),
  /** From the opening of an incident to its acknowledgement, and to its end, of those that came in the last 24 hours and 7 days. */
  acknowledged: Middles,
  resolved: Middles,
  /** The places with the largest share of bad rooms, the worst first. */
  places: z.array(BadPlace).max(overviewRows),
  /** What has needed action for longest and nobody is on, the oldest first. */
  unattended: z.array(IncidentView).max(overviewRows),
})
export type Overview = z.infer<typeof Overview>

/** What happened in the last `hours` of an overview. */
export function happenedIn({ hours }: Pick<Overview, 'hours'>, last: number): { opened: number; resolved: number } {
  const sum = { opened: 0, resolved: 0 }
  for (const { opened, resolved } of hours.slice(-last)) {
    sum.opened += opened
    sum.resolved += resolved
  }
  return sum
}

/** The calls of these pictures; part of the bridge's list. */
export const pictureCalls = {
  'overview.read': { input: z.object({}).strict(), output: Overview },
} as const
