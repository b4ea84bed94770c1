import { RoomkeeperError } from '../../contract/errors.ts'
import type { AssignmentId } from '../../contract/ids.ts'
import type { Assignment } from '../../contract/policy.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { changePolicy } from './policies.ts'

/** Assignments as they are stored, and their changes by the service itself. What people change goes through commands. */

/** Makes or replaces one, unchecked: for use within `changePolicy`. */
export async function writeAssignment(
  tx: TenantTransaction,
  { id, members, scope, notify, builtIn, ...columns }: Assignment,
): Promise<void> {
  const row = {
    ...columns,
    members: JSON.stringify(members),
    scope: JSON.stringify(scope),
    notify: Number(notify),
    builtIn: Number(builtIn),
  }
  const { numUpdatedRows } = await tx.update.assignment().where('id', '=', id).set(row).executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) await tx.insert.assignment({ id, ...row }).execute()
}

const plain = { link: null, description: '', notify: false, builtIn: false }

/** Makes or replaces an assignment of the tenant itself, as the service's own doing: first Pro Managers, the demo. */
export async function saveAssignment(tx: TenantTransaction, assignment: Omit<Assignment, keyof typeof plain>): Promise<void> {
  const known = await tx.tables.assignment().select('id').where('id', '=', assignment.id).executeTakeFirst()
  await changePolicy(tx, 'system', () => writeAssignment(tx, { ...plain, ...assignment }))
  tx.audit({
    category: 'Assignment',
    objectName: assignment.name,
    operation: known ? 'Update' : 'Create',
    detail: { action: 'assignment.save', assignment: assignment.id, role: assignment.role, members: assignment.members },
  })
}

/** @throws RoomkeeperError assignment.notFound, assignment.lastProManager */
export async function removeAssignment(tx: TenantTransaction, id: AssignmentId): Promise<void> {
  const known = await tx.tables.assignment().select(['name', 'role']).where('id', '=', id).executeTakeFirst()
  if (!known) throw new RoomkeeperError('assignment.notFound')
  await changePolicy(tx, 'system', async () => {
    await tx.delete.assignment().where('id', '=', id).execute()
  })
  tx.audit({
    category: 'Assignment',
    objectName: known.name,
    operation: 'Delete',
    detail: { action: 'assignment.delete', assignment: id, role: known.role },
  })
}
