import { tenantManagerRole } from '../../contract/access.ts'
import { AssignmentId, GroupId, LinkId, RoleId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { plainName } from '../../contract/names.ts'
import { BuiltInRole, builtInRoles } from '../../contract/permissions.ts'
import type { Assignment, AssignmentScope, CustomRole, Link, Policy, RoomGroup } from '../../contract/policy.ts'
import type { Effect } from '../../contract/policyApi.ts'
import type { Ids } from '../../contract/system.ts'
import { builtInNames, isBuiltInRole } from '../access/names.ts'
import { domainOf } from '../directory/domains.ts'
import type { FileScope, ParsedPolicy } from './parse.ts'

/** Made (no `before`), changed, or removed (no `after`). */
export interface Change<Before, After = Before> {
  readonly before: Before | undefined
  readonly after: After | undefined
}

/** A partner as the file wants it. `days`: it is invited, and the invitation waits so long. */
export type WantedPartner = Pick<Link, 'id' | 'domain' | 'changeControl' | 'scope' | 'remoteAccess' | 'multiFactor'> & {
  readonly days: number | null
}

/** What an import changes; what stays as it is, is not in it. */
export interface PolicyDifference {
  readonly roles: readonly Change<CustomRole>[]
  readonly groups: readonly Change<RoomGroup>[]
  readonly assignments: readonly Change<Assignment>[]
  readonly partners: readonly Change<Link, WantedPartner>[]
}

export interface PresentPolicy {
  readonly policy: Policy
  readonly rooms: ReadonlyMap<RoomId, unknown>
  /** Integer UTC ms: invitations that have expired by then may be made again. */
  readonly now: number
  /** Of what is new. */
  readonly ids: Ids
}

/**
 * What a file changes of the customer's own policy. Everything in it is checked against the file itself and the rooms
 * there are; what partners made of their own is left alone.
 * @throws RoomkeeperError policy.fileInvalid, naming the line and field
 */
export function policyDifference({ file, refuse }: ParsedPolicy, { policy, rooms, now, ids }: PresentPolicy): PolicyDifference {
  const own = {
    roles: policy.roles.filter(({ link }) => link === null),
    assignments: policy.assignments.filter(({ link }) => link === null),
  }
  const roles = withIds(file.roles, own.roles, () => RoleId.parse(ids())).map(({ id, name, description, permissions }): CustomRole => ({
    id,
    link: null,
    name,
    description,
    permissions: [...new Set(permissions)],
  }))
  const groups = withIds(file.groups, policy.groups, () => GroupId.parse(ids())).map(
    ({ id, name, description, rooms: named, rule }, index): RoomGroup => {
      checkRooms(named, ['groups', index, 'rooms'])
      if (named.length === 0 && rule === null) throw refuse(['groups', index], 'Name rooms, or give a rule that finds them.')
      return { id, name, description, rooms: [...new Set(named)], rule }
    },
  )
  const roleIds = referencesOf(roles)
  const groupIds = referencesOf(groups)
  const assignments = withIds(file.assignments, own.assignments, () => AssignmentId.parse(ids())).map(
    ({ id, name, description, role: wanted, notify, members, scope: over }, index): Assignment => {
      const at = ['assignments', index]
      const role = roleOf(wanted) ?? roleIds.get(wanted) ?? roleIds.get(plainName(wanted))
      if (role === undefined)
        throw refuse([...at, 'role'], `There is no role "${wanted}" in this file, and no built-in one of the customer.`)
      if (over !== 'all' && BuiltInRole.safeParse(role).data === 'proManager')
        throw refuse([...at, 'scope'], 'This role covers all rooms; its scope is "all".')
      const distinct = new Map(members.map((member) => [`${member.kind}/${member.id}`, { kind: member.kind, id: member.id }]))
      return {
        id,
        link: null,
        role,
        name,
        description,
        notify,
        members: [...distinct.values()],
        scope: scopeOf(over, [...at, 'scope']),
        builtIn: false,
      }
    },
  )
  for (const [index, { id }] of roles.entries()) {
    if (isBuiltInRole(id)) throw refuse(['roles', index, 'id'], 'This is a built-in role, which cannot be changed.')
    if (policy.roles.some((role) => role.id === id && role.link !== null)) throw refuse(['roles', index, 'id'], "This is a partner's role.")
  }
  const foreign = new Set(policy.assignments.filter(({ link }) => link !== null).map(({ id }) => id))
  for (const [index, { id }] of assignments.entries())
    if (foreign.has(id)) throw refuse(['assignments', index, 'id'], "This is a partner's assignment.")
  checkDistinct('roles', roles, own.roles, builtInNames)
  checkDistinct('groups', groups, policy.groups)
  checkDistinct('assignments', assignments, own.assignments)
  const managers = assignments.flatMap(({ role }, index) => (role === tenantManagerRole ? [index] : []))
  if (managers[1] !== undefined) throw refuse(['assignments', managers[1], 'role'], 'There is one assignment of tenant managers at most.')
  for (const [section, most] of [
    ['roles', limits.rolesPerTenant],
    ['groups', limits.groupsPerTenant],
    ['assignments', limits.assignmentsPerTenant],
    ['partners', limits.linksPerTenant],
  ] as const) {
    if (file[section].length > most) throw refuse([section, most], `There may be ${most} of these at most.`)
  }
  const partners = partnerChanges()
  const ended = new Set(partners.flatMap(({ before, after }) => (before && !after ? [before.id] : [])))
  const stay = new Set(groups.map(({ id }) => id))
  for (const { name, link, scope, builtIn } of policy.assignments) {
    if (link === null || builtIn || scope === 'all' || ended.has(link)) continue
    const gone = policy.groups.find(({ id }) => scope.groups.includes(id) && !stay.has(id))
    if (gone) throw refuse(['groups'], `The room group "${gone.name}" has to stay: a partner's assignment "${name}" names it.`)
  }

  return {
    roles: changes(own.roles, roles, roleText),
    groups: changes(policy.groups, groups, groupText),
    assignments: changes(own.assignments, assignments, assignmentText),
    partners,
  }

  function partnerChanges(): Change<Link, WantedPartner>[] {
    const found: Change<Link, WantedPartner>[] = []
    const seen = new Set<string>()
    const kept = new Set<LinkId>()
    for (const [
      index,
      { id, domain: typed, changeControl, scope: over, remoteAccess, multiFactor, expiresInDays, agreeToTerms },
    ] of file.partners.entries()) {
      const at = ['partners', index]
      const domain = domainAt(typed, [...at, 'domain'])
      if (seen.has(domain)) throw refuse([...at, 'domain'], `"${domain}" stands here twice.`)
      seen.add(domain)
      const scope = scopeOf(over, [...at, 'scope'])
      const wanted = { domain, changeControl, scope, remoteAccess, multiFactor }
      const known = policy.links.find((link) => link.id === id) ?? policy.links.find((link) => link.domain === domain)
      if (known && known.domain !== domain)
        throw refuse([...at, 'domain'], `The domain of this partner is ${known.domain}. Remove it, and invite the other one without an id.`)
      const again = known?.status === 'invited' && known.expiresAt <= now && expiresInDays !== undefined
      if (known && !again) {
        kept.add(known.id)
        const after = { ...wanted, id: known.id, days: null }
        if (linkText(known) !== linkText(after)) found.push({ before: known, after })
        continue
      }
      if (expiresInDays === undefined)
        throw refuse(at, `"${domain}" is not linked yet: say in "expiresInDays" how long the invitation waits.`)
      if (agreeToTerms === undefined) throw refuse(at, `"${domain}" is not linked yet: an invitation needs "agreeToTerms: true".`)
      // An invitation that expired makes room for the new one.
      if (known) kept.add(known.id)
      found.push({
        before: undefined,
        after: { ...wanted, id: known ? LinkId.parse(ids()) : (id ?? LinkId.parse(ids())), days: expiresInDays },
      })
    }
    return [...found, ...policy.links.filter(({ id }) => !kept.has(id)).map((before) => ({ before, after: undefined }))]
  }

  function domainAt(typed: string, path: readonly (string | number)[]): string {
    try {
      return domainOf(typed)
    } catch {
      throw refuse(path, `"${typed}" is not a domain name.`)
    }
  }

  function checkRooms(named: readonly RoomId[], path: readonly (string | number)[]): void {
    const index = named.findIndex((room) => !rooms.has(room))
    if (index >= 0) throw refuse([...path, index], `There is no room ${named[index]}.`)
  }

  function scopeOf(scope: FileScope, path: readonly (string | number)[]): AssignmentScope {
    if (scope === 'all') return scope
    if (scope.rooms.length + scope.groups.length === 0) throw refuse(path, 'Name at least one room or room group, or "all".')
    checkRooms(scope.rooms, [...path, 'rooms'])
    const found = scope.groups.map((wanted, index) => {
      const id = groupIds.get(wanted) ?? groupIds.get(plainName(wanted))
      if (id === undefined) throw refuse([...path, 'groups', index], `There is no room group "${wanted}" in this file.`)
      return id
    })
    return { rooms: [...new Set(scope.rooms)], groups: [...new Set(found)] }
  }

  /** No id and no name twice. Two that had the same name before may keep it. */
  function checkDistinct(section: string, items: readonly Named[], before: readonly Named[], reserved: readonly Named[] = []): void {
    const names = new Map(reserved.map((one) => [plainName(one.name), one]))
    const was = new Map(before.map((one) => [one.id, plainName(one.name)]))
    const ids = new Set<string>()
    for (const [index, one] of items.entries()) {
      if (ids.has(one.id)) throw refuse([section, index, 'id'], `The id ${one.id} stands here twice.`)
      ids.add(one.id)
      const name = plainName(one.name)
      const same = names.get(name)
      if (same && !(was.get(one.id) === name && was.get(same.id) === name))
        throw refuse([section, index, 'name'], `There is one called "${same.name}" already.`)
      names.set(name, one)
    }
  }
}

interface Named {
  readonly id: string
  readonly name: string
}

/** Built-in roles of the customer's side, which no file has to bring. */
function roleOf(id: string): RoleId | undefined {
  const builtIn = BuiltInRole.safeParse(id)
  return (builtIn.success && builtInRoles[builtIn.data].side === 'customer') || id === tenantManagerRole ? RoleId.parse(id) : undefined
}

/** Who has no id is the one of that name among those there are, unless another of the file has taken it, or is new. */
function withIds<Id extends string, T extends { readonly id?: Id | undefined; readonly name: string }>(
  items: readonly T[],
  there: readonly { readonly id: Id; readonly name: string }[],
  make: () => Id,
): (T & { id: Id })[] {
  const named = new Set(items.flatMap(({ id }) => (id === undefined ? [] : [id])))
  const free = new Map(there.filter(({ id }) => !named.has(id)).map(({ id, name }) => [plainName(name), id]))
  const take = (name: string): Id | undefined => {
    const id = free.get(name)
    free.delete(name)
    return id
  }
  return items.map((item) => ({ ...item, id: item.id ?? take(plainName(item.name)) ?? make() }))
}

function referencesOf<Id extends string>(items: readonly { readonly id: Id; readonly name: string }[]): Map<string, Id> {
  return new Map([...items.map(({ id, name }) => [plainName(name), id] as const), ...items.map(({ id }) => [String(id), id] as const)])
}

function changes<T extends { readonly id: string }>(before: readonly T[], after: readonly T[], textOf: (item: T) => string): Change<T>[] {
  const was = new Map(before.map((item) => [item.id, item]))
  const now = new Set(after.map(({ id }) => id))
  return [
    ...after.flatMap((item): Change<T>[] => {
      const known = was.get(item.id)
      return known && textOf(known) === textOf(item) ? [] : [{ before: known, after: item }]
    }),
    ...before.filter(({ id }) => !now.has(id)).map((item) => ({ before: item, after: undefined })),
  ]
}

const sorted = (items: readonly string[]): string[] => [...new Set(items)].sort()
const scopeText = (scope: AssignmentScope): unknown => (scope === 'all' ? scope : [sorted(scope.rooms), sorted(scope.groups)])
const ruleText = (rule: RoomGroup['rule']): unknown =>
  rule && [rule.match, rule.conditions.map(({ field, is, value }) => [field, is, value])]
const roleText = ({ name, description, permissions }: CustomRole): string => JSON.stringify([name, description, sorted(permissions)])
const groupText = ({ name, description, rooms, rule }: RoomGroup): string =>
  JSON.stringify([name, description, sorted(rooms), ruleText(rule)])
const assignmentText = ({ name, description, role, notify, members, scope }: Assignment): string =>
  JSON.stringify([name, description, role, notify, sorted(members.map(({ kind, id }) => `${kind}/${id}`)), scopeText(scope)])
const linkText = ({
  changeControl: { rooms, rings, incidents, roles },
  scope,
  remoteAccess,
  multiFactor,
}: Omit<WantedPartner, 'id' | 'domain' | 'days'>): string =>
  JSON.stringify([rooms, rings, incidents, roles, scopeText(scope), remoteAccess, multiFactor])

/** The assignments by which a difference gives or takes something: changed themselves, or in their role, rooms or link. */
export function assignmentsTouched({ roles, groups, assignments, partners }: PolicyDifference, policy: Policy): Set<AssignmentId> {
  const changed = new Set<string>([...roles, ...groups, ...assignments, ...partners].flatMap(({ before }) => (before ? [before.id] : [])))
  const isOver = (scope: AssignmentScope): boolean => scope !== 'all' && scope.groups.some((group) => changed.has(group))
  const links = new Set(policy.links.filter(({ id, scope }) => changed.has(id) || isOver(scope)).map(({ id }) => id))
  const touched = policy.assignments.filter(({ id, role, link, scope }) => {
    return changed.has(id) || changed.has(role) || (link !== null && links.has(link)) || isOver(scope)
  })
  return new Set(touched.map(({ id }) => id))
}

/** The lines of a difference, for whoever looks at it before it is applied. */
export function linesOf({ roles, groups, assignments, partners }: PolicyDifference): Effect['changes'] {
  const kindOf = ({ before, after }: Change<unknown, unknown>): Effect['changes'][number]['change'] =>
    before === undefined ? 'create' : after === undefined ? 'delete' : 'update'
  return [
    ...roles.map((one) => ({ what: 'role' as const, name: (one.after ?? one.before)?.name ?? '', change: kindOf(one) })),
    ...groups.map((one) => ({ what: 'group' as const, name: (one.after ?? one.before)?.name ?? '', change: kindOf(one) })),
    ...assignments.map((one) => ({ what: 'assignment' as const, name: (one.after ?? one.before)?.name ?? '', change: kindOf(one) })),
    ...partners.map((one) => ({ what: 'partner' as const, name: (one.after ?? one.before)?.domain ?? '', change: kindOf(one) })),
  ]
}
