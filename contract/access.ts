import { z } from 'zod'
import { AssignmentId, LinkId, RoleId, RoomId } from './ids.ts'
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

/** Grants by permission, so that a decision costs the same with one room and with a hundred thousand. */
const held = new WeakMap<Access, Map<Permission, 'all' | Set<RoomId>>>()

function heldBy(access: Access): Map<Permission, 'all' | Set<RoomId>> {
  const known = held.get(access)
  if (known) return known
  const made = new Map<Permission, 'all' | Set<RoomId>>()
  if (access.globalAdministrator) for (const permission of globalAdministratorPermissions) made.set(permission, 'all')
  for (const { permissions, scope } of access.grants) {
    for (const permission of permissions) {
      const before = made.get(permission)
      if (before === 'all') continue
      if (scope === 'all') {
        made.set(permission, 'all')
        continue
      }
      const rooms = before ?? new Set<RoomId>()
      for (const room of scope) rooms.add(room)
      made.set(permission, rooms)
    }
  }
  held.set(access, made)
  return made
}

/**
 * May this person use the permission on this room? Without a room the question is about the tenant as a whole for
 * permissions that are not about one room (settings, keys, roles), and "on any room at all" for the others; a grant over
 * no room at all still allows what is about none. `access` must not be changed afterwards.
 */
export function may(access: Access, permission: Permission, room?: RoomId): boolean {
  const rooms = heldBy(access).get(permission)
  if (rooms === undefined) return false
  return room === undefined || rooms === 'all' || rooms.has(room)
}

const noRooms: ReadonlySet<RoomId> = new Set()

/** The rooms on which this person holds the permission. */
export function scopeOf(access: Access, permission: Permission): 'all' | ReadonlySet<RoomId> {
  return heldBy(access).get(permission) ?? noRooms
}

const holdsRole = (access: Access, role: string): boolean => access.grants.some((grant) => grant.role === role)

/** A Pro Manager of this tenant, who may grant any permission. */
export const isProManager = (access: Access): boolean => access.link === undefined && holdsRole(access, 'proManager')

/** Reads and exports the audit log (AUD-1). */
export const mayAudit = (access: Access): boolean => isProManager(access) || (access.link === undefined && access.globalAdministrator)

/** The role id under which an organisation names who manages its customers (PAR-2). It holds no permission of its own. */
export const tenantManagerRole = RoleId.parse('tenantManager')

/** Accepts and denies invitations, and ends links, for the partner organisation that is this person's own (PAR-2). */
export const mayManageCustomers = (access: Access): boolean => mayAudit(access) || (access.link === undefined && holdsRole(access, tenantManagerRole))
