import { RoomkeeperError } from '../../contract/errors.ts'
import type { ResolvedPolicy } from '../../contract/evaluate.ts'
import type { PersonId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { BuiltInRole, builtInRoles, type Permission } from '../../contract/permissions.ts'
import type { RoomFacts } from '../../contract/policy.ts'
import type { Chain, PersonBrief, WhatCan, WhoCan } from '../../contract/policyApi.ts'
import type { Caller } from '../ground/caller.ts'
import type { Store } from '../ground/store/store.ts'
import type { PersonTable, SecurityGroupTable } from '../ground/store/tables.ts'
import { type Held, isTold, type Viewer, viewerOf, type Way, wayScope, whatCan, whoCan } from './explain.ts'
import { subjectOf } from './resolved.ts'
import type { AccessService } from './service.ts'

/** Explanations of access with names, as far as whoever asks may be told (ACC-7). */

type Person = ReturnType<typeof subjectOf> & Pick<PersonTable, 'name' | 'email' | 'directory'>
const personOf = (row: PersonTable): Person => ({ ...subjectOf(row), name: row.name, email: row.email, directory: row.directory })

/** Where the policy is known, looked up already. */
interface Sources {
  readonly store: Store
  readonly access: Pick<AccessService, 'resolved'>
}

interface Context {
  readonly viewer: Viewer
  readonly resolved: ResolvedPolicy
  readonly facts: ReadonlyMap<RoomId, RoomFacts>
  readonly securityGroups: ReadonlyMap<string, SecurityGroupTable>
  /** Of custom roles and room groups, by id. */
  readonly names: ReadonlyMap<string, string>
}

const groupKey = ({ directory, id }: Pick<SecurityGroupTable, 'directory' | 'id'>): string => `${directory}/${id}`

async function contextOf({ store, access: service }: Sources, { tenant, access }: Caller): Promise<Context> {
  const read = store.read(tenant, 'wholeTenant')
  const securityGroups = await read.tables.securityGroup().selectAll().execute()
  const resolved = await service.resolved(tenant)
  const { roles, groups } = resolved.policy
  return {
    viewer: viewerOf(access),
    resolved,
    facts: await read.roomFacts(),
    securityGroups: new Map(securityGroups.map((group) => [groupKey(group), group])),
    names: new Map([...roles, ...groups].map(({ id, name }) => [id, name])),
  }
}

/**
 * Who holds a permission, on a room or anywhere.
 * @throws RoomkeeperError access.outOfScope for a room that does not exist or lies outside the caller's.
 */
export async function explainWho(sources: Sources, caller: Caller, permission: Permission, room?: RoomId): Promise<WhoCan> {
  const context = await contextOf(sources, caller)
  const { viewer, resolved, facts } = context
  if (room !== undefined && !(facts.has(room) && isSeen(viewer, room))) throw new RoomkeeperError('access.outOfScope')
  let query = sources.store.read(caller.tenant, 'wholeTenant').tables.person().selectAll().where('removedAt', 'is', null)
  if (viewer.link !== null) query = query.where('link', '=', viewer.link)
  const found = whoCan(resolved, (await query.execute()).map(personOf), permission, room, viewer)
  found.sort((a, b) => a.subject.name.localeCompare(b.subject.name) || (a.subject.id < b.subject.id ? -1 : 1))
  const people = found.slice(0, limits.peopleNamed).map(({ subject, ways }) => ({
    person: briefOf(subject, resolved),
    chains: ways.map((way) => chainOf(way, subject, context, room)),
  }))
  return { permission, room: room ?? null, total: found.length, people, directoryDown: isDirectoryDown(context, permission) }
}

/**
 * What a person holds, permission by permission.
 * @throws RoomkeeperError access.outOfScope for who is not here, is another link's, or has nothing within the caller's rooms.
 */
export async function explainWhat(sources: Sources, caller: Caller, id: PersonId): Promise<WhatCan> {
  const context = await contextOf(sources, caller)
  const { viewer, resolved, facts } = context
  const row = await sources.store.read(caller.tenant, 'wholeTenant').tables.person().selectAll().where('id', '=', id).executeTakeFirst()
  if (!row || (viewer.link !== null && row.link !== viewer.link)) throw new RoomkeeperError('access.outOfScope')
  const person = personOf(row)
  const held = whatCan(resolved, person, viewer)
  if (held.length === 0 && viewer.rooms !== 'all' && id !== caller.person) throw new RoomkeeperError('access.outOfScope')
  const seen = held.find(({ permission }) => permission === 'rooms.view')
  const rooms = seen ? roomsOf(seen.scope, facts) : []
  return {
    person: briefOf(person, resolved),
    permissions: held.map(({ permission, scope, ways }) => ({
      permission,
      all: scope === 'all',
      rooms: scope === 'all' ? facts.size : scope.size,
      chains: ways.map((way) => chainOf(way, person, context)),
    })),
    rooms: rooms.slice(0, limits.listRows).map(({ id: room, name, place }) => ({ id: room, name, building: place.building })),
    roomsTotal: rooms.length,
  }
}

const isSeen = ({ rooms }: Viewer, room: RoomId): boolean => rooms === 'all' || rooms.has(room)

function roomsOf(scope: Held['scope'], facts: Context['facts']): RoomFacts[] {
  const rooms = scope === 'all' ? [...facts.values()] : [...scope].flatMap((room) => facts.get(room) ?? [])
  const order = new Intl.Collator('en', { numeric: true })
  return rooms.sort((a, b) => order.compare(a.place.building, b.place.building) || order.compare(a.name, b.name) || (a.id < b.id ? -1 : 1))
}

const partnerOf = (person: Person, { links }: ResolvedPolicy): string | undefined =>
  person.link === null ? undefined : links.get(person.link)?.link.partnerName

function briefOf(person: Person, resolved: ResolvedPolicy): PersonBrief {
  const organisation = partnerOf(person, resolved)
  return {
    id: person.id,
    name: person.name,
    email: person.email,
    link: person.link,
    ...(organisation === undefined ? {} : { organisation }),
  }
}

/** A way in words: person → (security group) → assignment → role → scope. */
function chainOf(way: Way, person: Person, { viewer, resolved, facts, securityGroups, names }: Context, room?: RoomId): Chain {
  const rooms = (some: 'all' | readonly RoomId[]): number =>
    some === 'all'
      ? viewer.rooms === 'all'
        ? facts.size
        : viewer.rooms.size
      : viewer.rooms === 'all'
        ? some.length
        : some.filter((one) => isSeen(viewer, one)).length
  if (way.kind === 'globalAdministrator') return { kind: way.kind, rooms: rooms('all') }
  const { granted, group: groupId } = way
  const { assignment } = granted
  const group = groupId === null ? undefined : securityGroups.get(groupKey({ directory: person.directory, id: groupId }))
  const builtIn = BuiltInRole.safeParse(assignment.role)
  const scope = wayScope(resolved, granted, room, viewer)
  const partner = partnerOf(person, resolved)
  return {
    kind: way.kind,
    ...(groupId === null ? {} : { group: { id: groupId, name: group?.name ?? groupId, readAt: group?.readAt ?? null } }),
    assignment: { id: assignment.id, name: assignment.name },
    role: {
      id: assignment.role,
      builtIn: builtIn.success,
      name: builtIn.success ? builtInRoles[builtIn.data].en : (names.get(assignment.role) ?? assignment.role),
    },
    scope: { kind: scope.kind, groups: scope.groups.map((id) => names.get(id) ?? id) },
    rooms: rooms(granted.scope),
    ...(partner === undefined ? {} : { partner }),
  }
}

/** Whether a security group through which the permission may be held could not be read of late: people may be missing. */
function isDirectoryDown({ resolved, securityGroups, viewer }: Context, permission: Permission): boolean {
  const down = new Set([...securityGroups.values()].flatMap(({ id, failedAt }) => (failedAt === null ? [] : [id])))
  if (down.size === 0) return false
  for (const granted of resolved.assignments.values()) {
    const { assignment, permissions } = granted
    if (!isTold(viewer, granted)) continue
    if (permissions.includes(permission) && assignment.members.some(({ kind, id }) => kind === 'group' && down.has(id))) return true
  }
  return false
}
