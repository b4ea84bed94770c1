import './tables.ts'
import type { RoomSuppression } from '../../contract/entities.ts'
import type { Millis, RoomId, SuppressionId } from '../../contract/ids.ts'
import { SignalId } from '../../contract/signals.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import type { RoomBase } from './documents.ts'
import type { HiddenEffect } from './happenings.ts'
import { memories, type RoomState } from './state.ts'

/** What suppressions of a room do (ROM-3): to the engine, and what of that is recorded. */

/** What is suppressed in another way than before: what comes first, so that nothing begins in between. */
export function changesOf(before: RoomState['suppressed'], all: readonly RoomSuppression[]): [of: SignalId | 'room', on: boolean][] {
  const named = new Set(all.flatMap(({ signals = [] }) => signals))
  const [wasRoom, isRoom] = [before?.room ?? false, all.some(({ signals }) => signals === undefined)]
  const was = new Set(before?.signals)
  const changes: [of: SignalId | 'room', on: boolean][] = wasRoom === isRoom ? [] : [['room', isRoom]]
  for (const signal of SignalId.options) if (was.has(signal) !== named.has(signal)) changes.push([signal, named.has(signal)])
  return [...changes.filter(([, on]) => on), ...changes.filter(([, on]) => !on)]
}

/** A hidden fault that comes or goes, of one suppression. */
export interface Hidden extends HiddenEffect {
  readonly suppression: SuppressionId
  readonly room: RoomId
}

const covers = ({ signals }: RoomSuppression, signal: SignalId): boolean => signals === undefined || signals.includes(signal)

/** Of each suppression that hides it. */
export const hiddenBy = ({ id: room, suppressions = [] }: Pick<RoomBase, 'id' | 'suppressions'>, effect: HiddenEffect): Hidden[] =>
  suppressions.filter((one) => covers(one, effect.signal)).map(({ id: suppression }) => ({ ...effect, suppression, room }))

/** What others hid before these came; what began with them is an effect of its own. */
export const hiddenAlready = (room: RoomId, before: RoomState, news: readonly RoomSuppression[], now: Millis): Hidden[] =>
  [...memories(before)].flatMap(([signal, { hidden }]) =>
    hidden === undefined
      ? []
      : news.filter((one) => covers(one, signal)).map(({ id: suppression }) => ({ suppression, room, signal, since: now })),
  )

/** A fault that was too short to need action does not count. */
export async function putHidden(tx: TenantTransaction, all: readonly Hidden[]): Promise<void> {
  for (const { suppression, room, signal, since, until, counts } of all) {
    if (until === undefined) {
      await tx.insert
        .hiddenFault({ suppression, room, signal, times: 1, since, until: null })
        .onConflict((same) =>
          same
            .columns(['tenant', 'suppression', 'room', 'signal'])
            .doUpdateSet((eb) => ({ times: eb('hiddenFault.times', '+', 1), until: null })),
        )
        .execute()
      continue
    }
    const row = tx.update.hiddenFault().where('suppression', '=', suppression).where('room', '=', room).where('signal', '=', signal)
    await row.set((eb) => ({ until, times: counts === true ? eb.ref('times') : eb('times', '-', 1) })).execute()
    if (counts !== true) {
      const gone = tx.delete.hiddenFault().where('suppression', '=', suppression).where('room', '=', room).where('signal', '=', signal)
      await gone.where('times', '<=', 0).execute()
    }
  }
}
