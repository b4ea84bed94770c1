import { createHash } from 'node:crypto'
import { type Access, type Grant, scopeOf } from '../../contract/access.ts'
import type { Assignment } from '../../contract/api.ts'
import { kinds } from '../../contract/entities.ts'
import type { PersonId, RoleId } from '../../contract/ids.ts'
import { BuiltInRole, builtInRoles, Permission } from '../../contract/permissions.ts'

/** Pure rules of who holds which grants (ACC-2, ACC-6). */

export interface Subject {
  readonly id: PersonId
  /** The directory's object id: an assignment may name someone who has never signed in here by it. */
  readonly objectId: string
  readonly globalAdministrator: boolean
  readonly groups: readonly string[]
}

/** The built-in role of this id, or undefined. */
export function roleOf(id: RoleId): BuiltInRole | undefined {
  const parsed = BuiltInRole.safeParse(id)
  return parsed.success ? parsed.data : undefined
}

export function isMember(assignment: Pick<Assignment, 'members'>, subject: Subject): boolean {
  return assignment.members.some(({ kind, id }) =>
    kind === 'group' ? subject.groups.includes(id) : id === subject.id || id === subject.objectId,
  )
}

/** What the assignments of a tenant grant to one person; in the order of their ids, so that equal access is equal text. */
export function accessOf(subject: Subject, assignments: readonly Assignment[]): Access {
  const grants: Grant[] = []
  for (const assignment of [...assignments].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const role = roleOf(assignment.role)
    if (!role || !isMember(assignment, subject)) continue
    grants.push({
      assignment: assignment.id,
      role: assignment.role,
      permissions: [...builtInRoles[role].permissions],
      scope: builtInRoles[role].scopeFixedToAll ? 'all' : assignment.scope,
    })
  }
  return { globalAdministrator: subject.globalAdministrator, grants }
}

const readPermissions = [...new Set(Object.values(kinds).map(({ reads }) => reads))]
  .map((reads) => Permission.safeParse(reads))
  .flatMap((parsed) => (parsed.success ? [parsed.data] : []))

/** A digest of the rooms that the person may read, of every kind: when it changes, consoles must purge or fetch. */
export function scopeDigestOf(access: Access): string {
  const hash = createHash('sha256')
  for (const permission of readPermissions) {
    const rooms = scopeOf(access, permission)
    hash.update(`${permission}:${rooms === 'all' ? 'all' : [...rooms].sort().join(',')};`)
  }
  return hash.digest('base64url')
}

/** Whether a Pro Manager assignment with a member is among them (ACC-3: the last one stays). */
export function hasProManager(assignments: readonly Assignment[]): boolean {
  return assignments.some(({ role, members }) => role === 'proManager' && members.length > 0)
}
