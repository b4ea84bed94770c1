import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { system } from '../ground/store/transaction.ts'
import type { SuppressionDeps } from './deps.ts'

/** Deletes suppressions that ended long ago, with their rooms and what they hid. @returns how many */
export async function pruneSuppressions({ store, clock }: Pick<SuppressionDeps, 'store' | 'clock'>): Promise<number> {
  const before = clock.now() - kept.suppressionDays * dayMs
  let count = 0
  for (const { id: tenant } of await store.tenants()) {
    for (;;) {
      const { tables } = store.read(tenant, 'wholeTenant')
      const old = await tables.suppression().select('id').where('endedAt', '<', before).limit(limits.retiredTogether).execute()
      if (old.length === 0) break
      const ids = old.map(({ id }) => id)
      await store.write(tenant, system, async (tx) => {
        await tx.delete.hiddenFault().where('suppression', 'in', ids).execute()
        await tx.delete.suppressionRoom().where('suppression', 'in', ids).execute()
        await tx.delete.suppression().where('id', 'in', ids).execute()
      })
      count += ids.length
    }
  }
  return count
}
