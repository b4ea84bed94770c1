import type { Command, CommandType } from '../../../contract/commands.ts'
import type { Effect } from '../../../contract/policyApi.ts'
import type { AuditRecord } from '../store/transaction.ts'
import { acknowledge, unacknowledge } from '../../incidents/acknowledge.ts'
import { assign } from '../../incidents/assign.ts'
import { deleteAssignment, saveAssignment } from '../../access/assignmentCommands.ts'
import { comment } from '../../incidents/comment.ts'
import { deleteGroup, saveGroup } from '../../access/groupCommands.ts'
import type { CommandContext, CommandHandler, CommandOf } from './handler.ts'
import { accept, deny, leave, setTenantManagers } from '../../partners/invitations.ts'
import { change, invite, remove } from '../../partners/linkCommands.ts'
import { policyImport } from '../../policyFile/import.ts'
import { decide, withdraw } from '../../partners/requests.ts'
import { deleteRole, saveRole } from '../../access/roleCommands.ts'
import { enrol, licenseRooms, moveToRing, replace, unenrol } from '../../rooms/commands.ts'
import { moveRooms, renameRoom } from '../../rooms/places.ts'
import { settingsChange } from '../../rooms/settings.ts'

/** Every command with its handler. */
const handlers: { readonly [T in CommandType]: CommandHandler<T> } = {
  'incident.acknowledge': acknowledge,
  'incident.unacknowledge': unacknowledge,
  'incident.assign': assign,
  'incident.comment': comment,
  'rooms.enrol': enrol,
  'rooms.unenrol': unenrol,
  'rooms.ring': moveToRing,
  'rooms.licence': licenseRooms,
  'rooms.rename': renameRoom,
  'rooms.move': moveRooms,
  'rooms.replace': replace,
  'settings.change': settingsChange,
  'role.save': saveRole,
  'role.delete': deleteRole,
  'assignment.save': saveAssignment,
  'assignment.delete': deleteAssignment,
  'group.save': saveGroup,
  'group.delete': deleteGroup,
  'partner.invite': invite,
  'partner.change': change,
  'partner.remove': remove,
  'invitation.accept': accept,
  'invitation.deny': deny,
  'customer.leave': leave,
  'tenantManagers.set': setTenantManagers,
  'request.decide': decide,
  'request.withdraw': withdraw,
  'policy.import': policyImport,
}

/** The handler of a command, with the command as its argument already. */
export interface BoundHandler {
  check(context: CommandContext): Promise<void>
  apply(context: CommandContext): Promise<AuditRecord | null>
  changes(context: CommandContext): Promise<Effect['changes']>
}

function bind<T extends CommandType>(type: T, command: CommandOf<T>): BoundHandler {
  const handler = handlers[type]
  return {
    check: (context) => handler.check(command, context),
    apply: (context) => handler.apply(command, context),
    changes: async (context) => (await handler.changes?.(command, context)) ?? [],
  }
}

export const handlerOf = (command: Command): BoundHandler => bind(command.type, command)

/** A command within another one's transaction (see CommandContext). */
export async function run(command: Command, context: CommandContext): Promise<AuditRecord | null> {
  const handler = handlerOf(command)
  await handler.check(context)
  return handler.apply(context)
}
