import { limits } from '../../../contract/limits.ts'
import { pruneIssuer } from '../../identity/adapter.ts'
import type { Plugin, ServiceDeps } from '../deps.ts'
import { pruneRecordings } from '../../remote/recordings/retention.ts'

const day = 24 * 3_600_000

/**
 * Deletes what was kept long enough: audit (AUD-1), outcomes of commands with their receipts, recordings of remote sessions
 * and their log (REM-8), ended sign-ins. All of it: what one commit takes is bounded, and others write in between.
 */
export async function prune({ store, now, log }: Pick<ServiceDeps, 'store' | 'now' | 'log'>): Promise<void> {
  const recordings = await pruneRecordings(store, now())
  for (let left = true; left;) {
    const deleted = await store.prune({ outcomes: now() - limits.commandKeyKeptMs, sessions: now() - limits.sessionDays * day })
    log.debug({ ...deleted, recordings }, 'pruned')
    left = deleted.outcomes + deleted.sessions > 0
  }
  await pruneIssuer(store, now())
}

export const pruning: Plugin = (app, deps) => {
  const timer = setInterval(() => {
    prune(deps).catch((error: unknown) => deps.log.error({ err: error }, 'old records could not be deleted; trying again later'))
  }, deps.config.timing.pruneEveryMs)
  app.addHook('onClose', async () => clearInterval(timer))
}
