import { z } from 'zod'
import { AssignmentId, RoleId, RoomId } from './ids.ts'
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
})
export type Access = z.infer<typeof Access>

/**
 * May this person use the permission on this room? Without a room the question is about the tenant as a whole for
 * permissions that are not about one room (settings, keys, roles), and "on any room at all" for the others.
 */
export function may(access: Access, permission: Permission, room?: RoomId): boolean {
  if (access.globalAdministrator && globalAdministratorPermissions.includes(permission)) return true
  return access.grants.some(
    (grant) =>
      grant.permissions.includes(permission) &&
      (room === undefined || grant.scope === 'all' || grant.scope.includes(room)),
  )
}

/** The rooms on which this person holds the permission. */
export function scopeOf(access: Access, permission: Permission): 'all' | ReadonlySet<RoomId> {
  if (access.globalAdministrator && globalAdministratorPermissions.includes(permission)) return 'all'
  const rooms = new Set<RoomId>()
  for (const grant of access.grants) {
    if (!grant.permissions.includes(permission)) continue
    if (grant.scope === 'all') return 'all'
    for (const room of grant.scope) rooms.add(room)
  }
  return rooms
}
