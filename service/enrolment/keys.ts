import { createHash } from 'node:crypto'
import type { EnrolmentKey } from '../../contract/api.ts'
import type { Random } from '../../contract/system.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'

/** The tenant's self-enrolment key (ENR-1): made at its first download, replaced as a whole by a reset. */

/** What is looked up when a device shows its key; the same for both ends of the store. */
export const digestOfKey = (key: string): string => createHash('sha256').update(key).digest('base64url')

/** The present key; makes one where there is none. */
export async function downloadKey(tx: TenantTransaction, random: Random): Promise<EnrolmentKey> {
  const known = await tx.tables.enrolmentKey().select(['key', 'madeAt']).executeTakeFirst()
  const key = known ?? (await makeKey(tx, random))
  tx.audit({
    category: 'EnrolmentKey',
    objectName: 'Self-enrolment key',
    operation: known ? 'Update' : 'Create',
    detail: { action: 'key.download' },
  })
  return key
}

/** The old key stops working with this commit; devices that are enrolled keep theirs, which is another one. */
export async function resetKey(tx: TenantTransaction, random: Random): Promise<EnrolmentKey> {
  await tx.delete.enrolmentKey().execute()
  const key = await makeKey(tx, random)
  tx.audit({ category: 'EnrolmentKey', objectName: 'Self-enrolment key', operation: 'Update', detail: { action: 'key.reset' } })
  return key
}

async function makeKey(tx: TenantTransaction, random: Random): Promise<EnrolmentKey> {
  const key = random.bytes(32).toString('base64url')
  await tx.insert.enrolmentKey({ digest: digestOfKey(key), key, madeAt: tx.at }).execute()
  return { key, madeAt: tx.at }
}
