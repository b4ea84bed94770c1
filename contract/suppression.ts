import { z } from 'zod'
import { PersonRef, Place } from './entities.ts'
import { GroupId, Millis, PersonId, RoomId, SuppressionId } from './ids.ts'
import { limits } from './limits.ts'
import { SignalId } from './signals.ts'
import { typedText } from './text.ts'

/**
 * Suppressions (ROM-3): what keeps incidents of rooms from beginning for a while, also as a maintenance window that comes again. A room's
 * document says what suppresses it now; the whole list is asked for (`/v1/suppressions`).
 */

const minutesAtMost = 7 * 24 * 60

/** A maintenance window that comes again, on the clock of each room (RFC 5545). */
export const WindowRule = z.object({
  /** What stands behind "RRULE:"; hourly at most. */
  rrule: z
    .string()
    .max(limits.ruleChars)
    .regex(/^FREQ=(HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]+=[A-Z\d,+-]+)*$/u),
  /** Day and time of the first one, on the room's clock: 2026-12-06T02:00. */
  start: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/u),
  /** How long each one lasts, as time passes and not as clocks show it. */
  durationMinutes: z.int().min(1).max(minutesAtMost),
})
export type WindowRule = z.infer<typeof WindowRule>

/** A place as far as it is said: "all of Paris", "floor 4 of the tower". */
export const PlacePart = Place.pick({ country: true, city: true, building: true, floor: true })
  .partial()
  .refine((place) => Object.values(place).some((part) => part !== undefined && part !== ''), 'Say where.')
export type PlacePart = z.infer<typeof PlacePart>

/** What it is over: each room that is named, in a group, or at the place; of these all, or some signals. */
export const SuppressionWhat = z.object({
  rooms: z.array(RoomId).max(limits.roomsPerCommand),
  groups: z.array(GroupId).max(limits.groupsPerScope),
  place: PlacePart.nullable(),
  signals: z.array(SignalId).min(1).max(SignalId.options.length).nullable(),
})
export type SuppressionWhat = z.infer<typeof SuppressionWhat>

/** What somebody says of one; `owner`: null is who says it. `from`: null is at once. `until`: null is asked about (`confirmBy`). */
export const suppressionSaid = {
  suppression: SuppressionId,
  ...SuppressionWhat.shape,
  reason: typedText(limits.commentChars),
  owner: PersonId.nullable(),
  from: Millis.nullable(),
  until: Millis.nullable(),
  recurrence: WindowRule.nullable(),
} as const

/**
 * As whoever sees some of its rooms is told: `rooms` are those, and nothing says whether there are more. `upcoming`: it has not begun, or
 * waits for the next time. `toConfirm`: it has no end, and nobody has said for a while that it is still wanted.
 */
export const SuppressionView = z.object({
  id: SuppressionId,
  state: z.enum(['upcoming', 'running', 'ended']),
  rooms: z.array(RoomId),
  /** Those that are named, for who may change it. */
  named: z.array(RoomId),
  roomNames: z.array(z.string().max(limits.nameChars)),
  /** Names of its groups, for who may see groups; the place. */
  groups: z.array(z.object({ id: GroupId, name: z.string().max(limits.nameChars) })),
  place: PlacePart.nullable(),
  signals: z.array(SignalId).nullable(),
  reason: z.string().max(limits.commentChars),
  owner: PersonRef,
  createdBy: PersonRef,
  createdAt: Millis,
  from: Millis,
  until: Millis.nullable(),
  recurrence: WindowRule.nullable(),
  /** Of the time that runs or comes next: in these rooms, first to last. */
  span: z.object({ from: Millis, until: Millis.nullable() }).nullable(),
  endedAt: Millis.nullable(),
  endedBy: PersonRef.nullable(),
  confirmBy: Millis.nullable(),
  soon: z.boolean(),
  toConfirm: z.boolean(),
  /** Whether whoever asks may end it, at least in some of these rooms, and change it. */
  mayEnd: z.boolean(),
  mayChange: z.boolean(),
  /** What it hid in these rooms: faults that would have needed action, and how many of them are (or were, at its end) still bad. */
  hid: z.object({ faults: z.int(), stillBad: z.int() }),
})
export type SuppressionView = z.infer<typeof SuppressionView>

export const SuppressionQuery = z.object({
  state: z.enum(['live', 'ended']).default('live'),
  after: SuppressionId.optional(),
  limit: z.coerce.number().int().min(1).max(limits.suppressionRows).default(100),
})
export const SuppressionList = z.object({ items: z.array(SuppressionView), next: SuppressionId.optional() })
export type SuppressionList = z.infer<typeof SuppressionList>

/** One fault that it hid. `until`: when it was good again; null: it is still bad, or was when the suppression ended. */
export const HiddenFault = z.object({
  room: RoomId,
  roomName: z.string().max(limits.nameChars),
  signal: SignalId,
  times: z.int().min(1),
  since: Millis,
  until: Millis.nullable(),
})
export type HiddenFault = z.infer<typeof HiddenFault>
export const HiddenList = z.object({ items: z.array(HiddenFault), total: z.int() })
export type HiddenList = z.infer<typeof HiddenList>

/** What screens ask of them, of the entered tenant (`bridge.ts`). */
export const suppressionCalls = {
  'suppressions.list': { input: SuppressionQuery, output: SuppressionList },
  'suppressions.hidden': { input: z.object({ suppression: SuppressionId }), output: HiddenList },
} as const
