import { type Access, isProManager, may, type Power, powers, powersOf, type Scope, scopeOf, scopeOfPower } from './access.ts'
import type { ResolvedAssignment, ResolvedPolicy } from './evaluate.ts'
import { AssignmentId, type LinkId, RoleId, type RoomId } from './ids.ts'
import { builtInRoles, type Permission } from './permissions.ts'
import type { Assignment, AssignmentScope } from './policy.ts'

/**
 * Which changes of a policy are whose to make (ACC-6, PAR-4): nobody gives more than they hold, and nobody changes what others
 * hold over rooms where they do not manage roles. Pure, of two whole policies and not of the command that lies between them.
 */

/** What an assignment gives: permissions of its role, and the powers that a built-in role has beyond them. */
export type Given = Permission | Power

const isPower = (given: Given): given is Power => powers.some((power) => power === given)

const givenBy = ({ assignment, permissions }: ResolvedAssignment): readonly Given[] => [...permissions, ...powersOf(assignment.role)]

/** What a change gives that the one who makes it may not give. */
export interface Escalation {
  readonly assignment: AssignmentId
  readonly given: Given
  /** A room on which it is not theirs to give; 'all': over all rooms, those to come included. */
  readonly room: RoomId | 'all'
}

/** The rooms over which this person may give something to others, to those of `to` (null: of the tenant itself); Pro Managers apart. */
function scopeToGive({ links }: ResolvedPolicy, maker: Access, given: Given, to: LinkId | null): 'all' | ReadonlySet<RoomId> {
  if (given === 'lendRemote' && maker.link === undefined) {
    // What the customer does not allow cannot be lent; allowing it later is asked of who does.
    return to !== null && links.get(to)?.link.remoteAccess ? scopeOf(maker, 'remoteAccess.modify') : 'all'
  }
  if (isPower(given)) return scopeOfPower(maker, given)
  const lends = given.startsWith('remoteAccess.') && maker.link !== undefined && links.get(maker.link)?.link.remoteAccess
  if (!lends) return scopeOf(maker, given)
  const lent = maker.grants.filter(({ role }) => powersOf(role).includes('lendRemote')).map((grant) => ({ ...grant, permissions: [given] }))
  return scopeOf({ ...maker, grants: [...maker.grants, ...lent] }, given)
}

/** The first of these permissions that its maker may put into no role; undefined: all of them are theirs to give. */
export function permissionBeyond(resolved: ResolvedPolicy, maker: Access, permissions: readonly Permission[]): Permission | undefined {
  if (isProManager(maker)) return undefined
  return permissions.find((permission) => {
    const rooms = scopeToGive(resolved, maker, permission, maker.link ?? null)
    return !may(maker, permission) && rooms !== 'all' && rooms.size === 0
  })
}

/**
 * The first thing that a change gives beyond what its maker holds; undefined: nothing. A Pro Manager may grant any
 * permission, anyone else at most what they hold, powers included, over rooms they hold and by what brings rooms to come to
 * them, too; so nobody widens their own scope. An invitation gives what a Primary Admin holds. A primary admin may also give
 * the remote access that the customer allows the partner, over the rooms where they are one.
 */
export function escalationOf(before: ResolvedPolicy, after: ResolvedPolicy, maker: Access): Escalation | undefined {
  if (isProManager(maker)) return undefined
  const [growthBefore, growthAfter] = [growthOf(before, maker), growthOf(after, maker)]
  const promised = promisedBy(before)
  const pairs = [
    ...[...after.assignments].map(([id, now]) => [now, before.assignments.get(id)] as const),
    ...[...promisedBy(after)].map(([link, now]) => [now, promised.get(link)] as const),
  ]
  for (const [now, was] of pairs) {
    const { id } = now.assignment
    // Whoever is named anew gains all of it.
    const had = was && namesAll(was, now) ? was : undefined
    const come = growthAfter(now)
    for (const given of givenBy(now)) {
      const stays = had !== undefined && givenBy(had).includes(given)
      const mine = scopeToGive(after, maker, given, now.assignment.link)
      const held: 'all' | ReadonlySet<RoomId> = stays ? asScope(had.scope) : noRooms
      if (mine === 'all' || held === 'all') continue
      if (now.scope === 'all') return { assignment: id, given, room: 'all' }
      const beyond = now.scope.find((room) => !held.has(room) && !mine.has(room))
      if (beyond !== undefined) return { assignment: id, given, room: beyond }
      // What is about no room at all (roles, a power) is given by an assignment over none, too.
      if (!stays && mine.size === 0 && !waysToGive(before, maker, given).length) return { assignment: id, given, room: 'all' }
      const there = new Set(stays ? growthBefore(had) : [])
      if (come.every((source) => there.has(source))) continue
      const mineToCome = new Set(waysToGive(before, maker, given).flatMap(growthBefore))
      if (!come.every((source) => there.has(source) || covers(mineToCome, source))) return { assignment: id, given, room: 'all' }
    }
  }
  return undefined
}

/** What invitations give once they are accepted, to whoever accepts: as much as "Assigned admins" of that link would. */
function promisedBy({ links }: ResolvedPolicy): Map<LinkId, ResolvedAssignment> {
  const found = new Map<LinkId, ResolvedAssignment>()
  for (const { link, scope } of links.values()) {
    if (link.status !== 'invited') continue
    const id = AssignmentId.parse(link.id)
    const assignment: Assignment = {
      id,
      link: link.id,
      role: RoleId.parse('primaryAdmin'),
      name: '',
      description: '',
      notify: false,
      members: [],
      scope: link.scope,
      builtIn: true,
    }
    found.set(link.id, { assignment, permissions: builtInRoles.primaryAdmin.permissions, scope })
  }
  return found
}

const wholeLink = 'link'
const withinLink = 'link: '

/** Who holds all of the link gets whatever comes into it, as it comes into it now. */
const covers = (mineToCome: ReadonlySet<string>, source: string): boolean =>
  mineToCome.has(source) || (mineToCome.has(wholeLink) && !source.startsWith(withinLink))

/**
 * By what rooms to come fall into an assignment's scope, as text: all of the link, which the customer extends; a group,
 * which others extend; a group's rule; of a partner's, what brings rooms into the link. Rooms by name bring none.
 */
function growthOf({ policy, links }: ResolvedPolicy, maker: Access): (resolved: ResolvedAssignment) => readonly string[] {
  const groups = new Map(
    policy.groups.map(({ id, rule }) => [
      id,
      rule
        ? [`group ${id}`, JSON.stringify([rule.match, ...rule.conditions.map(({ field, is, value }) => [field, is, value])])]
        : [`group ${id}`],
    ]),
  )
  const growth = (scope: AssignmentScope, whole: string): string[] =>
    scope === 'all' ? [whole] : scope.groups.flatMap((group) => groups.get(group) ?? [])
  return ({ assignment: { link, builtIn, scope } }) => {
    const own = growth(builtIn ? 'all' : scope, link === null ? 'all' : wholeLink)
    if (link === null || own.length === 0) return own
    const linked = growth(links.get(link)?.link.scope ?? 'all', 'all')
    // The customer says itself what the link is over; a group of the customer's may be what a partner's own assignment is over.
    if (maker.link === undefined) return [...own.filter((source) => source !== wholeLink), ...linked]
    return [...own, ...linked.map((source) => withinLink + source)]
  }
}

/** The assignments by which this person holds something, or, of remote access, may lend it. */
const waysToGive = ({ assignments }: ResolvedPolicy, maker: Access, given: Given): ResolvedAssignment[] =>
  maker.grants
    .filter(({ role, permissions }) => {
      const beyond = powersOf(role)
      return isPower(given)
        ? beyond.includes(given)
        : permissions.includes(given) || (given.startsWith('remoteAccess.') && beyond.includes('lendRemote'))
    })
    .flatMap((grant) => assignments.get(grant.assignment) ?? [])

/**
 * Whether a change of roles or assignments takes something over a room on which its maker does not hold roles.modify, or over rooms
 * to come that are not its maker's: a group's, in place of which its rooms of today are named, or all of the link.
 * An assignment over no room is the tenant's; a link's own is any of its managers'.
 */
export function takesBeyond(before: ResolvedPolicy, after: ResolvedPolicy, maker: Access): boolean {
  const mine = scopeOf(maker, 'roles.modify')
  if (mine === 'all') return false
  const [growthBefore, growthAfter] = [growthOf(before, maker), growthOf(after, maker)]
  const mineToCome = new Set(waysToGive(before, maker, 'roles.modify').flatMap(growthBefore))
  for (const [id, was] of before.assignments) {
    const now = after.assignments.get(id)
    const whole = now === undefined || !was.permissions.every((permission) => now.permissions.includes(permission)) || !namesAll(now, was)
    const stays = whole ? noRooms : asScope(now.scope)
    if (stays === 'all') continue
    if (was.scope === 'all' || was.scope.some((room) => !stays.has(room) && !mine.has(room))) return true
    if (whole && was.scope.length === 0 && maker.link === undefined) return true
    const come = new Set(whole ? [] : growthAfter(now))
    if (growthBefore(was).some((source) => !come.has(source) && !covers(mineToCome, source))) return true
  }
  return false
}

/** Whether an assignment is over some room on which this person does not hold roles.modify: then it is not theirs alone. */
export function isBeyond({ assignment, scope }: ResolvedAssignment, maker: Access): boolean {
  const mine = scopeOf(maker, 'roles.modify')
  if (mine === 'all') return false
  // One over no room is the tenant's; a link's own is any of its managers'.
  return scope === 'all' || scope.some((room) => !mine.has(room)) || (scope.length === 0 && assignment.link === null)
}

/** Whether a role reaches, through some assignment, rooms on which this person does not hold roles.modify. */
export const roleIsBeyond = ({ assignments }: ResolvedPolicy, role: RoleId, maker: Access): boolean =>
  [...assignments.values()].some((one) => one.assignment.role === role && isBeyond(one, maker))

/**
 * Whether a change of groups alone changes who reaches some room on which its maker does not hold roles.modify: what is
 * assigned, or promised to a partner, over a group gets another room or loses one, today or by another rule.
 */
export function regroupsBeyond(before: ResolvedPolicy, after: ResolvedPolicy, maker: Access): boolean {
  const mine = scopeOf(maker, 'roles.modify')
  if (mine === 'all') return false
  const [growthBefore, growthAfter] = [growthOf(before, maker), growthOf(after, maker)]
  const promised = promisedBy(after)
  const pairs = [
    ...[...before.assignments].map(([id, was]) => [was, after.assignments.get(id)] as const),
    ...[...promisedBy(before)].map(([id, was]) => [was, promised.get(id)] as const),
  ]
  return pairs.some(([was, now]) => {
    if (!now || was.scope === 'all' || now.scope === 'all') return false
    const [had, has] = [new Set(was.scope), new Set(now.scope)]
    return [...had.symmetricDifference(has)].some((room) => !mine.has(room)) || growthBefore(was).join() !== growthAfter(now).join()
  })
}

/** Whether an assignment names all members of another one. */
const namesAll = ({ assignment: { members } }: ResolvedAssignment, other: ResolvedAssignment): boolean =>
  other.assignment.members.every((member) => members.some((one) => one.kind === member.kind && one.id === member.id))

const noRooms: ReadonlySet<RoomId> = new Set()

const asScope = (scope: Scope): 'all' | ReadonlySet<RoomId> => (scope === 'all' ? 'all' : new Set(scope))
