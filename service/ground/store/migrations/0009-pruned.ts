import type { Kysely } from 'kysely'
import type { System } from '../../../../contract/system.ts'
import { appendToChain } from '../../audit/append.ts'
import { prunedRecord, retentionMs } from '../../audit/pruned.ts'
import type { Tables } from '../tables.ts'
import type { Migration } from './migration.ts'

/**
 * Audit logs that were shortened before their chains said so get the record that tells of it. It tells, and proves nothing: whoever has
 * the database can write the same, so a check finds the start of such a log broken. There are none: the first log is younger than 180 days.
 */
export const pruned: Migration = { version: 9, name: 'pruned', up }

async function up(all: Kysely<unknown>, { clock, ids }: Pick<System, 'clock' | 'ids'>): Promise<void> {
  const db = all.withTables<Pick<Tables, 'audit' | 'auditChain'>>()
  const at = clock.now()
  for (const { tenant, prunedNumber, prunedHash } of await db
    .selectFrom('auditChain')
    .selectAll()
    .where('prunedNumber', '>', 0)
    .execute()) {
    // When the last of them was written is not known any more; that it was old enough is.
    const deleted = { from: 1, to: prunedNumber, count: prunedNumber, lastAt: at - retentionMs - 1, lastHash: prunedHash }
    const record = prunedRecord(ids(), tenant, at, { action: 'audit.prune', ...deleted })
    await db
      .insertInto('audit')
      .values(await appendToChain(db, tenant, [record]))
      .execute()
  }
}
