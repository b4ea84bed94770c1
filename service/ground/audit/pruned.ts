import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { TenantId } from '../../../contract/ids.ts'
import { dayMs, kept } from '../../../contract/retention.ts'
import type { Ids } from '../../../contract/system.ts'
import type { AuditTable, Tables } from '../store/tables.ts'
import { appendToChain, type UnchainedRecord } from './append.ts'

/**
 * Old records leave the audit log (AUD-1), and the chain says so itself: a record of its own, by the system, names the last one
 * that was deleted. So the start of the log cannot be moved without a record that says when it was, and that it was time. The
 * newest record that is old enough stays: what says so is chained to all that follows, and cannot be made up.
 */

export const retentionMs = kept.auditDays * dayMs
/** A log is not shortened more often than this, so that it does not fill with what says so. */
const everyMs = 24 * 3_600_000

/** What a record of pruning says, in its `detail`. */
export const Pruned = z.object({
  action: z.literal('audit.prune'),
  /** The first and the last number that were deleted, and how many there were. */
  from: z.int(),
  to: z.int(),
  count: z.int(),
  /** When the last of them was written (UTC ms), and its hash. */
  lastAt: z.int(),
  lastHash: z.string(),
})
export type Pruned = z.infer<typeof Pruned>

export const prunedRecord = (id: string, tenant: TenantId, at: number, pruned: Pruned): UnchainedRecord => ({
  tenant,
  id,
  at,
  category: 'Audit',
  objectName: 'Audit log',
  operation: 'Delete',
  resultStatus: 'Successful',
  userId: '',
  userTenantId: '',
  actor: null,
  detail: JSON.stringify(pruned),
})

/** What it says, where a record is one of pruning. */
export function prunedIn({ category, operation, actor, userId, detail }: AuditTable): Pruned | undefined {
  if (category !== 'Audit' || operation !== 'Delete' || actor !== null || userId !== '') return undefined
  try {
    return Pruned.safeParse(JSON.parse(detail)).data
  } catch {
    return undefined
  }
}

/**
 * Deletes the records that are older than `retentionMs` at this moment (ms), as far as they stand at the start of their chain,
 * but for the newest of them. A record that looks older than the one before it (a clock set back) goes when that one does.
 * @returns how many were deleted.
 */
export async function pruneChains(db: Kysely<Tables>, ids: Ids, at: number): Promise<number> {
  const before = at - retentionMs
  let deleted = 0
  for (const { tenant } of await db
    .selectFrom('audit')
    .select('tenant')
    .where('at', '<', before - everyMs)
    .groupBy('tenant')
    .execute()) {
    const own = db.selectFrom('audit').where('tenant', '=', tenant)
    const kept = await own
      .select((eb) => eb.fn.min<number | null>('number').as('number'))
      .where('at', '>=', before)
      .executeTakeFirst()
    const old = own.select(['number', 'hash', 'at']).$if(kept?.number != null, (query) => query.where('number', '<', kept?.number ?? 0))
    const [first, second] = await old.orderBy('number').limit(2).execute()
    const [, last] = await old.orderBy('number', 'desc').limit(2).execute()
    // The first alone may be the one that stayed, whose time was over long ago.
    if (!first || !last || !second || second.at >= before - everyMs) continue
    const result = await db.deleteFrom('audit').where('tenant', '=', tenant).where('number', '<=', last.number).executeTakeFirst()
    const count = Number(result.numDeletedRows)
    const record = prunedRecord(ids(), tenant, at, {
      action: 'audit.prune',
      from: first.number,
      to: last.number,
      count,
      lastAt: last.at,
      lastHash: last.hash,
    })
    await db
      .insertInto('audit')
      .values(await appendToChain(db, tenant, [record]))
      .execute()
    await db.updateTable('auditChain').set({ prunedNumber: last.number, prunedHash: last.hash }).where('tenant', '=', tenant).execute()
    deleted += count
  }
  return deleted
}
