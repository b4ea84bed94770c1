import { dayMs, kept } from '../../../contract/retention.ts'
import { every } from '../../../contract/timing.ts'
import type { GroundDeps, Plugin } from '../deps.ts'
import type { Part } from '../part.ts'

/**
 * Deletes what was kept long enough: what the parts keep, then audit (AUD-1), outcomes of commands with their receipts, what
 * happened to rooms, and what says that documents are gone. All of it: what one commit takes is bounded, and others write in between.
 */
export async function prune<D extends Pick<GroundDeps, 'store' | 'clock' | 'log'>>(
  parts: readonly Pick<Part<D>, 'prune'>[],
  deps: D,
): Promise<void> {
  const { store, clock, log } = deps
  for (const part of parts) {
    const gone = await part.prune?.(deps)
    if (gone) log.debug(gone, 'pruned')
  }
  for (let left = true; left;) {
    const deleted = await store.prune({
      outcomes: clock.now() - kept.outcomeDays * dayMs,
      transitions: clock.now() - kept.transitionDays * dayMs,
      removals: clock.now() - kept.removalDays * dayMs,
    })
    log.debug(deleted, 'pruned')
    left = deleted.outcomes + deleted.transitions + deleted.removals > 0
  }
  await store.emptyLog()
}

/** Does so every now and then. */
export const pruning =
  <D extends GroundDeps>(parts: readonly Pick<Part<D>, 'prune'>[]): Plugin<D> =>
  (app, deps) => {
    const end = every(deps.clock, deps.config.timing.pruneEveryMs, () => {
      prune(parts, deps).catch((error: unknown) => deps.log.error({ err: error }, 'old records could not be deleted; trying again later'))
    })
    app.addHook('onClose', async () => end())
  }
