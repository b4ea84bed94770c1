import { z } from 'zod'
import { CommandKey, IncidentId, Millis, PersonId, RoomId } from './ids.ts'
import { limits } from './limits.ts'
import { Settings } from './entities.ts'
import { ErrorCode } from './errors.ts'
import { type Permission } from './permissions.ts'
import { typedText } from './text.ts'

/**
 * What an operator can do to the tenant's data. One command is one intention: it is kept durably in the console's
 * outbox, sent once, and either applied or refused as a whole.
 */

const note = typedText(limits.commentChars).optional()
const rooms = z.array(RoomId).min(1).max(limits.roomsPerCommand)

export const Command = z.discriminatedUnion('type', [
  z.object({ type: z.literal('incident.acknowledge'), incident: IncidentId, note }),
  z.object({ type: z.literal('incident.unacknowledge'), incident: IncidentId }),
  z.object({ type: z.literal('incident.assign'), incident: IncidentId, owner: PersonId.nullable() }),
  z.object({ type: z.literal('incident.comment'), incident: IncidentId, text: typedText(limits.commentChars) }),
  z.object({ type: z.literal('rooms.enrol'), rooms }),
  z.object({ type: z.literal('rooms.unenrol'), rooms }),
  z.object({
    type: z.literal('settings.change'),
    changes: Settings.omit({ id: true }).partial(),
  }),
])
export type Command = z.infer<typeof Command>
export type CommandType = Command['type']

export const commandTypes = Command.options.map((option) => option.shape.type.value)

/** What each command needs, on the room it is about (or on the tenant, where it is about none). */
export const commandPermission: Readonly<Record<CommandType, Permission>> = {
  'incident.acknowledge': 'incidents.update',
  'incident.unacknowledge': 'incidents.update',
  'incident.assign': 'incidents.update',
  'incident.comment': 'incidents.update',
  'rooms.enrol': 'rooms.create',
  'rooms.unenrol': 'rooms.unenroll',
  'settings.change': 'settings.modify',
}

/** A command on its way: the key makes a second delivery harmless, `issuedAt` is when the operator acted. */
export const CommandRequest = z.object({ key: CommandKey, issuedAt: Millis, command: Command })
export type CommandRequest = z.infer<typeof CommandRequest>

/**
 * What became of it, stored under its key; a stored outcome answers every retry with the same key alike. An applied
 * command also leaves a `receipt` row in the feed, behind the rows that it changed and in the same batch: once that is
 * in the copy, the console's overlay can go.
 *
 * Over HTTP `applied` is a 200 with this body; a refusal is a problem with its code and that code's status, on every
 * retry alike. 401, 429 and 5xx are no outcomes: nothing was stored, the same key may be sent again.
 */
export const CommandOutcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('applied'), at: Millis }),
  z.object({ outcome: z.literal('refused'), code: ErrorCode, detail: z.string().optional() }),
])
export type CommandOutcome = z.infer<typeof CommandOutcome>
