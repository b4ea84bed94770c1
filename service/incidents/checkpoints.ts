import './tables.ts'
import type { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { packState, unpackState } from './checkpointState.ts'
import type { Checkpoint } from './replay.ts'
import type { RoomState } from './state.ts'

/** Checkpoints of rooms, as they are written and read; when, say apply.ts and nights.ts. */

/** Of the moment of this write. One that is there from the same moment is replaced. */
export async function putCheckpoints(tx: TenantTransaction, rooms: readonly (readonly [RoomId, RoomState])[]): Promise<void> {
  for (let i = 0; i < rooms.length; i += limits.checkpointsTogether) {
    const rows = rooms.slice(i, i + limits.checkpointsTogether)
    await tx.insert
      .checkpoint(...rows.map(([room, state]) => ({ room, at: tx.at, state: packState(state, tx.at) })))
      .onConflict((same) => same.columns(['tenant', 'room', 'at']).doUpdateSet((eb) => ({ state: eb.ref('excluded.state') })))
      .execute()
  }
}

/** The last one up to a moment (UTC ms). */
export async function lastCheckpoint(read: Pick<TenantReader, 'tables'>, room: RoomId, upTo: number): Promise<Checkpoint | undefined> {
  const of = read.tables.checkpoint().select(['at', 'state']).where('room', '=', room).where('at', '<=', upTo)
  const row = await of.orderBy('at', 'desc').limit(1).executeTakeFirst()
  return row && { at: row.at, state: unpackState(row.state, row.at) }
}
