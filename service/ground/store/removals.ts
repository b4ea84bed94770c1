import type { Kysely } from 'kysely'
import type { TenantId } from '../../../contract/ids.ts'
import type { Tables } from './tables.ts'

/** Rows deleted in one statement. */
const rowsPerStatement = 500

/**
 * Deletes so many of the rows that say that a document is gone, from before this moment (UTC ms), the oldest first. A console that has
 * not heard of them by now cannot be told any more: `changesFrom` says from which sequence on changes are whole, for each tenant that
 * lost some.
 */
export async function dropRemovals(
  db: Kysely<Tables>,
  before: number,
  limit: number,
): Promise<{ removals: number; changesFrom: ReadonlyMap<TenantId, number> }> {
  const rows = await db
    .selectFrom('document')
    .select(['tenant', 'seq'])
    .where('deleted', '>', 0)
    .where('deleted', '<', before)
    .orderBy('deleted')
    .limit(limit)
    .execute()
  const gone = new Map<TenantId, number[]>()
  for (const { tenant, seq } of rows) gone.set(tenant, [...(gone.get(tenant) ?? []), seq])
  const changesFrom = new Map<TenantId, number>()
  for (const [tenant, sequences] of gone) {
    for (let i = 0; i < sequences.length; i += rowsPerStatement) {
      const some = sequences.slice(i, i + rowsPerStatement)
      await db.deleteFrom('document').where('tenant', '=', tenant).where('seq', 'in', some).where('deleted', '>', 0).execute()
    }
    const last = Math.max(...sequences)
    await db.updateTable('tenant').set({ changesFrom: last }).where('id', '=', tenant).where('changesFrom', '<', last).execute()
    changesFrom.set(tenant, last)
  }
  return { removals: rows.length, changesFrom }
}
