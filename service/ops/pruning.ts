import { limits } from '../../contract/limits.ts'
import { pruneIssuer } from '../identity/adapter.ts'
import type { Plugin } from '../deps.ts'
import { pruneRecordings } from '../remote/recordingRetention.ts'

const day = 24 * 3_600_000

/**
 * Deletes what was kept long enough: audit (AUD-1), outcomes of commands with their receipts, recordings of remote sessions
 * and their log (REM-8), ended sign-ins.
 */
export const pruning: Plugin = (app, { store, now, log, config }) => {
  const prune = async (): Promise<void> => {
    const recordings = await pruneRecordings(store, now())
    const deleted = await store.prune({ outcomes: now() - limits.commandKeyKeptMs, sessions: now() - limits.sessionDays * day })
    await pruneIssuer(store, now())
    log.debug({ ...deleted, recordings }, 'pruned')
  }
  const timer = setInterval(() => {
    prune().catch((error: unknown) => log.error({ err: error }, 'old records could not be deleted; trying again later'))
  }, config.timing.pruneEveryMs)
  app.addHook('onClose', async () => clearInterval(timer))
}
