import type { Command } from '../../../contract/commands.ts'
import { keyOf, organisations, type Organisation, people } from './cast.ts'
import type { Deed } from './deed.ts'
import { notDone } from './done.ts'
import {
  type Assignment,
  covers,
  type DirectoryFacts,
  type Facts,
  holds,
  isOfPrimaryAdmin,
  isProManager,
  isRemote,
  manages,
  type Member,
  permissions,
  type Place,
  type Power,
  powers,
  reachesRoom,
  roomsOf,
  type Scope,
  sideOf,
  type Subject,
  subjectOf,
  type TenantFacts,
} from './facts.ts'

/**
 * What must hold of every command, whoever sends it, as formulas over what was before and after it. Where the requirements
 * leave a choice, both answers are right: a law says what must not be applied, and what must not be refused.
 */

const placesOf = (at: Organisation, ...some: readonly Facts[]): Place[] => [
  ...some.slice(-1).flatMap((facts) => roomsOf(facts, at)),
  ...[...new Set(some.flatMap((facts) => Object.keys(facts.tenants[at].groups)))].map((group) => ({
    id: `added to ${group}`,
    building: 'Later',
    group,
  })),
  { id: 'later', building: 'Later' },
  { id: 'later in the East', building: 'East' },
  { id: 'later in the West', building: 'West' },
  { id: 'added to the link', building: 'Later', added: true },
]

/** Everyone who is in a directory, and whoever might come into one of its security groups. */
export const subjectsOf = (facts: Facts): Subject[] => [
  ...people.flatMap((person) => subjectOf(person, facts) ?? []),
  ...organisations.flatMap((home) =>
    Object.keys(facts.directories[home].groups).map((group) => ({
      home,
      id: `someone in ${group}`,
      globalAdministrator: false,
      groups: [group],
    })),
  ),
]

/** The first that somebody gains and its maker does not hold (ACC-6): "at most what they hold", powers of built-in roles included. */
export function gainBeyond({ at, maker, before }: Deed, after: Facts): string | undefined {
  if (isProManager(before, at, maker)) return undefined
  const side = sideOf(before, at, maker)
  const link = before.tenants[at].link
  const places = placesOf(at, before, after)
  const mayGive = (power: Power, place: Place): boolean => {
    if (holds(before, at, maker, power, place)) return true
    // A Global Administrator appoints Pro Managers (ACC-3).
    if (power === 'being Pro Manager') return manages(before, at, maker)
    if (power === 'being Primary Admin') return !link?.remoteAccess || side === null
    return side !== null && isRemote(power) && link?.remoteAccess === true && holds(before, at, maker, 'being Primary Admin', place)
  }
  for (const subject of subjectsOf(before)) {
    for (const power of powers) {
      for (const place of places) {
        if (!holds(after, at, subject, power, place) || holds(before, at, subject, power, place) || mayGive(power, place)) continue
        return `${subject.home}/${subject.id} gains ${power} on ${place.id}, which ${maker.home}/${maker.id} does not hold`
      }
    }
  }
  return undefined
}

/** The first that somebody loses on a room, or on one to come, where its maker does not manage roles. */
export function lossBeyond({ at, maker, before }: Deed, after: Facts): string | undefined {
  for (const subject of subjectsOf(before)) {
    for (const permission of permissions) {
      for (const room of placesOf(at, before)) {
        if (
          !holds(before, at, subject, permission, room) ||
          holds(after, at, subject, permission, room) ||
          holds(before, at, maker, 'roles.modify', room)
        )
          continue
        return `${subject.home}/${subject.id} loses ${permission} on ${room.id}, where ${maker.home}/${maker.id} does not manage roles`
      }
    }
  }
  return undefined
}

/** The first that an invitation promises over a room where whoever makes or widens it does not hold it (decision 0032). */
export function handedBeyond({ at, maker, before }: Deed, after: Facts): string | undefined {
  const [was, now] = [before.tenants[at], after.tenants[at]]
  const { link } = now
  if (!link || link.active) return undefined
  const wasPromised = (place: Place): boolean => was.link?.id === link.id && !was.link.active && covers(was, was.link.scope, place)
  for (const place of placesOf(at, before, after)) {
    if (!covers(now, link.scope, place) || wasPromised(place)) continue
    const beyond = permissions.find((permission) => isOfPrimaryAdmin(permission) && !holds(before, at, maker, permission, place))
    if (beyond !== undefined) return `an invitation gives ${beyond} on ${place.id}, which ${maker.home}/${maker.id} does not hold`
  }
  return undefined
}

/** A role that became another one, where its maker does not manage roles in every room that it was assigned over (decision 0033). */
function sharedBeyond({ at, maker, command, before }: Deed, after: Facts): string | undefined {
  const { roles, assignments, link } = before.tenants[at]
  if (command.type !== 'role.save' && command.type !== 'role.delete') return undefined
  if (JSON.stringify(roles[command.role]) === JSON.stringify(after.tenants[at].roles[command.role])) return undefined
  const within: Scope = maker.home === at ? 'all' : (link?.scope ?? 'all')
  for (const { role, scope } of Object.values(assignments)) {
    if (role !== command.role) continue
    const room = roomsOf(before, at).find(
      (one) =>
        covers(before.tenants[at], scope, one) && covers(before.tenants[at], within, one) && !holds(before, at, maker, 'roles.modify', one),
    )
    if (room) return `a role of ${room.id} is changed, where ${maker.home}/${maker.id} does not manage roles`
  }
  return undefined
}

/** What must always be somebody's: of a tenant its Pro Manager, of an active link a primary admin over all of it (ACC-3, PAR-3). */
export const isLasting = ({ link, role, builtIn }: Assignment): boolean => (link === null ? role === 'proManager' : builtIn)

/** Who of this side is a Pro Manager, or a primary admin over all of the link: people who are in the directory. */
export function lastingPeople({ tenants, directories }: Facts, at: Organisation, link: string | null): string[] {
  const home = link === null ? at : 'fabrikam'
  const there = Object.values(tenants[at].assignments).filter((assignment) => assignment.link === link && isLasting(assignment))
  const { people: known, groups } = directories[home]
  return known.filter((id) =>
    there.some(({ members }) => members.some((member) => (member.kind === 'person' ? member.id === id : groups[member.id]?.includes(id)))),
  )
}

/** Where a command has taken the last one away. */
export function lastOneGone(before: Facts, after: Facts): string | undefined {
  for (const at of organisations) {
    const { link } = after.tenants[at]
    for (const side of [null, ...(link?.active ? [link.id] : [])]) {
      if (lastingPeople(before, at, side).length > 0 && lastingPeople(after, at, side).length === 0)
        return `nobody is left of ${at}, link ${side}`
    }
  }
  return undefined
}

/** May it be applied, going by permissions alone? A power over a tenant is needed over all of it. */
export function isPermitted({ at, maker, command, before, room, request }: Deed): boolean {
  const own = maker.home === at
  const isOverAll = (...some: readonly Power[]): boolean => some.every((permission) => holds(before, at, maker, permission, 'all'))
  const on = (permission: Power, ids: readonly string[]): boolean =>
    ids.every((id) => roomsOf(before, at).some((one) => one.id === id && holds(before, at, maker, permission, one)))
  switch (command.type) {
    case 'rooms.licence':
    case 'rooms.rename':
      return on('rooms.modify', command.rooms)
    case 'rooms.move':
      return (
        on('rooms.modify', command.rooms) && (!regroups(before.tenants[at], command) || (own && isOverAll('rooms.modify', 'groups.modify')))
      )
    case 'rooms.replace':
      return on('rooms.create', command.rooms) && on('rooms.unenroll', command.rooms)
    case 'rooms.ring':
      return on('rings.modify', command.rooms)
    case 'incident.comment':
    case 'incident.assign':
      return room !== undefined && on('incidents.update', [room])
    case 'settings.change':
      return (
        own &&
        holds(before, at, maker, 'settings.modify', 'all') &&
        (command.changes.remoteAccess === undefined || manages(before, at, maker))
      )
    case 'role.save':
    case 'role.delete':
    case 'assignment.save':
    case 'assignment.delete':
      return holds(before, at, maker, 'roles.modify', 'any')
    case 'group.save':
      return own && holds(before, at, maker, command.group in before.tenants[at].groups ? 'groups.modify' : 'groups.create', 'any')
    case 'group.delete':
      return own && holds(before, at, maker, 'groups.modify', 'any')
    case 'partner.invite':
    case 'partner.change':
    case 'partner.remove':
      return (
        own &&
        holds(before, at, maker, 'settings.modify', 'all') &&
        (command.type === 'partner.remove' || mayOpenRemote(before, at, maker, command.remoteAccess))
      )
    case 'invitation.accept':
    case 'invitation.deny':
    case 'customer.leave':
      return own && holds(before, at, maker, 'managing customers', 'all')
    case 'tenantManagers.set':
      return own && holds(before, at, maker, 'managing customers', 'all') && holds(before, at, maker, 'settings.modify', 'all')
    case 'policy.import':
      return own && holds(before, at, maker, 'roles.modify', 'all') && holds(before, at, maker, 'roles.view', 'all')
    case 'request.decide':
      return own && request !== undefined && decides(request, maker)
    default:
      return own
  }
}

/** Whether all rooms that a command is about are within its maker's reach for it, whatever else it takes. */
export const isOnOwn = (deed: Deed): boolean =>
  isPermitted(deed.command.type === 'rooms.move' ? { ...deed, command: { ...deed.command, place: {} } } : deed)

type Move = Extract<Command, { type: 'rooms.move' }>

/** The tenant with rooms where this puts them. */
export const moved = (tenant: TenantFacts, { rooms: ids, place }: Move): TenantFacts => ({
  ...tenant,
  rooms: Object.fromEntries(
    Object.entries(tenant.rooms).map(([id, room]) => [
      id,
      ids.some((one) => one === id) ? { ...room, building: place.building ?? room.building } : room,
    ]),
  ),
})

/** Whether a room comes into a group by it, or goes out of one. */
export function regroups(tenant: TenantFacts, command: Move): boolean {
  const after = moved(tenant, command)
  return Object.values(tenant.groups).some(({ building }) =>
    Object.entries(tenant.rooms).some(([id, room]) => (room.building === building) !== (after.rooms[id]?.building === building)),
  )
}

/** A partner has rooms as long as its link lasts. */
const emptied = (was: TenantFacts, now: TenantFacts): string | undefined =>
  was.link && now.link?.id === was.link.id && reachesRoom(was, was.link.scope) && !reachesRoom(now, now.link.scope)
    ? 'the partner is left without rooms'
    : undefined

/** Nobody is given what they do not see, nor by somebody who may not know of them (INC-5). */
function blindOwner({ command, before, at, room, owner, maker }: Deed): string | undefined {
  if (command.type !== 'incident.assign' || command.owner === null) return undefined
  const person = people.find((one) => keyOf(one) === owner)
  const theirs = person && subjectOf(person, before)
  const place = before.tenants[at].rooms[room ?? '']
  if (!theirs || !place || !holds(before, at, theirs, 'incidents.view', place)) return `${owner ?? 'nobody'} does not see the incident`
  return ownerIsTold({ before, at, maker }, theirs) ? undefined : `${owner} is hidden from whoever gave it`
}

/**
 * Whether somebody may be told of another one: of their own side in some room where both see incidents; to a customer's also by roles or
 * settings of one.
 */
export function ownerIsTold({ before, at, maker }: Pick<Deed, 'before' | 'at' | 'maker'>, other: Subject): boolean {
  if (other.home === maker.home && other.id === maker.id) return true
  const meets = (power: Power): boolean =>
    roomsOf(before, at).some((room) => holds(before, at, maker, power, room) && holds(before, at, other, 'incidents.view', room))
  if (!meets('incidents.view')) return false
  return other.home === maker.home || (maker.home === at && (meets('roles.view') || meets('settings.view')))
}

const mayOpenRemote = (before: Facts, at: Organisation, maker: Subject, wanted: boolean): boolean =>
  !wanted ||
  before.tenants[at].link?.remoteAccess === true ||
  isProManager(before, at, maker) ||
  holds(before, at, maker, 'remoteAccess.modify', 'all')

/** Deciding needs settings.modify on what the request touches: the rooms that it names, or all. */
function decides({ at, command, before, room }: Deed, decider: Subject): boolean {
  const touched = 'rooms' in command && command.type !== 'group.save' ? command.rooms : room === undefined ? undefined : [room]
  if (!touched) return holds(before, at, decider, 'settings.modify', 'all')
  return touched.every((id) => holds(before, at, decider, 'settings.modify', before.tenants[at].rooms[id] ?? 'all'))
}

const isRoleCommand = ({ type }: Command): boolean => type.startsWith('role.') || type.startsWith('assignment.')

/** Members whom the maker's own directory does not have and who were none before. */
export function unknownMembers(command: Command, directory: DirectoryFacts, before: readonly Member[]): Member[] {
  const named = 'members' in command ? command.members : 'admins' in command ? command.admins : []
  return named.filter(
    ({ kind, id }) =>
      !(kind === 'person' ? directory.people.includes(id) : id in directory.groups) &&
      !before.some((member) => member.kind === kind && member.id === id),
  )
}

/** Why this must not have been applied; undefined: it may have been. */
export function wronglyApplied(deed: Deed, after: Facts): string | undefined {
  const { at, maker, command, before } = deed
  if (!isPermitted(deed)) return `${maker.home}/${maker.id} has not the permission`
  const known = command.type === 'assignment.save' ? (before.tenants[at].assignments[command.assignment]?.members ?? []) : []
  const [unknown] = unknownMembers(command, before.directories[maker.home], known)
  if (unknown) return `nobody knows the ${unknown.kind} ${unknown.id}`
  if (command.type === 'request.decide') return undefined
  const isPolicy = isRoleCommand(command) || command.type.startsWith('group.') || command.type === 'rooms.move'
  if (isPolicy || command.type === 'policy.import') {
    const gain = gainBeyond(deed, after)
    if (gain !== undefined) return gain
  }
  const loss = isPolicy ? lossBeyond(deed, after) : undefined
  return (
    handedBeyond(deed, after) ??
    sharedBeyond(deed, after) ??
    loss ??
    emptied(before.tenants[at], after.tenants[at]) ??
    blindOwner(deed) ??
    lastOneGone(before, after) ??
    notDone(deed, after)
  )
}
