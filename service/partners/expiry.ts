import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { every } from '../../contract/timing.ts'
import type { AccessDeps } from '../access/deps.ts'
import type { Plugin } from '../ground/deps.ts'
import { system } from '../ground/store/transaction.ts'
import { nameOf, settle } from './approvals.ts'

/** Ends requests that nobody decided in time; who asked is told by the request itself (PAR-5). Returns how many. */
export async function expireRequests({ store, clock }: Pick<AccessDeps, 'store' | 'clock'>): Promise<number> {
  const due = await store.expiredRequests('waiting', clock.now(), limits.listRows)
  if (due.length === 0) return 0
  await store.writeMany(system, async (on) => {
    for (const { tenant, id } of due) {
      const tx = on(tenant)
      const row = await tx.tables.request().selectAll().where('id', '=', id).where('status', '=', 'waiting').executeTakeFirst()
      const doc = row && (await settle(tx, row, { status: 'expired' }))
      if (doc)
        tx.audit({
          category: 'Request',
          objectName: nameOf(doc),
          operation: 'Update',
          detail: { action: 'request.expire', request: id, partner: doc.partner, by: doc.by.name },
        })
    }
  })
  return due.length
}

/** Forgets those that were decided long ago. Returns how many. */
export async function forgetRequests({ store, clock }: Pick<AccessDeps, 'store' | 'clock'>): Promise<number> {
  const old = await store.expiredRequests('decided', clock.now() - kept.requestDays * dayMs, limits.listRows)
  if (old.length === 0) return 0
  await store.writeMany(system, async (on) => {
    for (const { tenant, id } of old) {
      await on(tenant).delete.request().where('id', '=', id).execute()
      await on(tenant).remove('request', id)
    }
  })
  return old.length
}

export const requestExpiry: Plugin<AccessDeps> = (app, deps) => {
  const { config, log } = deps
  const run = (): void => {
    Promise.all([expireRequests(deps), forgetRequests(deps)]).catch((error: unknown) =>
      log.error({ err: error }, 'requests could not be ended; trying again later'),
    )
  }
  const end = every(deps.clock, config.timing.requestsCheckedEveryMs, run)
  app.addHook('onReady', async () => run())
  app.addHook('onClose', async () => end())
}
