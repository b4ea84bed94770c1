import { may } from '../../contract/access.ts'
import { type Command, commandPermission, type CommandType } from '../../contract/commands.ts'
import type { Incident, PersonRef } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { IncidentId, RoomId } from '../../contract/ids.ts'
import type { Caller } from '../access/service.ts'
import type { Rooms } from '../incidents/rooms.ts'
import type { AuditRecord, TenantTransaction } from '../store/transaction.ts'

export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>

/** What a command is applied with. */
export interface CommandContext {
  readonly tx: TenantTransaction
  readonly caller: Caller
  readonly rooms: Rooms
  /** When the operator acted (ms), never later than now: commands may have waited in an outbox. */
  readonly actedAt: number
}

/**
 * One kind of command. `check` decides access before the key is even looked at, and changes nothing; `apply` checks
 * what must hold and puts the changes. Both throw a RoomkeeperError to refuse.
 */
export interface CommandHandler<T extends CommandType> {
  check(command: CommandOf<T>, context: CommandContext): Promise<void>
  /** Returns what the audit records. */
  apply(command: CommandOf<T>, context: CommandContext): Promise<AuditRecord>
}

export const personRefOf = ({ person, name }: Caller): PersonRef => ({ id: person, name })

/** @throws RoomkeeperError access.denied where the caller has the command's permission on no room. */
export function checkPermitted(type: CommandType, { caller }: CommandContext): void {
  if (!may(caller.access, commandPermission[type])) throw new RoomkeeperError('access.denied')
}

/** @throws RoomkeeperError access.denied, or incident.notFound where it is not within the rooms the caller may act on. */
export async function checkIncident(type: CommandType, id: IncidentId, context: CommandContext): Promise<void> {
  checkPermitted(type, context)
  const incident = await context.tx.get('incident', id)
  if (!incident || !may(context.caller.access, commandPermission[type], incident.room)) throw new RoomkeeperError('incident.notFound')
}

/** @throws RoomkeeperError access.denied, or room.notFound if any is not within the rooms the caller may act on. */
export async function checkRooms(type: CommandType, ids: readonly RoomId[], context: CommandContext): Promise<void> {
  checkPermitted(type, context)
  const rooms = await context.tx.getMany('room', ids)
  const missing = ids.find((id) => !rooms.has(id) || !may(context.caller.access, commandPermission[type], id))
  if (missing !== undefined) throw new RoomkeeperError('room.notFound', { params: { room: missing } })
}

/** The incident, which `check` has found. */
export async function incidentOf(id: IncidentId, { tx }: CommandContext): Promise<Incident> {
  const incident = await tx.get('incident', id)
  if (!incident) throw new RoomkeeperError('incident.notFound')
  return incident
}

export const auditOfIncident = (incident: Incident, action: string, detail: Record<string, unknown> = {}): AuditRecord => ({
  category: 'Incident',
  objectName: `#${incident.number}`,
  operation: 'Update',
  detail: { action, incident: incident.id, ...detail },
})
