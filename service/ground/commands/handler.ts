import { may } from '../../../contract/access.ts'
import { alsoNeeded, type Command, commandNeeds, type CommandType, mayCommand } from '../../../contract/commands.ts'
import type { Incident, PersonRef } from '../../../contract/entities.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { IncidentId, RoomId } from '../../../contract/ids.ts'
import type { Effect } from '../../../contract/policyApi.ts'
import type { Caller } from '../caller.ts'
import { reached } from '../reach.ts'
import type { AuditRecord, TenantTransaction } from '../store/transaction.ts'
import { incidentTouched } from './touched.ts'

export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>

/** What a command is applied with. */
export interface CommandContext {
  readonly tx: TenantTransaction
  readonly caller: Caller
  /** When the operator acted (ms), never later than now: commands may have waited in an outbox. */
  readonly actedAt: number
}

/** The same, with what the handler has asked for. */
export interface AskedContext<A> extends CommandContext {
  readonly asked: A
}

/** In whose name is asked: where they are, whose directory is theirs, and what they may do, where that is known already. */
export type Asker = Pick<Caller, 'tenant' | 'home' | 'doer' | 'link'> & Partial<Pick<Caller, 'access'>>

/** Thrown by `apply`: undo all that it did, and apply this instead, in a write of its own. */
export class Instead extends Error {
  readonly apply: (context: CommandContext) => Promise<AuditRecord | null>
  /** Why what was to be done cannot be, for the preview. */
  readonly fails: RoomkeeperError | undefined
  constructor(apply: (context: CommandContext) => Promise<AuditRecord | null>, fails?: RoomkeeperError) {
    super('something else is applied instead')
    this.apply = apply
    this.fails = fails
  }
}

/**
 * One kind of command. `check` decides access, before anything else of a command whose key is new, and changes nothing;
 * `apply` checks what must hold and puts the changes. Both throw a RoomkeeperError to refuse.
 */
export interface CommandHandler<T extends CommandType, C extends CommandContext = CommandContext> {
  check(command: CommandOf<T>, context: C): Promise<void>
  /**
   * Returns the one record that the audit has of it, with every thing that it touched; null where all was as it wants it
   * already. Then it has put nothing either, and is applied without a record.
   */
  apply(command: CommandOf<T>, context: C): Promise<AuditRecord | null>
  /** For its preview: what it makes, changes and deletes, line by line, where it is about many things. */
  changes?(command: CommandOf<T>, context: C): Promise<Effect['changes']>
}

/**
 * A kind of command that has to know what is not in the store, as what a directory says. That is asked before the write begins: in a
 * write nothing but the database is awaited, and a directory may be far away. Who may not give the command has nobody asked.
 */
export interface AskingHandler<T extends CommandType, A> extends CommandHandler<T, AskedContext<A>> {
  /** What is known where nobody was asked. */
  readonly nothing: A
  /** @throws RoomkeeperError directory.unavailable where the command cannot be decided without an answer */
  ask(command: CommandOf<T>, asker: Asker): Promise<A>
  /** Whether all who were asked answered; left out, they always have. */
  answered?(asked: A): boolean
  /** Keeps what was said of people and groups, before anything is decided by it. */
  know?(tx: TenantTransaction, asked: A): Promise<void>
}

export const personRefOf = ({ person, name, organisation }: Caller): PersonRef => ({
  id: person,
  name,
  ...(organisation === undefined ? {} : { organisation }),
})

/** Commands about one incident, or about rooms: their permission is needed on each room that they are about. */
type IncidentCommand = Extract<CommandType, `incident.${string}` | 'issue.close'>
type RoomsCommand = Extract<CommandType, `rooms.${string}` | `suppression.${string}` | 'issue.report'>

/** @throws RoomkeeperError access.denied where the caller may send no command of this type, whatever it names. */
export function checkPermitted(type: CommandType, { caller }: Pick<CommandContext, 'caller'>): void {
  if (!mayCommand(caller.access, type)) throw new RoomkeeperError('access.denied')
}

/** @throws RoomkeeperError access.denied, or incident.notFound where it is not within the rooms the caller may act on. */
export async function checkIncident(type: IncidentCommand, id: IncidentId, context: CommandContext): Promise<void> {
  checkPermitted(type, context)
  const { permission } = commandNeeds[type]
  reached(await context.tx.get('incident', id), ({ room }) => may(context.caller.access, permission, room), 'incident.notFound')
}

/** @throws RoomkeeperError access.denied, or room.notFound if any is not within the rooms the caller may act on. */
export async function checkRooms(type: RoomsCommand, ids: readonly RoomId[], context: CommandContext): Promise<void> {
  checkPermitted(type, context)
  const rooms = await context.tx.getMany('room', ids)
  for (const permission of [commandNeeds[type].permission, alsoNeeded[type] ?? []].flat()) {
    for (const id of ids) reached(rooms.get(id), may(context.caller.access, permission, id), 'room.notFound', { params: { room: id } })
  }
}

/** The incident, which `check` has found. */
export async function incidentOf(id: IncidentId, { tx }: CommandContext): Promise<Incident> {
  const incident = await tx.get('incident', id)
  if (!incident) throw new RoomkeeperError('incident.notFound')
  return incident
}

export const auditOfIncident = async (
  incident: Incident,
  action: IncidentCommand,
  { tx }: CommandContext,
  detail: Record<string, unknown> = {},
): Promise<AuditRecord> => ({
  category: 'Incident',
  objectName: `#${incident.number}`,
  operation: 'Update',
  detail: { action, ...(await incidentTouched(tx, incident)), ...detail },
})
