import { RoomkeeperError } from '../../contract/errors.ts'
import type { Assignment } from '../../contract/api.ts'
import type { AssignmentId } from '../../contract/ids.ts'
import { builtInRoles } from '../../contract/permissions.ts'
import type { TenantTransaction } from '../store/transaction.ts'
import { hasProManager, roleOf } from './grants.ts'
import { assignmentOf, assignmentsOf, refreshMembers } from './people.ts'

/** Changes of assignments, each with its effect on people's access in the same write (ACC-2, ACC-3, ACC-6). */

/**
 * Makes or replaces an assignment.
 * @throws RoomkeeperError assignment.invalid, assignment.lastProManager
 */
export async function saveAssignment(tx: TenantTransaction, assignment: Assignment): Promise<void> {
  await check(tx, assignment)
  const before = await tx.tables.assignment().selectAll().where('id', '=', assignment.id).executeTakeFirst()
  const columns = {
    name: assignment.name,
    role: assignment.role,
    members: JSON.stringify(assignment.members),
    scope: JSON.stringify(assignment.scope),
  }
  await keepingAProManager(tx, async () => {
    if (before) await tx.update.assignment().where('id', '=', assignment.id).set(columns).execute()
    else await tx.insert.assignment({ id: assignment.id, ...columns }).execute()
  })
  await refreshMembers(tx, before ? [assignmentOf(before), assignment] : [assignment])
  tx.audit({
    category: 'Assignment',
    objectName: assignment.name,
    operation: before ? 'Update' : 'Create',
    detail: { assignment: assignment.id, role: assignment.role, members: assignment.members.length, scope: sizeOf(assignment) },
  })
}

/** @throws RoomkeeperError assignment.notFound, assignment.lastProManager */
export async function removeAssignment(tx: TenantTransaction, id: AssignmentId): Promise<void> {
  const before = await tx.tables.assignment().selectAll().where('id', '=', id).executeTakeFirst()
  if (!before) throw new RoomkeeperError('assignment.notFound')
  await keepingAProManager(tx, async () => {
    await tx.delete.assignment().where('id', '=', id).execute()
  })
  await refreshMembers(tx, [assignmentOf(before)])
  tx.audit({ category: 'Assignment', objectName: before.name, operation: 'Delete', detail: { assignment: id, role: before.role } })
}

async function keepingAProManager(tx: TenantTransaction, change: () => Promise<void>): Promise<void> {
  const had = hasProManager(await assignmentsOf(tx))
  await change()
  if (had && !hasProManager(await assignmentsOf(tx))) throw new RoomkeeperError('assignment.lastProManager')
}

async function check(tx: TenantTransaction, { role: id, members, scope }: Assignment): Promise<void> {
  const refuse = (field: string, detail: string) => new RoomkeeperError('assignment.invalid', { field, detail })
  const role = roleOf(id)
  if (!role || builtInRoles[role].side !== 'customer') throw refuse('role', 'There is no such role for people of this tenant.')
  if (members.length === 0) throw refuse('members', 'Name at least one person or group.')
  if (builtInRoles[role].scopeFixedToAll && scope !== 'all') throw refuse('scope', 'This role covers all rooms; its scope is "all".')
  if (scope === 'all') return
  const rooms = await tx.getMany('room', scope)
  const missing = scope.find((room) => !rooms.has(room))
  if (missing !== undefined) throw refuse('scope', `There is no room ${missing}.`)
}

const sizeOf = ({ scope }: Assignment): string | number => (scope === 'all' ? 'all' : scope.length)
