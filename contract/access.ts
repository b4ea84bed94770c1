import { z } from 'zod'
import { AssignmentId, LinkId, RoleId, RoomId } from './ids.ts'
import { limits } from './limits.ts'
import { globalAdministratorPermissions, Permission } from './permissions.ts'

/**
 * What a person may do (ACC-6): the union of their assignments, each cut to its scope. The service decides with this
 * function and the console mirrors it with the same one, from the person's synced `me` row.
 */

export const Scope = z.union([z.literal('all'), z.array(RoomId)])
export type Scope = z.infer<typeof Scope>

/** One assignment as it reaches one person, directly or through a security group. */
export const Grant = z.object({
  assignment: AssignmentId,
  role: RoleId,
  /** What a role of one's own making is called; built-in ones have their names in each language. */
  roleName: z.string().max(limits.nameChars).optional(),
  permissions: z.array(Permission),
  scope: Scope,
})
export type Grant = z.infer<typeof Grant>

export const Access = z.object({
  globalAdministrator: z.boolean(),
  grants: z.array(Grant),
  /** A person of a partner, in the tenant of its customer. */
  link: LinkId.optional(),
})
export type Access = z.infer<typeof Access>

/** The rooms of a scope as a set; made once for each scope, which people of one assignment share. */
const sets = new WeakMap<readonly RoomId[], ReadonlySet<RoomId>>()

function setOf(rooms: readonly RoomId[]): ReadonlySet<RoomId> {
  const known = sets.get(rooms)
  if (known) return known
  const made: ReadonlySet<RoomId> = new Set(rooms)
  sets.set(rooms, made)
  return made
}

/**
 * May this person use the permission on this room? Without a room: on any room at all, which opens what is then cut to
 * their rooms; what is about the whole tenant asks `mayEverywhere`. `access` must not be changed afterwards.
 */
export function may(access: Access, permission: Permission, room?: RoomId): boolean {
  if (access.globalAdministrator && globalAdministratorPermissions.includes(permission)) return true
  return access.grants.some(
    ({ permissions, scope }) => permissions.includes(permission) && (room === undefined || scope === 'all' || setOf(scope).has(room)),
  )
}

/** The rooms on which this person holds the permission. */
export function scopeOf(access: Access, permission: Permission): 'all' | ReadonlySet<RoomId> {
  if (access.globalAdministrator && globalAdministratorPermissions.includes(permission)) return 'all'
  return unionOf(access.grants.filter(({ permissions }) => permissions.includes(permission)))
}

function unionOf(grants: readonly Grant[]): 'all' | ReadonlySet<RoomId> {
  const scopes: (readonly RoomId[])[] = []
  for (const { scope } of grants) {
    if (scope === 'all') return 'all'
    scopes.push(scope)
  }
  const [first] = scopes
  if (first !== undefined && scopes.length === 1) return setOf(first)
  const rooms = new Set<RoomId>()
  for (const scope of scopes) for (const room of scope) rooms.add(room)
  return rooms
}

/** May this person use the permission over all rooms of their own tenant, those to come included: what is about no room needs that. */
export const mayEverywhere = (access: Access, permission: Permission): boolean =>
  access.link === undefined && scopeOf(access, permission) === 'all'

/** The role id under which an organisation names who manages its customers (PAR-2). It holds no permission of its own. */
export const tenantManagerRole = RoleId.parse('tenantManager')

/**
 * What built-in roles give beyond their permissions. No permission gives one, and no custom role; so a copy of a built-in
 * role is less than the role, and whoever gives the role gives its powers, too.
 * - `grantAny`: may grant any permission, remote access too
 * - `audit`: reads the audit log, sessions and recordings, and changes the settings of remote access (AUD-1, REM-1)
 * - `customers`: manages the customers of the organisation (PAR-2)
 * - `lendRemote`: gives the remote access that the customer allows the partner, over the rooms of the assignment (PAR-3)
 */
export const powers = ['grantAny', 'audit', 'customers', 'lendRemote'] as const
export type Power = (typeof powers)[number]

const powersByRole: ReadonlyMap<string, readonly Power[]> = new Map<string, readonly Power[]>([
  ['proManager', ['grantAny', 'audit', 'customers']],
  [tenantManagerRole, ['customers']],
  ['primaryAdmin', ['lendRemote']],
])

export const powersOf = (role: string): readonly Power[] => powersByRole.get(role) ?? []

const holdsPower = (access: Access, power: Power): boolean => access.grants.some(({ role }) => powersOf(role).includes(power))

/**
 * The rooms over which this person may give a power on: where they hold it. A Global Administrator appoints Pro Managers
 * (ACC-3), so those of their own tenant's roles are theirs to give.
 */
export const scopeOfPower = (access: Access, power: Power): 'all' | ReadonlySet<RoomId> =>
  access.globalAdministrator ? 'all' : unionOf(access.grants.filter(({ role }) => powersOf(role).includes(power)))

/** A Pro Manager of this tenant, who may grant any permission. */
export const isProManager = (access: Access): boolean => access.link === undefined && holdsPower(access, 'grantAny')

/** Reads and exports the audit log (AUD-1). */
export const mayAudit = (access: Access): boolean =>
  access.link === undefined && (access.globalAdministrator || holdsPower(access, 'audit'))

/** Accepts and denies invitations, and ends links, for the partner organisation that is this person's own (PAR-2). */
export const mayManageCustomers = (access: Access): boolean =>
  access.link === undefined && (access.globalAdministrator || holdsPower(access, 'customers'))
