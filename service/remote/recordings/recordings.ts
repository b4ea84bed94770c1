import { sql } from 'kysely'
import { defaultSettings } from '../../../contract/entities.ts'
import { type ErrorCode, RoomkeeperError } from '../../../contract/errors.ts'
import type { SessionId, TenantId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { RecordingIndex, RecordingTicket } from '../../../contract/recording.ts'
import { dayMs, kept } from '../../../contract/retention.ts'
import type { Clock } from '../../../contract/system.ts'
import type { Caller } from '../../ground/caller.ts'
import type { Store } from '../../ground/store/store.ts'
import type { TenantSelects } from '../../ground/store/tenantTables.ts'
import { type AuditRecord, system, type TenantTransaction } from '../../ground/store/transaction.ts'
import { recordOf } from '../record.ts'
import type { RemoteSessionTable } from '../tables.ts'
import type { ChunkRefusals } from './chunkRefusals.ts'
import { checkOutside } from './chunks.ts'
import type { RecordingThreads } from './threads.ts'

/** Recordings of remote sessions: taken in chunk by chunk, and read the same way; never a whole one at once. */

/** Whether a recording has been kept as long as the tenant wants it (days, from the end of its session). */
export const isOver = ({ startedAt, endedAt }: Pick<RemoteSessionTable, 'startedAt' | 'endedAt'>, days: number, now: number): boolean =>
  (endedAt ?? startedAt) < now - days * dayMs

/** Days that a tenant keeps its recordings. */
export async function recordingDaysOf(store: Store, tenant: TenantId): Promise<number> {
  const settings = await store.read(tenant, 'wholeTenant').get('settings', tenant)
  return settings?.recordingDays ?? defaultSettings.recordingDays ?? kept.sessionDays
}

interface Deps {
  readonly store: Store
  readonly threads: Pick<RecordingThreads, 'check'>
  readonly refused: ChunkRefusals
  /** UTC ms. */
  readonly clock: Pick<Clock, 'now'>
}

/**
 * Whether a chunk of this number and so many bytes may come now, without a look at it: before its body is read, before it is
 * unpacked, and once more when it is stored.
 * @throws RoomkeeperError auth.invalid, device.unknown; recording.notFound, remote.ended; recording.invalid where another
 * number comes next; recording.tooLarge.
 */
export async function admitChunk(
  tables: TenantSelects,
  ticket: RecordingTicket,
  number: number,
  bytes: number,
  now: number,
): Promise<Admitted> {
  if (number > limits.recordingChunks) throw new RoomkeeperError('recording.tooLarge')
  const row = await checkUpload(tables, ticket, now)
  const last = await tables
    .recordingChunk()
    .select(['number', 'toMs'])
    .where('session', '=', ticket.sid)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  const next = (last?.number ?? 0) + 1
  if (number > next)
    throw new RoomkeeperError('recording.invalid', { field: 'number', detail: `Chunk ${next} comes next.`, params: { next } })
  const recordedBytes = row.recordedBytes + bytes
  if (number === next && recordedBytes > limits.recordingBytes) throw new RoomkeeperError('recording.tooLarge')
  return { again: number < next, recordedBytes, lastMs: last?.toMs ?? 0 }
}

interface Admitted {
  /** There is a chunk under this number. */
  readonly again: boolean
  /** Of the whole recording, with this one. */
  readonly recordedBytes: number
  /** When the chunk before it ends. */
  readonly lastMs: number
}

/**
 * Takes one chunk of the recording that the ticket is for; what costs least is looked at first. The same chunk again changes
 * nothing.
 * @throws RoomkeeperError what `admitChunk` says; recording.invalid, recording.tooLarge, recording.busy; request.conflict for
 * other bytes under a number that is taken; service.unavailable.
 */
export async function takeChunk(deps: Deps, ticket: RecordingTicket, number: number, bytes: Uint8Array): Promise<void> {
  const { store, refused, clock } = deps
  const { tables } = store.read(ticket.tenant, 'wholeTenant')
  const { again } = await admitChunk(tables, ticket, number, bytes.byteLength, clock.now())
  if (again) return checkSame(tables, ticket.sid, number, bytes)
  if (refused.isOver(ticket.sid)) {
    throw new RoomkeeperError('recording.invalid', { detail: 'Too much of this recording was refused; nothing more of it is taken.' })
  }
  try {
    await storeChunk(deps, ticket, number, bytes)
  } catch (error) {
    const isRefusal = error instanceof RoomkeeperError && (error.code === 'recording.invalid' || error.code === 'recording.tooLarge')
    if (isRefusal && refused.add(ticket.sid)) await noteEnded(store, ticket, error.code)
    throw error
  }
}

/** Says in the audit why a recording is not complete. */
async function noteEnded(store: Store, { tenant, sid }: RecordingTicket, code: ErrorCode): Promise<void> {
  await store.write(tenant, system, async (tx) => {
    const row = await tx.tables.remoteSession().select(['id', 'room', 'roomName']).where('id', '=', sid).executeTakeFirst()
    if (row) tx.audit(auditOfRecording(row, 'Update', { action: 'recording.end', code }))
  })
}

async function storeChunk({ store, threads }: Deps, ticket: RecordingTicket, number: number, bytes: Uint8Array): Promise<void> {
  checkOutside(bytes)
  const { fromMs, toMs, terminal } = await threads.check(ticket.tenant, ticket.sid, number, bytes)
  await store.write(ticket.tenant, system, async (tx) => {
    const { again, recordedBytes, lastMs } = await admitChunk(tx.tables, ticket, number, bytes.byteLength, tx.at)
    if (again) return checkSame(tx.tables, ticket.sid, number, bytes)
    if (fromMs < lastMs)
      throw new RoomkeeperError('recording.invalid', { field: 'fromMs', detail: 'It begins before the chunk before it ends.' })
    await tx.insert.recordingChunk({ session: ticket.sid, number, fromMs, toMs, terminal: terminal ? 1 : 0, body: bytes }).execute()
    await tx.update.remoteSession().where('id', '=', ticket.sid).set({ recordedBytes, recordedMs: toMs }).execute()
  })
}

/** The session, whose recording this device may upload now. */
async function checkUpload(tables: TenantSelects, { sid, device }: RecordingTicket, now: number): Promise<RemoteSessionTable> {
  const row = await tables.remoteSession().selectAll().where('id', '=', sid).executeTakeFirst()
  if (!row || row.refusal !== null || row.recordingDeletedAt !== null) throw new RoomkeeperError('recording.notFound')
  if (row.device !== device) throw new RoomkeeperError('auth.invalid')
  const known = await tables.device().select('state').where('id', '=', device).executeTakeFirst()
  if (!known || known.state === 'revoked') throw new RoomkeeperError('device.unknown')
  if (row.endedAt !== null && now > row.endedAt + limits.recordingLateMs) throw new RoomkeeperError('remote.ended')
  return row
}

/** @throws RoomkeeperError request.conflict where the number has other bytes. */
async function checkSame(tables: TenantSelects, session: SessionId, number: number, bytes: Uint8Array): Promise<void> {
  const known = await bodyOf(tables, session, number)
  if (!known || Buffer.compare(known, bytes) !== 0)
    throw new RoomkeeperError('request.conflict', { detail: `Chunk ${number} is here with other bytes.` })
}

async function bodyOf(tables: TenantSelects, session: SessionId, number: number): Promise<Uint8Array | undefined> {
  return (await tables.recordingChunk().select('body').where('session', '=', session).where('number', '=', number).executeTakeFirst())?.body
}

/** The session of a recording that may be read now. @throws RoomkeeperError recording.notFound */
export async function recordingOf(store: Store, tenant: TenantId, session: SessionId, now: number): Promise<RemoteSessionTable> {
  const row = await store.read(tenant, 'wholeTenant').tables.remoteSession().selectAll().where('id', '=', session).executeTakeFirst()
  if (!row || row.recordedBytes === 0 || row.recordingDeletedAt !== null) throw new RoomkeeperError('recording.notFound')
  // Its time is over though it is not deleted yet.
  if (isOver(row, await recordingDaysOf(store, tenant), now)) throw new RoomkeeperError('recording.notFound')
  return row
}

export async function indexOf(store: Store, row: RemoteSessionTable): Promise<RecordingIndex> {
  const chunks = await store
    .read(row.tenant, 'wholeTenant')
    .tables.recordingChunk()
    .select(['number', 'fromMs', 'toMs', sql<number>`length(${sql.ref('body')})`.as('bytes')])
    .where('session', '=', row.id)
    .orderBy('number')
    .execute()
  return {
    session: row.id,
    record: recordOf(row),
    startedAt: row.startedAt,
    durationMs: row.recordedMs,
    complete: row.endedAt !== null,
    chunks,
  }
}

/** One chunk as it was uploaded. @throws RoomkeeperError recording.notFound */
export async function chunkOf(store: Store, row: RemoteSessionTable, number: number): Promise<Uint8Array> {
  const body = await bodyOf(store.read(row.tenant, 'wholeTenant').tables, row.id, number)
  if (!body) throw new RoomkeeperError('recording.notFound')
  return body
}

/**
 * The events of terminals as NDJSON, a chunk at a time, as fast as it is taken; at most `limits.recordingTerminalBytes`, cut
 * before the chunk that would be too much.
 */
export async function* terminalOf(
  store: Store,
  threads: Pick<RecordingThreads, 'terminalLines'>,
  row: RemoteSessionTable,
): AsyncGenerator<Uint8Array> {
  const { tables } = store.read(row.tenant, 'wholeTenant')
  const chunks = await tables
    .recordingChunk()
    .select('number')
    .where('session', '=', row.id)
    .where('terminal', '=', 1)
    .orderBy('number')
    .execute()
  let bytes = 0
  for (const { number } of chunks) {
    const body = await bodyOf(tables, row.id, number)
    // Deleted while it was read.
    if (!body) return
    const lines = await threads.terminalLines(row.tenant, body)
    bytes += lines.byteLength
    if (bytes > limits.recordingTerminalBytes) return
    if (lines.byteLength > 0) yield lines
  }
}

/** What the audit says of a recording. */
export const auditOfRecording = (
  { id: session, room, roomName }: Pick<RemoteSessionTable, 'id' | 'room' | 'roomName'>,
  operation: 'Update' | 'Delete',
  detail: AuditRecord['detail'],
): AuditRecord => ({
  category: 'RemoteSession',
  objectName: roomName || room,
  operation,
  detail: { session, room, ...detail },
})

/**
 * Leaves an audit record that this person opened the recording, unless there is one of the last hour
 * (`limits.recordingOpenedMs`).
 */
export async function noteOpened(
  store: Store,
  caller: Pick<Caller, 'tenant' | 'person' | 'doer'>,
  row: RemoteSessionTable,
  now: number,
): Promise<void> {
  const { tables } = store.read(caller.tenant, 'wholeTenant')
  if (await wasOpened(tables, caller.person, row.id, now)) return
  await store.write(caller.tenant, caller.doer, async (tx: TenantTransaction) => {
    if (await wasOpened(tx.tables, caller.person, row.id, tx.at)) return
    tx.audit(auditOfRecording(row, 'Update', { action: 'recording.open' }))
  })
}

async function wasOpened(tables: TenantSelects, person: Caller['person'], session: SessionId, now: number): Promise<boolean> {
  const found = await tables
    .audit()
    .select('id')
    .where('at', '>', now - limits.recordingOpenedMs)
    .where('actor', '=', person)
    .where('category', '=', 'RemoteSession')
    .where('detail', 'like', `%"session":"${session}"%"action":"recording.open"%`)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}
