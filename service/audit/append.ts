import type { Kysely } from 'kysely'
import type { TenantId } from '../../contract/ids.ts'
import type { AuditTable, Tables } from '../store/tables.ts'
import { chainHash } from './chain.ts'

/** A record that has no place in the chain yet. */
export type UnchainedRecord = Omit<AuditTable, 'number' | 'hash'>

/**
 * Gives one tenant's records their numbers and hashes, and moves the head of its chain on: one read and one write
 * however many records. Called inside the database transaction that writes them, in which nobody else can write.
 */
export async function appendToChain(db: Kysely<Tables>, tenant: TenantId, records: readonly UnchainedRecord[]): Promise<AuditTable[]> {
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

/**
 * Deletes the records from before this moment (ms), as far as they stand at the start of their chain, and keeps where
 * the chain now starts. A record that looks older than the one before it (a clock set back) goes when that one does.
 * @returns how many were deleted.
 */
export async function pruneChains(db: Kysely<Tables>, before: number): Promise<number> {
  let deleted = 0
  for (const { tenant } of await db.selectFrom('audit').select('tenant').where('at', '<', before).groupBy('tenant').execute()) {
    const own = db.selectFrom('audit').where('tenant', '=', tenant)
    const kept = await own.select((eb) => eb.fn.min<number | null>('number').as('number')).where('at', '>=', before).executeTakeFirst()
    const last = await own
      .select(['number', 'hash'])
      .$if(kept?.number != null, (query) => query.where('number', '<', kept?.number ?? 0))
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!last) continue
    const result = await db.deleteFrom('audit').where('tenant', '=', tenant).where('number', '<=', last.number).executeTakeFirst()
    await db.updateTable('auditChain').set({ prunedNumber: last.number, prunedHash: last.hash }).where('tenant', '=', tenant).execute()
    deleted += Number(result.numDeletedRows)
  }
  return deleted
}
