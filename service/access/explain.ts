import { type Access, may, scopeOf, tenantManagerRole } from '../../contract/access.ts'
import { assignmentsOf, memberKey, type ResolvedAssignment, type ResolvedPolicy, type Subject } from '../../contract/evaluate.ts'
import type { GroupId, LinkId, RoomId } from '../../contract/ids.ts'
import { globalAdministratorPermissions, Permission } from '../../contract/permissions.ts'
import type { Assignment, CustomRole } from '../../contract/policy.ts'

/**
 * Who can do this, and why; what can someone do (ACC-7). Pure, over the same looked-up policy as the decisions
 * themselves (contract/evaluate.ts), so that the two cannot differ.
 */

/** One way in which someone holds a permission. */
export type Way =
  | { readonly kind: 'globalAdministrator' }
  | {
      readonly kind: 'assignment'
      readonly granted: ResolvedAssignment
      /** The security group they are in; null: named directly. */
      readonly group: string | null
    }

/** How far the one who asks may be told: over these rooms, of these people. */
export interface Viewer {
  /** Rooms on which they hold roles.view. */
  readonly rooms: 'all' | ReadonlySet<RoomId>
  /** A partner's person is told of their own link and of nothing else; null: of everyone. */
  readonly link: LinkId | null
}

/** The service itself, for which nothing is cut. */
export const everything: Viewer = { rooms: 'all', link: null }

export const viewerOf = (access: Access): Viewer => ({ rooms: scopeOf(access, 'roles.view'), link: access.link ?? null })

/** Whether an assignment is anything that the viewer may be told of. One over no room is about none, and of the tenant. */
export function isTold(viewer: Viewer, { assignment, scope }: ResolvedAssignment): boolean {
  if (viewer.link !== null && assignment.link !== viewer.link) return false
  const { rooms } = viewer
  if (rooms === 'all') return true
  return scope === 'all' ? rooms.size > 0 : scope.some((room) => rooms.has(room))
}

/** Whether an assignment is shown in lists, and may be named in commands. Who manages customers is named with the customers. */
export function isShown(viewer: Viewer, assignment: Assignment, { assignments }: ResolvedPolicy): boolean {
  if (assignment.role === tenantManagerRole) return false
  const resolved = assignments.get(assignment.id)
  if (resolved && isTold(viewer, resolved)) return true
  // One over no room, or of a role that is gone, is the whole tenant's, or the link's.
  const isOwn = viewer.link === null ? viewer.rooms === 'all' : viewer.link === assignment.link
  return isOwn && (!resolved || resolved.scope.length === 0)
}

/** The same of whoever sends a command: without roles.view no assignment exists for them. */
export const assignmentIsShown = (access: Access, assignment: Assignment, resolved: ResolvedPolicy): boolean =>
  may(access, 'roles.view') && isShown(viewerOf(access), assignment, resolved)

/** Whether someone may be told of a partner: their own link, or one that is over some room where they see roles or settings. */
export function linkIsShown(access: Access, link: LinkId, { links }: ResolvedPolicy): boolean {
  if (access.link !== undefined) return access.link === link
  const over = links.get(link)?.scope ?? []
  return (['roles.view', 'settings.view'] as const).some((permission) => {
    const seen = scopeOf(access, permission)
    return seen === 'all' || (over === 'all' ? seen.size > 0 : over.some((room) => seen.has(room)))
  })
}

/** Whether someone may be told of a custom role: of their own side, or of a partner that is shown to them. */
export function roleIsShown(access: Access, { link }: CustomRole, resolved: ResolvedPolicy): boolean {
  if (!may(access, 'roles.view')) return false
  return link === null ? access.link === undefined : linkIsShown(access, link, resolved)
}

/** Whether someone may be told of a group with these rooms: it holds one on which they see groups or roles, or change groups. */
export const groupIsShown = (access: Access, rooms: readonly RoomId[]): boolean =>
  (['groups.view', 'groups.modify', 'roles.view'] as const).some((permission) => {
    const seen = scopeOf(access, permission)
    return seen === 'all' || rooms.some((room) => seen.has(room))
  })

/**
 * Whether a customer's or partner's person may be told of another one who works on incidents: of their own side, where
 * both see incidents of some room; a partner's person to a customer's where they see roles or settings of such a room.
 */
export function personIsShown(access: Access, other: Access): boolean {
  if (!meets(access, 'incidents.view', other)) return false
  if (other.link === access.link) return true
  return access.link === undefined && (meets(access, 'roles.view', other) || meets(access, 'settings.view', other))
}

/**
 * Whether incidents of these rooms can be given to someone: to who sees them in all of the rooms (INC-5). Looks through the rooms once
 * for all who share a scope.
 */
export function ownerTest(rooms: readonly RoomId[]): (access: Access) => boolean {
  const known = new Map<ReadonlySet<RoomId>, boolean>()
  return (access) => {
    const seen = scopeOf(access, 'incidents.view')
    if (seen === 'all') return true
    const isOwner = known.get(seen) ?? rooms.every((room) => seen.has(room))
    known.set(seen, isOwner)
    return isOwner
  }
}

/** Whether their address is, too: to who sees roles of a room where the other one works on incidents. */
export const addressIsShown = (access: Access, other: Access): boolean => meets(access, 'roles.view', other)

/** Whether someone holds the permission over a room where the other one sees incidents. */
function meets(access: Access, permission: Permission, other: Access): boolean {
  const [mine, theirs] = [scopeOf(access, permission), scopeOf(other, 'incidents.view')]
  // Who holds it over no room holds it nowhere.
  if (mine === 'all') return theirs === 'all' || theirs.size > 0
  return theirs === 'all' ? mine.size > 0 : [...theirs].some((room) => mine.has(room))
}

/** Scopes are sorted. */
function reaches(scope: 'all' | readonly RoomId[], room: RoomId): boolean {
  if (scope === 'all') return true
  let [low, high] = [0, scope.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const there = scope[middle]
    if (there === room) return true
    if (there !== undefined && there < room) low = middle + 1
    else high = middle
  }
  return false
}

/**
 * Everyone who holds the permission, each with all their ways: on the room, or, without one, anywhere. Costs as much as
 * the assignments name and the people's groups are many; never people × assignments.
 */
export function whoCan<S extends Subject>(
  resolved: ResolvedPolicy,
  subjects: Iterable<S>,
  permission: Permission,
  room?: RoomId,
  viewer: Viewer = everything,
): { subject: S; ways: Way[] }[] {
  const granting = new Map<string, ResolvedAssignment[]>()
  for (const granted of resolved.assignments.values()) {
    if (!granted.permissions.includes(permission) || !isTold(viewer, granted)) continue
    if (room !== undefined && !reaches(granted.scope, room)) continue
    for (const { kind, id } of granted.assignment.members) {
      const key = memberKey(granted.assignment.link, kind, id)
      const there = granting.get(key)
      if (!there) granting.set(key, [granted])
      // A member may stand there twice.
      else if (there.at(-1) !== granted) there.push(granted)
    }
  }
  const found: { subject: S; ways: Way[] }[] = []
  for (const subject of subjects) {
    if (subject.removed || (viewer.link !== null && subject.link !== viewer.link)) continue
    const ways = waysOf(subject, (kind, id) => granting.get(memberKey(subject.link, kind, id)) ?? [])
    if (subject.globalAdministrator && subject.link === null && globalAdministratorPermissions.includes(permission))
      ways.unshift({ kind: 'globalAdministrator' })
    if (ways.length > 0) found.push({ subject, ways })
  }
  return found
}

function waysOf(subject: Subject, grantedTo: (kind: 'person' | 'group', id: string) => readonly ResolvedAssignment[]): Way[] {
  const direct = new Set([...grantedTo('person', subject.id), ...grantedTo('person', subject.objectId)])
  const ways: Way[] = [...direct].map((granted) => ({ kind: 'assignment', granted, group: null }))
  for (const group of new Set(subject.groups)) {
    for (const granted of new Set(grantedTo('group', group))) ways.push({ kind: 'assignment', granted, group })
  }
  return ways
}

export interface Held {
  readonly permission: Permission
  readonly scope: 'all' | ReadonlySet<RoomId>
  readonly ways: readonly Way[]
}

/** What one person may do in the tenant, permission by permission, over which rooms and through what. */
export function whatCan(resolved: ResolvedPolicy, subject: Subject, viewer: Viewer = everything): Held[] {
  if (subject.removed || (viewer.link !== null && subject.link !== viewer.link)) return []
  const told = new Set(assignmentsOf(resolved, subject).filter((granted) => isTold(viewer, granted)))
  const ways = waysOf(subject, (kind, id) =>
    (resolved.byMember.get(memberKey(subject.link, kind, id)) ?? []).filter((granted) => told.has(granted)),
  )
  const administrator = subject.globalAdministrator && subject.link === null
  return Permission.options.flatMap((permission): Held[] => {
    const through = ways.filter((way) => way.kind === 'assignment' && way.granted.permissions.includes(permission))
    const all: Way[] =
      administrator && globalAdministratorPermissions.includes(permission) ? [{ kind: 'globalAdministrator' }, ...through] : through
    return all.length === 0 ? [] : [{ permission, scope: unionOf(all, viewer), ways: all }]
  })
}

/** The rooms that these ways reach together, as far as the viewer is told. */
function unionOf(ways: readonly Way[], viewer: Viewer): 'all' | ReadonlySet<RoomId> {
  const rooms = new Set<RoomId>()
  for (const way of ways) {
    const scope = way.kind === 'assignment' ? way.granted.scope : 'all'
    if (scope === 'all') return viewer.rooms
    for (const room of scope) if (viewer.rooms === 'all' || viewer.rooms.has(room)) rooms.add(room)
  }
  return rooms
}

export interface WayScope {
  readonly kind: 'all' | 'room' | 'groups' | 'link'
  readonly groups: readonly GroupId[]
}

/** How a room (or, without one, anything) comes into an assignment's scope. */
export function wayScope(
  { groups }: ResolvedPolicy,
  { assignment, scope }: ResolvedAssignment,
  room?: RoomId,
  viewer: Viewer = everything,
): WayScope {
  if (scope === 'all') return { kind: 'all', groups: [] }
  const named = assignment.scope
  if (assignment.builtIn || named === 'all') return { kind: 'link', groups: [] }
  if (room === undefined ? named.groups.length === 0 : named.rooms.includes(room)) return { kind: 'room', groups: [] }
  const { rooms } = viewer
  return {
    kind: 'groups',
    groups: named.groups.filter((group) => {
      const within = groups.get(group) ?? []
      return room === undefined ? rooms === 'all' || within.some((one) => rooms.has(one)) : reaches(within, room)
    }),
  }
}
