import type { Deed } from './deed.ts'
import type { Facts, Member, Scope, TenantFacts } from './facts.ts'
import { manages } from './facts.ts'
import { isMadeAnew } from './hidden.ts'

/** Whether an applied command has done what it said: a success that changed nothing, or something else, is none. */

const distinct = (members: readonly Member[]): string => [...new Set(members.map(({ kind, id }) => `${kind}/${id}`))].sort().join()
const scopeText = (scope: Scope): string => (scope === 'all' ? scope : JSON.stringify([[...scope.rooms].sort(), [...scope.groups].sort()]))

/** Undefined: it has. Of somebody who does not see the whole tenant, what they do not see stays, and is not looked at here. */
export function notDone({ command, maker, at, before, owner }: Deed, after: Facts): string | undefined {
  const now = after.tenants[at]
  const seesAll = manages(before, at, maker)
  const isNew = isMadeAnew(before, at, maker, command)
  /** What was saved: under the id that it was given, or, where that is of something hidden, under another one. */
  const savedOf = <T extends { readonly name: string }>(
    part: 'roles' | 'groups' | 'assignments',
    things: Readonly<Record<string, T>>,
    id: string,
    name: string,
  ): T | undefined =>
    isNew ? Object.entries(things).find(([one, thing]) => !(one in before.tenants[at][part]) && thing.name === name)?.[1] : things[id]
  switch (command.type) {
    case 'rooms.rename':
      return command.rooms.every((id) => now.rooms[id]?.name === command.name) ? undefined : 'the room is not called so'
    case 'rooms.move':
      return command.rooms.every((id) => now.rooms[id]?.building === command.place.building) ? undefined : 'the rooms are elsewhere'
    case 'rooms.replace': {
      const [was, is] = [before.tenants[at], now].map((tenant) => command.rooms.map((id) => tenant.rooms[id]))
      const [next, former] = is ?? []
      const haveChanged = next?.device === was?.[1]?.device && former?.device === was?.[0]?.device
      return haveChanged && next?.lifecycle === 'unenrolled' && former?.lifecycle === was?.[1]?.lifecycle
        ? undefined
        : 'the devices have not changed places'
    }
    case 'incident.assign':
      return now.owners[command.incident] === owner ? undefined : `the incident is ${now.owners[command.incident] ?? "nobody's"}`
    case 'assignment.save': {
      const saved = savedOf('assignments', now.assignments, command.assignment, command.name)
      if (!saved) return 'the assignment is not there'
      if (saved.role !== command.role || saved.name !== command.name || saved.description !== command.description)
        return 'the assignment is not as it was saved'
      if (distinct(saved.members) !== distinct(command.members)) return `its members are ${distinct(saved.members)}`
      const scope = saved.builtIn ? (now.link?.scope ?? 'all') : saved.scope
      return !seesAll || scopeText(scope) === scopeText(command.scope) ? undefined : `it is over ${scopeText(scope)}`
    }
    case 'assignment.delete':
      return command.assignment in now.assignments ? 'the assignment is still there' : undefined
    case 'role.save': {
      const saved = savedOf('roles', now.roles, command.role, command.name)
      const isSaved =
        saved !== undefined && saved.link === (maker.home === at ? null : now.link?.id) && same(saved.permissions, command.permissions)
      return isSaved ? undefined : 'the role is not as it was saved'
    }
    case 'role.delete':
      return command.role in now.roles || Object.values(now.assignments).some(({ role }) => role === command.role)
        ? 'the role, or an assignment of it, is still there'
        : undefined
    case 'group.save': {
      const saved = savedOf('groups', now.groups, command.group, command.name)
      return saved && (!seesAll || (same(saved.rooms, command.rooms) && saved.building === (command.rule?.conditions[0]?.value ?? null)))
        ? undefined
        : 'the group is not as it was saved'
    }
    case 'group.delete':
      return command.group in now.groups ? 'the group is still there' : undefined
    case 'tenantManagers.set':
      return distinct(Object.values(now.assignments).flatMap(({ role, members }) => (role === 'tenantManager' ? members : []))) ===
        distinct(command.members)
        ? undefined
        : 'others are tenant managers'
    case 'partner.change':
      return now.link?.remoteAccess === command.remoteAccess &&
        now.link.multiFactor === command.multiFactor &&
        now.link.manual === (command.changeControl.rooms === 'manual')
        ? undefined
        : 'the link is not as it was changed'
    case 'invitation.accept':
      return isAccepted(after.tenants.contoso, command.admins) ? undefined : 'the link is not as it was accepted'
    case 'partner.remove':
    case 'customer.leave':
    case 'invitation.deny':
      return isEnded(after.tenants.contoso) ? undefined : 'something of the link is still there'
    case 'policy.import':
      return partnersAre(before.tenants[at], now) ? undefined : 'what the partner made of its own is other than before'
    default:
      return undefined
  }
}

/** The roles and assignments of a link, all of them, while it lasts. */
function partnersAre(was: TenantFacts, now: TenantFacts): boolean {
  const own = ({ roles, assignments }: TenantFacts): string =>
    JSON.stringify([roles, assignments].map((things) => Object.entries(things).filter(([, { link }]) => link !== null)))
  return now.link === null ? isEnded(now) : own(was) === own(now)
}

const same = (one: readonly string[], other: readonly string[]): boolean =>
  [...new Set(one)].sort().join() === [...new Set(other)].sort().join()

const isAccepted = ({ link, assignments }: TenantFacts, admins: readonly Member[]): boolean =>
  link?.active === true &&
  Object.values(assignments).some((one) => one.builtIn && one.link === link.id && distinct(one.members) === distinct(admins))

const isEnded = ({ link, assignments, roles }: TenantFacts): boolean =>
  link === null && [...Object.values(assignments), ...Object.values(roles)].every((one) => one.link === null)
