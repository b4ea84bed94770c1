import { type Access, type Grant, may, type Scope, scopeOf, tenantManagerRole } from './access.ts'
import type { AssignmentId, GroupId, LinkId, PersonId, RoomId } from './ids.ts'
import { BuiltInRole, builtInRoles, Permission } from './permissions.ts'
import type { Assignment, AssignmentScope, GroupRule, Link, Policy, RoomFacts } from './policy.ts'

/**
 * The rule of access (ACC-6, PAR-4): from a tenant's policy and its rooms to what one person may do. Pure: the service
 * decides with it, previews a change with it before it is saved, and explains with it.
 */

/** One assignment with its role and scope looked up: what it gives to each of its members. */
export interface ResolvedAssignment {
  readonly assignment: Assignment
  /** Of a role of the tenant's or the partner's own. */
  readonly roleName?: string | undefined
  readonly permissions: readonly Permission[]
  /** Cut to the link's rooms, for a partner's. Sorted, so that equal access is equal text. */
  readonly scope: Scope
}

export interface ResolvedPolicy {
  readonly policy: Policy
  readonly assignments: ReadonlyMap<AssignmentId, ResolvedAssignment>
  /** The assignments that name a member, by `memberKey`. */
  readonly byMember: ReadonlyMap<string, readonly ResolvedAssignment[]>
  /** The rooms of each group, sorted. */
  readonly groups: ReadonlyMap<GroupId, readonly RoomId[]>
  readonly links: ReadonlyMap<LinkId, { readonly link: Link; readonly scope: Scope }>
}

/** Someone whose access is asked for. */
export interface Subject {
  readonly id: PersonId
  /** The directory's object id: an assignment may name someone who has never signed in by it. */
  readonly objectId: string
  /** Of their own tenant's directory; counts for nothing in a customer's. */
  readonly globalAdministrator: boolean
  readonly groups: readonly string[]
  /** The link under which they are in this tenant; null: it is their own. */
  readonly link: LinkId | null
  /** Their directory has no such account any more: nothing reaches them. */
  readonly removed: boolean
}

/** Under what a member is found in `byMember`: people of a partner are others than those of the tenant itself. */
export const memberKey = (link: LinkId | null, kind: 'person' | 'group', id: string): string => `${link ?? ''}/${kind}/${id}`

/** Looks up roles, groups and links of a policy once, for any number of people. Costs as much as it names, plus rooms × rules. */
export function resolvePolicy(policy: Policy, rooms: Iterable<RoomFacts>): ResolvedPolicy {
  const groups = groupsOf(policy, rooms)
  const links = new Map<LinkId, { link: Link; scope: Scope }>()
  for (const link of policy.links) links.set(link.id, { link, scope: roomsOf(link.scope, groups) })
  const roles = new Map(policy.roles.map((role) => [role.id, role]))
  const assignments = new Map<AssignmentId, ResolvedAssignment>()
  const byMember = new Map<string, ResolvedAssignment[]>()
  for (const assignment of [...policy.assignments].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const linked = assignment.link === null ? null : links.get(assignment.link)
    if (linked === undefined || (linked !== null && linked.link.status !== 'active')) continue
    const builtIn = BuiltInRole.safeParse(assignment.role)
    const custom = roles.get(assignment.role)
    let held: readonly Permission[]
    let fixed = false
    if (builtIn.success) {
      if (builtInRoles[builtIn.data].side !== (linked === null ? 'customer' : 'partner')) continue
      held = builtInRoles[builtIn.data].permissions
      fixed = builtInRoles[builtIn.data].scopeFixedToAll
    } else if (custom?.link === assignment.link) held = custom.permissions
    else if (assignment.role === tenantManagerRole && linked === null) held = []
    else continue
    const named: Scope = fixed ? 'all' : roomsOf(assignment.scope, groups)
    const resolved: ResolvedAssignment = {
      assignment,
      roleName: builtIn.success ? undefined : custom?.name,
      permissions: linked === null ? held : held.filter((permission) => mayHold(linked.link, permission)),
      scope: linked === null ? named : assignment.builtIn ? linked.scope : both(named, linked.scope),
    }
    assignments.set(assignment.id, resolved)
    for (const { kind, id } of assignment.members) {
      const key = memberKey(assignment.link, kind, id)
      const there = byMember.get(key)
      if (there) there.push(resolved)
      else byMember.set(key, [resolved])
    }
  }
  return { policy, assignments, byMember, groups, links }
}

/** What a partner's people can hold at all: the Primary Admin's permissions, and remote access where the customer allows it. */
export const mayHold = (link: Pick<Link, 'remoteAccess'>, permission: Permission): boolean =>
  builtInRoles.primaryAdmin.permissions.includes(permission) || (link.remoteAccess && permission.startsWith('remoteAccess.'))

/** The assignments that reach someone, directly or through a security group, each once, in the order of their ids. */
export function assignmentsOf({ byMember }: ResolvedPolicy, subject: Subject): ResolvedAssignment[] {
  if (subject.removed) return []
  const found = new Set<ResolvedAssignment>()
  const add = (kind: 'person' | 'group', id: string): void => {
    for (const resolved of byMember.get(memberKey(subject.link, kind, id)) ?? []) found.add(resolved)
  }
  add('person', subject.id)
  add('person', subject.objectId)
  for (const group of subject.groups) add('group', group)
  return [...found].sort((a, b) => (a.assignment.id < b.assignment.id ? -1 : 1))
}

/** What someone may do in this tenant (ACC-6): the union of their assignments, each cut to its scope. */
export function accessOf(resolved: ResolvedPolicy, subject: Subject): Access {
  const grants: Grant[] = assignmentsOf(resolved, subject).map(({ assignment, roleName, permissions, scope }) => ({
    assignment: assignment.id,
    role: assignment.role,
    ...(roleName === undefined ? {} : { roleName }),
    permissions: [...permissions],
    // The same list for everyone whom the assignment reaches; nobody changes it.
    scope,
  }))
  const globalAdministrator = subject.globalAdministrator && subject.link === null && !subject.removed
  return { globalAdministrator, grants, ...(subject.link === null ? {} : { link: subject.link }) }
}

type RuleField = GroupRule['conditions'][number]['field']
/** A room's texts as rules compare them. */
type PlainRoom = { readonly [Field in RuleField]?: string }

/** Whether rooms meet a rule. Case and accents as typed by people do not matter. */
export function ruleTest(rule: GroupRule): (room: RoomFacts) => boolean {
  const meets = plainTest(rule)
  const fields = fieldsOf([rule])
  return (room) => meets(plainRoom(room, fields))
}

function plainTest({ match, conditions }: GroupRule): (room: PlainRoom) => boolean {
  const tests = conditions.map(({ field, is, value }) => {
    const wanted = plain(value)
    return (room: PlainRoom): boolean => {
      const has = room[field] ?? ''
      switch (is) {
        case 'equal':
          return has === wanted
        case 'notEqual':
          return has !== wanted
        case 'contains':
          return has.includes(wanted)
        case 'startsWith':
          return has.startsWith(wanted)
      }
    }
  })
  return (room) => (match === 'all' ? tests.every((test) => test(room)) : tests.some((test) => test(room)))
}

const fieldsOf = (rules: readonly GroupRule[]): ReadonlySet<RuleField> =>
  new Set(rules.flatMap(({ conditions }) => conditions.map(({ field }) => field)))

function plainRoom(room: RoomFacts, fields: ReadonlySet<RuleField>): PlainRoom {
  const texts: { [Field in RuleField]?: string } = {}
  for (const field of fields) texts[field] = plain(field === 'name' ? room.name : room.place[field])
  return texts
}

/** Texts of rooms come again and again; the newest some are kept. */
const plainTexts = new Map<string, string>()
const plainTextsKept = 50_000

function plain(text: string): string {
  const known = plainTexts.get(text)
  if (known !== undefined) return known
  if (plainTexts.size >= plainTextsKept) plainTexts.clear()
  const made = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().trim()
  plainTexts.set(text, made)
  return made
}

interface Ruled {
  readonly group: GroupId
  readonly meets: (room: PlainRoom) => boolean
}

/** The rules of groups, found by a text that a room must have where there is one: most name a building. */
function rulesByText(groups: Policy['groups']): {
  readonly fields: ReadonlySet<RuleField>
  readonly for: (room: PlainRoom) => Iterable<Ruled>
} {
  const byText = new Map<string, Ruled[]>()
  const others: Ruled[] = []
  const fields = fieldsOf(groups.flatMap(({ rule }) => rule ?? []))
  for (const { id, rule } of groups) {
    if (!rule) continue
    const ruled = { group: id, meets: plainTest(rule) }
    const must = rule.match === 'all' || rule.conditions.length === 1 ? rule.conditions.find(({ is }) => is === 'equal') : undefined
    if (!must) others.push(ruled)
    else {
      const key = `${must.field}:${plain(must.value)}`
      byText.set(key, [...(byText.get(key) ?? []), ruled])
    }
  }
  return {
    fields,
    for: function* (room) {
      yield* others
      for (const field of fields) yield* byText.get(`${field}:${room[field]}`) ?? []
    },
  }
}

function groupsOf({ groups }: Policy, rooms: Iterable<RoomFacts>): Map<GroupId, RoomId[]> {
  const found = new Map(groups.map(({ id, rooms: named }) => [id, new Set(named)]))
  const rules = rulesByText(groups)
  if (rules.fields.size > 0) {
    for (const room of rooms) {
      const texts = plainRoom(room, rules.fields)
      for (const { group, meets } of rules.for(texts)) if (meets(texts)) found.get(group)?.add(room.id)
    }
  }
  return new Map([...found].map(([id, some]) => [id, [...some].sort()]))
}

function roomsOf(scope: AssignmentScope, groups: ReadonlyMap<GroupId, readonly RoomId[]>): Scope {
  if (scope === 'all') return 'all'
  const rooms = new Set(scope.rooms)
  for (const group of scope.groups) for (const room of groups.get(group) ?? []) rooms.add(room)
  return [...rooms].sort()
}

function both(one: Scope, other: Scope): Scope {
  if (one === 'all') return other
  if (other === 'all') return one
  const rooms = new Set(other)
  return one.filter((room) => rooms.has(room))
}

/** What becomes other for one person: rooms on which they gain or lose any permission, and the permissions themselves. */
export interface AccessChange {
  readonly roomsGained: readonly RoomId[]
  readonly roomsLost: readonly RoomId[]
  readonly permissionsGained: readonly Permission[]
  readonly permissionsLost: readonly Permission[]
}

/** The difference between what someone may do before and after; undefined where there is none. `rooms`: all of the tenant. */
export function accessChange(before: Access, after: Access, rooms: readonly RoomId[]): AccessChange | undefined {
  const gained = new Set<RoomId>()
  const lost = new Set<RoomId>()
  const permissionsGained: Permission[] = []
  const permissionsLost: Permission[] = []
  for (const permission of Permission.options) {
    const [had, has] = [may(before, permission), may(after, permission)]
    if (!had && !has) continue
    if (!had) permissionsGained.push(permission)
    if (!has) permissionsLost.push(permission)
    const [was, now] = [scopeOf(before, permission), scopeOf(after, permission)]
    if (was === 'all' && now === 'all') continue
    for (const room of now === 'all' ? rooms : now) if (was !== 'all' && !was.has(room)) gained.add(room)
    for (const room of was === 'all' ? rooms : was) if (now !== 'all' && !now.has(room)) lost.add(room)
  }
  if (gained.size + lost.size + permissionsGained.length + permissionsLost.length === 0) return undefined
  return { roomsGained: [...gained], roomsLost: [...lost], permissionsGained, permissionsLost }
}
