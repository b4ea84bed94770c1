import { RoomkeeperError } from '../../contract/errors.ts'
import { checkPermitted, type CommandHandler } from './handler.ts'

/** Roles, assignments, groups and links as a file. */
export const policyImport: CommandHandler<'policy.import'> = {
  check: async (command, context) => checkPermitted(command.type, context),
  apply: () => Promise.reject(new RoomkeeperError('service.unavailable')),
}
