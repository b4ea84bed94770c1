import { z } from 'zod'
import { Millis } from './ids.ts'
import { limits } from './limits.ts'
import { IncidentView, OutboxItem, page, RoomFilter, RoomRow, RoomState } from './views.ts'

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

/** Hours of a shift that can be chosen; the copy has more. */
export const shiftHours = [4, 8, 12, 24] as const
export const usualShiftHours = 8
/** Rows of each part of a hand-over. More are counted: nobody reads them. */
export const handoverRows = 200
export const handoverRooms = 20

const some = <T extends z.ZodType>(row: T, atMost: number) => z.object({ total: z.int(), rows: z.array(row).max(atMost) })

/** What whoever comes next has to know. All of it is as the copy has it, with what was done here and is not sent yet. */
export const Handover = z.object({
  from: Millis,
  /** Up to when the copy tells. */
  until: Millis,
  /** What needs action, in the order of its list, and how much is being looked at beside it. */
  open: some(IncidentView, handoverRows),
  investigating: z.int(),
  /** Open ones that come and go. */
  flapping: some(IncidentView, handoverRows),
  /** What opened and what was resolved in the shift, the newest first; each incident once, as it is now. */
  opened: some(IncidentView, handoverRows),
  resolved: some(IncidentView, handoverRows),
  /** Rooms without contact, the longest first. */
  lost: some(RoomRow, handoverRooms),
  /** What the operator did and the service has not confirmed. */
  pending: z.array(OutboxItem),
})
export type Handover = z.infer<typeof Handover>

/** A room as a tile of a picture shows it. */
export const RoomTile = RoomRow.pick({ id: true, name: true }).extend({
  building: z.string(),
  floor: z.string(),
  state: RoomState,
})
export type RoomTile = z.infer<typeof RoomTile>
/** Tiles of one answer: a picture of many rooms is read in pieces, between which the core does other things. */
export const tilesAtOnce = 2_000

/** What a screen on the wall goes through: buildings or cities. */
export const WallBy = z.enum(['building', 'city'])
export type WallBy = z.infer<typeof WallBy>
/** Sites that are gone through, the worst first; the newest incidents of each. Who stands six metres away reads no more. */
export const wallSites = 40
export const wallIncidents = 6

const Site = z.object({
  name: z.string(),
  rooms: z.record(RoomState, z.int()),
  /** What needs action, the newest first. */
  newest: z.array(IncidentView).max(wallIncidents),
})
export const Wall = z.object({
  until: Millis,
  rooms: Site.shape.rooms,
  newest: Site.shape.newest,
  needAction: z.int(),
  sites: z.array(Site).max(wallSites),
})
export type Wall = z.infer<typeof Wall>

/** The calls of these pictures; part of the bridge's list. */
export const pictureCalls = {
  'overview.read': { input: z.object({}).strict(), output: Overview },
  /** `places`: only these, in this order; none: all. */
  'wall.read': { input: z.object({ by: WallBy, places: z.array(z.string().max(limits.nameChars)).max(wallSites) }).strict(), output: Wall },
  'handover.read': { input: z.object({ hours: z.int().min(1).max(24) }).strict(), output: Handover },
  /** Rooms by building and name. */
  'rooms.tiles': {
    input: z.object({ filter: RoomFilter, offset: page.offset, limit: z.int().min(1).max(tilesAtOnce) }),
    output: z.object({ total: z.int(), rows: z.array(RoomTile).max(tilesAtOnce) }),
  },
} as const
