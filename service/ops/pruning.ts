import { limits } from '../../contract/limits.ts'
import { pruneIssuer } from '../identity/adapter.ts'
import type { Plugin } from '../deps.ts'

const day = 24 * 3_600_000

/** Deletes what was kept long enough: audit (AUD-1), outcomes of commands with their receipts, ended sign-ins. */
export const pruning: Plugin = (app, { store, now, log, config }) => {
  const prune = async (): Promise<void> => {
    const deleted = await store.prune({ audit: now() - limits.auditDays * day, outcomes: now() - limits.commandKeyKeptMs })
    await pruneIssuer(store, now())
    log.debug(deleted, 'pruned')
  }
  const timer = setInterval(() => {
    prune().catch((error: unknown) => log.error({ err: error }, 'old records could not be deleted; trying again later'))
  }, config.timing.pruneEveryMs)
  app.addHook('onClose', async () => clearInterval(timer))
}
