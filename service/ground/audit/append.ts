import type { Kysely } from 'kysely'
import type { TenantId } from '../../../contract/ids.ts'
import type { AuditTable, Tables } from '../store/tables.ts'
import { chainHash } from './chain.ts'

/** A record that has no place in the chain yet. */
export type UnchainedRecord = Omit<AuditTable, 'number' | 'hash'>

/**
 * Gives one tenant's records their numbers and hashes, and moves the head of its chain on: one read and one write
 * however many records. Called inside the database transaction that writes them, in which nobody else can write.
 */
export async function appendToChain(
  db: Kysely<Pick<Tables, 'auditChain'>>,
  tenant: TenantId,
  records: readonly UnchainedRecord[],
): Promise<AuditTable[]> {
  const head = await db.selectFrom('auditChain').select(['headNumber', 'headHash']).where('tenant', '=', tenant).executeTakeFirst()
  let headNumber = head?.headNumber ?? 0
  let headHash = head?.headHash ?? ''
  const chained = records.map((record): AuditTable => {
    headNumber += 1
    headHash = chainHash(headHash, { ...record, number: headNumber })
    return { ...record, number: headNumber, hash: headHash }
  })
  if (head) await db.updateTable('auditChain').set({ headNumber, headHash }).where('tenant', '=', tenant).execute()
  else await db.insertInto('auditChain').values({ tenant, prunedNumber: 0, prunedHash: '', headNumber, headHash }).execute()
  return chained
}
