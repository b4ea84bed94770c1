import type { CommandHandlers } from '../ground/commands/commands.ts'
import { handleAsking } from '../ground/commands/commands.ts'
import { deleteAssignment, saveAssignment } from './assignmentCommands.ts'
import { deleteGroup, saveGroup } from './groupCommands.ts'
import type { AskDeps } from './membership/asked.ts'
import { deleteRole, saveRole } from './roleCommands.ts'

/** Roles, assignments, and groups of rooms (ACC-4, ACC-5, ACC-6). */
export const accessCommands = (deps: AskDeps): Partial<CommandHandlers> => ({
  'role.save': handleAsking(saveRole(deps)),
  'role.delete': handleAsking(deleteRole(deps)),
  'assignment.save': handleAsking(saveAssignment(deps)),
  'assignment.delete': handleAsking(deleteAssignment(deps)),
  'group.save': handleAsking(saveGroup(deps)),
  'group.delete': handleAsking(deleteGroup(deps)),
})
