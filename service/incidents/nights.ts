import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { system } from '../ground/store/transaction.ts'
import type { IncidentDeps } from './deps.ts'

/** Each night, a checkpoint of every room that has changed since its last one (checkpoints.ts). */

type Deps = Pick<IncidentDeps, 'store' | 'clock' | 'rooms'>

/**
 * Writes what the UTC day before has left to write, so many rooms in one commit, and deletes what no moment that is kept needs: of each
 * room the last one from before stays.
 */
export async function checkpointRooms({ store, clock, rooms }: Deps): Promise<{ checkpoints: number; deletedCheckpoints: number }> {
  const now = clock.now()
  const [midnight, before] = [now - (now % dayMs), now - kept.transitionDays * dayMs]
  let [written, deleted] = [0, 0]
  for (const { id: tenant } of await store.tenants()) {
    const { tables } = store.read(tenant, 'wholeTenant')
    for (;;) {
      const changed = tables.roomState().select('room').where('changedAt', '<', midnight).orderBy('changedAt')
      const ids = (await changed.limit(limits.checkpointsTogether).execute()).map(({ room }) => room)
      if (ids.length === 0) break
      await store.write(tenant, system, async (tx) => {
        const work = rooms.within(tx)
        await work.load(ids)
        work.checkpoint(ids)
        await work.flush()
      })
      written += ids.length
    }
    for (;;) {
      const old = tables.checkpoint().select(['room', 'at']).where('at', '<', before)
      const needless = old.where(({ exists, selectFrom }) =>
        exists(
          selectFrom('checkpoint as newer')
            .select('newer.at')
            .whereRef('newer.tenant', '=', 'checkpoint.tenant')
            .whereRef('newer.room', '=', 'checkpoint.room')
            .whereRef('newer.at', '>', 'checkpoint.at')
            .where('newer.at', '<', before),
        ),
      )
      const some = await needless.limit(limits.checkpointsTogether).execute()
      if (some.length === 0) break
      await store.write(tenant, system, async (tx) => {
        for (const { room, at } of some) await tx.delete.checkpoint().where('room', '=', room).where('at', '=', at).execute()
      })
      deleted += some.length
    }
  }
  return { checkpoints: written, deletedCheckpoints: deleted }
}
