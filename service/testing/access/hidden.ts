import { type Command } from '../../../contract/commands.ts'
import { AssignmentId, GroupId, RoleId } from '../../../contract/ids.ts'
import type { Organisation } from './cast.ts'
import { covers, type Facts, holds, type Power, type Scope, type Subject } from './facts.ts'

/** What somebody cannot see is for them as if it were not there (PAR-4). */

/** Whether the thing that a command names is there, and none that its sender may know of. */
export function isHidden(facts: Facts, at: Organisation, maker: Subject, command: Command): boolean {
  const tenant = facts.tenants[at]
  const sees = (powers: readonly Power[], scope: Scope): boolean =>
    powers.some(
      (power) =>
        holds(facts, at, maker, power, 'all') ||
        Object.values(tenant.rooms).some((room) => covers(tenant, scope, room) && holds(facts, at, maker, power, room)),
    )
  switch (command.type) {
    case 'group.save':
    case 'group.delete':
      return command.group in tenant.groups && !sees(['groups.view', 'groups.modify', 'roles.view'], { rooms: [], groups: [command.group] })
    case 'role.save':
    case 'role.delete':
      return maker.home !== at && tenant.roles[command.role]?.link === null
    case 'assignment.save':
    case 'assignment.delete': {
      const known = tenant.assignments[command.assignment]
      if (!known) return false
      if (maker.home !== at) return known.link === null
      return known.link === null && !sees(['roles.view'], known.role === 'proManager' ? 'all' : known.scope)
    }
    default:
      return false
  }
}

/** Saving what is hidden makes something else, under an id that the service chooses. */
export const isMadeAnew = (facts: Facts, at: Organisation, maker: Subject, command: Command): boolean =>
  command.type.endsWith('.save') && isHidden(facts, at, maker, command)

/** The same about something that nobody has; undefined for what names nothing. */
export function withGhost(command: Command): Command | undefined {
  const id = '00000000-0000-7000-8000-000000099999'
  switch (command.type) {
    case 'group.save':
    case 'group.delete':
      return { ...command, group: GroupId.parse(id) }
    case 'role.save':
    case 'role.delete':
      return { ...command, role: RoleId.parse(id) }
    case 'assignment.save':
    case 'assignment.delete':
      return { ...command, assignment: AssignmentId.parse(id) }
    default:
      return undefined
  }
}
