import { keyOf, people } from './cast.ts'
import type { Deed } from './deed.ts'
import { type Assignment, holds, isProManager, manages, reachesRoom, type Scope, sideOf, subjectOf, type TenantFacts } from './facts.ts'
import { isLasting, isPermitted, lastingPeople, moved, ownerIsTold, regroups, unknownMembers } from './laws.ts'

/** What must not be refused. */

/** Whether it must be applied: who may do anything asks for something that is right in itself. */
export function mustApply(deed: Deed): boolean {
  const { at, maker, command, before } = deed
  if (!isPermitted(deed)) return false
  const tenant = before.tenants[at]
  const { link } = tenant
  const whole = isProManager(before, at, maker)
  const side = sideOf(before, at, maker)
  switch (command.type) {
    case 'rooms.licence':
    case 'rooms.ring':
    case 'rooms.rename':
    case 'incident.comment':
      return true
    case 'rooms.move':
      return (whole || !regroups(tenant, command)) && keepsRooms(tenant, moved(tenant, command))
    case 'rooms.replace': {
      const [next, former] = command.rooms.map((id) => tenant.rooms[id]?.lifecycle)
      return next === 'onboarding' && former !== 'unenrolled'
    }
    case 'incident.assign': {
      const owner = people.find((one) => keyOf(one) === deed.owner)
      const theirs = owner && subjectOf(owner, before)
      const room = tenant.rooms[deed.room ?? '']
      if (command.owner === null || !theirs || !room) return command.owner === null
      return holds(before, at, theirs, 'incidents.view', room) && ownerIsTold(deed, theirs)
    }
    case 'settings.change':
      return true
    case 'role.save':
      return whole && (tenant.roles[command.role]?.link ?? null) === null && !isNameTaken(tenant.roles, null, command.role, command.name)
    case 'role.delete':
      return whole && tenant.roles[command.role]?.link === null
    case 'assignment.save': {
      const known = tenant.assignments[command.assignment]
      if (known?.builtIn) return isRightForAdmins(deed, known)
      if ((known && known.link !== side) || isNameTaken(tenant.assignments, side ?? null, command.assignment, command.name)) return false
      const right =
        isRole(tenant, command.role, side ?? null) &&
        exists(tenant, command.scope) &&
        command.members.length > 0 &&
        unknownMembers(command, before.directories[maker.home], []).length === 0
      if (!right || (known && isLasting(known))) return false
      if (command.role === 'proManager') return manages(before, at, maker) && command.scope === 'all'
      if (whole) return true
      // A primary admin over all of the link gives what a Primary Admin has.
      const admin =
        side !== null &&
        Object.values(tenant.assignments).some(
          (one) => one.builtIn && one.link === side && one.members.some(({ kind, id }) => kind === 'person' && id === maker.id),
        )
      return admin && !known && command.role === 'primaryAdmin' && command.scope === 'all'
    }
    case 'assignment.delete':
      return whole && tenant.assignments[command.assignment]?.link === null && !isLasting(tenant.assignments[command.assignment] ?? never)
    case 'group.save':
      return (
        whole &&
        !isNameTaken(tenant.groups, null, command.group, command.name) &&
        command.rooms.every((id) => id in tenant.rooms) &&
        (command.rooms.length > 0 || command.rule !== null) &&
        keepsRooms(tenant, {
          ...tenant,
          groups: { ...tenant.groups, [command.group]: { ...command, building: command.rule?.conditions[0]?.value ?? null } },
        })
      )
    case 'group.delete':
      return whole && command.group in tenant.groups && !isNamed(tenant, command.group)
    case 'partner.invite':
      return whole && link === null && exists(tenant, command.scope) && reachesRoom(tenant, command.scope)
    case 'partner.change':
    case 'partner.remove':
      return whole && link?.id === command.link
    case 'customer.leave':
      return before.tenants.contoso.link?.active === true && before.tenants.contoso.link.id === command.link
    case 'invitation.deny':
      return before.tenants.contoso.link?.active === false && before.tenants.contoso.link.id === command.link
    default:
      return false
  }
}

/** A primary admin names others, of whom one is somebody; a Pro Manager of the customer gives other rooms. */
function isRightForAdmins({ at, maker, command, before }: Deed, known: Assignment): boolean {
  if (command.type !== 'assignment.save' || command.role !== known.role || command.name !== known.name) return false
  const tenant = before.tenants[at]
  const directory = before.directories[maker.home]
  if (known.link !== null && maker.home !== at) {
    const isAdmin = lastingPeople(before, at, known.link).includes(maker.id)
    const someone = command.members.some(({ kind, id }) =>
      kind === 'person' ? directory.people.includes(id) : (directory.groups[id]?.length ?? 0) > 0,
    )
    return (
      isAdmin &&
      someone &&
      unknownMembers(command, directory, []).length === 0 &&
      JSON.stringify(command.scope) === JSON.stringify(tenant.link?.scope)
    )
  }
  const isOtherwise = command.description !== known.description || JSON.stringify(command.members) !== JSON.stringify(known.members)
  return isProManager(before, at, maker) && !isOtherwise && exists(tenant, command.scope) && reachesRoom(tenant, command.scope)
}

const never: Assignment = { link: null, role: 'proManager', name: '', description: '', members: [], scope: 'all', builtIn: true }

function isRole({ roles }: TenantFacts, role: string, side: string | null): boolean {
  if (role === 'primaryAdmin') return side !== null
  if (['proManager', 'siteLead', 'siteTech'].includes(role)) return side === null
  return roles[role]?.link === side
}

const exists = ({ groups, rooms }: TenantFacts, scope: Scope): boolean =>
  scope === 'all' ||
  (scope.rooms.length + scope.groups.length > 0 && scope.rooms.every((id) => id in rooms) && scope.groups.every((id) => id in groups))

/** No change of groups leaves a partner without rooms. */
const keepsRooms = (was: TenantFacts, now: TenantFacts): boolean =>
  !now.link || reachesRoom(now, now.link.scope) || !reachesRoom(was, now.link.scope)

const isNamed = ({ assignments, link }: TenantFacts, group: string): boolean =>
  [...Object.values(assignments), ...(link ? [link] : [])].some(({ scope }) => scope !== 'all' && scope.groups.includes(group))

/** Whether another thing of this side has the name. */
const isNameTaken = (
  things: Readonly<Record<string, { readonly name: string; readonly link?: string | null }>>,
  side: string | null,
  id: string,
  name: string,
): boolean =>
  Object.entries(things).some(
    ([one, thing]) => one !== id && (thing.link ?? null) === side && thing.name.toLowerCase() === name.toLowerCase(),
  )
