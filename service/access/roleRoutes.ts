import { type Access, scopeOf } from '../../contract/access.ts'
import { type ResolvedPolicy, resolvePolicy } from '../../contract/evaluate.ts'
import { GroupId, RoleId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { BuiltInRole, builtInRoles } from '../../contract/permissions.ts'
import type { Assignment, AssignmentScope, RoomFacts } from '../../contract/policy.ts'
import {
  AssignmentList,
  AssignmentQuery,
  GroupList,
  GroupPreview,
  GroupPreviewRequest,
  GroupQuery,
  type GroupView,
  type Role,
  RoleList,
} from '../../contract/policyApi.ts'
import type { Caller } from '../ground/caller.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import type { AccessDeps } from './deps.ts'
import { isShown, roleIsShown, viewerOf } from './explain.ts'
import { assignmentViews } from './views.ts'

/** Roles, assignments and groups of rooms, as far as the caller may see them (ACC-2, ACC-4, PAR-4). */
export const roleRoutes: Plugin<AccessDeps> = (app, { store, access }) => {
  app.get(
    '/v1/roles',
    {
      config: { access: { permission: 'roles.view' } },
      schema: { operationId: 'listRoles', summary: 'Roles, built-in and custom', tags: ['access'], response: { 200: RoleList } },
    },
    async (request) => {
      const caller = callerOf(request)
      return { items: rolesFor(caller, await access.resolved(caller.tenant)) }
    },
  )

  app.get(
    '/v1/assignments',
    {
      config: { access: { permission: 'roles.view' } },
      schema: {
        operationId: 'listAssignments',
        summary: 'Assignments of roles',
        tags: ['access'],
        querystring: AssignmentQuery,
        response: { 200: AssignmentList },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { role, link } = request.query
      const resolved = await access.resolved(caller.tenant)
      const wanted = assignmentsFor(caller.access, resolved).filter(
        (assignment) => (role === undefined || assignment.role === role) && (link === undefined || assignment.link === link),
      )
      return { items: await assignmentViews(store.read(caller.tenant, 'wholeTenant'), resolved, caller, wanted) }
    },
  )

  app.get(
    '/v1/groups',
    {
      config: { access: { permission: ['groups.view', 'roles.view'] } },
      schema: {
        operationId: 'listGroups',
        summary: 'Groups of rooms',
        tags: ['access'],
        querystring: GroupQuery,
        response: { 200: GroupList },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const facts = await store.read(caller.tenant, 'wholeTenant').roomFacts()
      return { items: groupsFor(caller, await access.resolved(caller.tenant), facts, request.query.group) }
    },
  )

  app.post(
    '/v1/groups/preview',
    {
      config: { access: { permission: 'groups.view' } },
      schema: {
        operationId: 'previewGroup',
        summary: 'Which rooms a group would hold',
        tags: ['access'],
        body: GroupPreviewRequest,
        response: { 200: GroupPreview },
      },
    },
    async (request) => {
      const { tenant, access: held } = callerOf(request)
      const facts = await store.read(tenant, 'wholeTenant').roomFacts()
      const mine = scopeOf(held, 'groups.view')
      const { rooms, rule } = request.body
      const seen = mine === 'all' ? facts.values() : [...mine].flatMap((room) => facts.get(room) ?? [])
      const id = GroupId.parse(tenant)
      const group = {
        id,
        name: '',
        description: '',
        rooms: rooms.filter((room) => facts.has(room) && (mine === 'all' || mine.has(room))),
        rule,
      }
      const found = resolvePolicy({ roles: [], groups: [group], assignments: [], links: [] }, seen).groups.get(id) ?? []
      return { total: found.length, rooms: named(found, facts) }
    },
  )
}

const named = (rooms: readonly RoomId[], facts: ReadonlyMap<RoomId, RoomFacts>, most: number = limits.listRows) =>
  rooms.slice(0, most).flatMap((id) => {
    const room = facts.get(id)
    return room ? [{ id, name: room.name, building: room.place.building }] : []
  })

function assignmentsFor(access: Access, resolved: ResolvedPolicy): Assignment[] {
  const viewer = viewerOf(access)
  return resolved.policy.assignments.filter((assignment) => isShown(viewer, assignment, resolved))
}

function rolesFor({ access, link }: Pick<Caller, 'access' | 'link'>, resolved: ResolvedPolicy): Role[] {
  const { policy } = resolved
  const used = new Map<string, number>()
  for (const { role } of assignmentsFor(access, resolved)) used.set(role, (used.get(role) ?? 0) + 1)
  const builtIn = BuiltInRole.options
    .filter((id) => link === undefined || builtInRoles[id].side === 'partner')
    .map((id): Role => {
      const { en, formerly, permissions, side, scopeFixedToAll } = builtInRoles[id]
      return {
        id: RoleId.parse(id),
        builtIn: true,
        name: en,
        description: '',
        permissions: [...permissions],
        link: null,
        side,
        formerly: [...formerly],
        scopeFixedToAll,
        assignments: used.get(id) ?? 0,
      }
    })
  const custom = policy.roles
    .filter((role) => roleIsShown(access, role, resolved))
    .map((role): Role => ({
      ...role,
      builtIn: false,
      side: role.link === null ? 'customer' : 'partner',
      formerly: [],
      scopeFixedToAll: false,
      assignments: used.get(role.id) ?? 0,
    }))
  return [...builtIn, ...custom.sort((a, b) => a.name.localeCompare(b.name))]
}

/**
 * Cut to the caller's rooms: a group that holds none of them does not exist for them, and others hold no more than those.
 * `only`: this one, with all of its named rooms.
 */
function groupsFor(
  { access, link }: Caller,
  { policy, groups }: ResolvedPolicy,
  facts: ReadonlyMap<RoomId, RoomFacts>,
  only?: GroupId,
): GroupView[] {
  const [viewed, managed] = [scopeOf(access, 'groups.view'), scopeOf(access, 'roles.view')]
  const whole = viewed === 'all' || managed === 'all'
  const sees = (room: RoomId): boolean => viewed === 'all' || managed === 'all' || viewed.has(room) || managed.has(room)
  const used = new Map<GroupId, number>()
  const count = (scope: AssignmentScope): void => {
    if (scope !== 'all') for (const group of scope.groups) used.set(group, (used.get(group) ?? 0) + 1)
  }
  for (const assignment of policy.assignments)
    if (link === undefined ? !assignment.builtIn : assignment.link === link) count(assignment.scope)
  if (link === undefined) for (const one of policy.links) count(one.scope)
  const items: GroupView[] = []
  for (const { id, name, description, rule, rooms: own } of policy.groups) {
    if (only !== undefined && id !== only) continue
    const all = groups.get(id) ?? []
    const total = whole ? all.length : all.filter(sees).length
    if (total === 0 && !whole) continue
    const rooms = named(whole ? own : own.filter(sees), facts, only === undefined ? undefined : limits.roomsPerScope)
    items.push({
      id,
      name,
      description,
      rule: whole ? rule : null,
      rooms,
      total,
      usedBy: whole || link !== undefined ? (used.get(id) ?? 0) : 0,
    })
  }
  return items.sort((a, b) => a.name.localeCompare(b.name))
}
