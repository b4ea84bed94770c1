import type { TenantId } from '../../../contract/ids.ts'
import { dayMs, kept } from '../../../contract/retention.ts'
import type { Store } from '../../ground/store/store.ts'
import { system } from '../../ground/store/transaction.ts'
import type { RemoteSessionTable } from '../tables.ts'
import { auditOfRecording, isOver, recordingDaysOf } from './recordings.ts'

/** Chunks deleted in one write; others write in between. */
const chunksTogether = 64
/** Recordings deleted in one go; the rest at the next. */
const recordingsTogether = 1_000

/**
 * Deletes recordings that tenants do not want to keep any longer, each with an audit record by the system. One that is
 * deleted in part when the service stops is gone on with at the next go; nobody reads it meanwhile.
 * @returns how many were deleted.
 */
export async function pruneRecordings(store: Store, now: number): Promise<number> {
  let deleted = 0
  for (const { id: tenant } of await store.tenants()) {
    const days = await recordingDaysOf(store, tenant)
    const old = await store
      .read(tenant, 'wholeTenant')
      .tables.remoteSession()
      .selectAll()
      .where('startedAt', '<', now - days * dayMs)
      .where('recordedBytes', '>', 0)
      .where('recordingDeletedAt', 'is', null)
      .orderBy('startedAt')
      .limit(recordingsTogether)
      .execute()
    for (const row of old) {
      if (!isOver(row, days, now)) continue
      await deleteRecording(store, tenant, row, days)
      deleted += 1
    }
  }
  return deleted
}

async function deleteRecording(store: Store, tenant: TenantId, row: RemoteSessionTable, days: number): Promise<void> {
  let done = false
  while (!done) {
    done = await store.write(tenant, system, async (tx) => {
      const waits = await tx.tables
        .remoteSession()
        .select('id')
        .where('id', '=', row.id)
        .where('recordingDeletedAt', 'is', null)
        .executeTakeFirst()
      if (!waits) return true
      const last = await tx.tables
        .recordingChunk()
        .select('number')
        .where('session', '=', row.id)
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst()
      if (last && last.number > chunksTogether) {
        await tx.delete
          .recordingChunk()
          .where('session', '=', row.id)
          .where('number', '>', last.number - chunksTogether)
          .execute()
        return false
      }
      await tx.delete.recordingChunk().where('session', '=', row.id).execute()
      await tx.update.remoteSession().where('id', '=', row.id).set({ recordingDeletedAt: tx.at }).execute()
      tx.audit(auditOfRecording(row, 'Delete', { action: 'recording.delete', days }))
      return true
    })
  }
}

/** Log rows deleted in one write. */
const rowsTogether = 1_000

/**
 * Deletes the log of remote sessions that ended long ago (REM-8), once what was recorded of them is deleted.
 * @returns how many were deleted.
 */
export async function pruneSessions(store: Store, now: number): Promise<number> {
  const before = now - kept.sessionDays * dayMs
  let deleted = 0
  for (const { id: tenant } of await store.tenants()) {
    for (let left = true; left;) {
      const old = await store
        .read(tenant, 'wholeTenant')
        .tables.remoteSession()
        .select('id')
        .where('startedAt', '<', before)
        .where('endedAt', '<', before)
        .where((eb) => eb.or([eb('recordedBytes', '=', 0), eb('recordingDeletedAt', 'is not', null)]))
        .limit(rowsTogether)
        .execute()
      left = old.length > 0
      if (!left) continue
      const ids = old.map(({ id }) => id)
      await store.write(tenant, system, (tx) => tx.delete.remoteSession().where('id', 'in', ids).execute())
      deleted += ids.length
    }
  }
  return deleted
}
