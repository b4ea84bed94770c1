import type { PersonRef, Room } from '../../contract/entities.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { RoomId, SessionId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { SessionEnd } from '../../contract/remote.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import type { Refusals } from '../ground/audit/refusals.ts'
import type { Caller } from '../ground/caller.ts'
import type { Store } from '../ground/store/store.ts'
import { type AuditRecord, type Doer, system, type TenantTransaction } from '../ground/store/transaction.ts'
import type { RemoteSessionTable } from './tables.ts'

/** Rows of the session log (REM-8) as they are written: each with its audit record, in one commit. */

/** Who wants what of which room. */
export interface Attempt {
  readonly id: SessionId
  readonly caller: Caller
  readonly room: RoomId
  readonly mode: RemoteMode
  /** UTC ms. */
  readonly startedAt: number
  /** The room, where its operator may see it. */
  readonly seen: Pick<Room, 'name' | 'device'> | undefined
}

const operatorOf = ({ person, name, organisation }: Caller): PersonRef => ({
  id: person,
  name,
  ...(organisation === undefined ? {} : { organisation }),
})

/** A device as the log names it. */
export function nameOfDevice({ manufacturer, model, serial }: Pick<Room['device'], 'manufacturer' | 'model' | 'serial'>): string {
  const name = [manufacturer, model].filter((part) => part !== '').join(' ')
  return (serial === '' ? name : `${name} (${serial})`).trim().slice(0, limits.deviceTextChars)
}

const rowOf = ({ id, caller, room, mode, startedAt, seen }: Attempt): Omit<RemoteSessionTable, 'tenant'> => ({
  id,
  room,
  roomName: seen?.name ?? '',
  device: seen?.device.id ?? null,
  deviceName: seen ? nameOfDevice(seen.device) : '',
  operator: caller.person,
  operatorName: caller.name,
  operatorEmail: caller.email,
  organisation: caller.organisation ?? null,
  mode,
  startedAt,
  endedAt: null,
  end: null,
  refusal: null,
  recordedBytes: 0,
  recordedMs: 0,
  recordingDeletedAt: null,
})

function recordOf(
  row: Pick<RemoteSessionTable, 'id' | 'room' | 'roomName' | 'device' | 'mode'>,
  operator: PersonRef,
  of: Pick<AuditRecord, 'operation' | 'resultStatus'>,
  detail: AuditRecord['detail'],
): AuditRecord {
  const { id: session, room, roomName, device, mode } = row
  return { category: 'RemoteSession', objectName: roomName || room, ...of, detail: { session, room, device, mode, operator, ...detail } }
}

/** A line of the room's history. Whose session it is stays in the log: a partner is told of its own people only. */
async function note(tx: TenantTransaction, room: RoomId, kind: 'remoteStarted' | 'remoteEnded', at: number): Promise<void> {
  tx.note({ room, kind, actor: { kind: 'system' }, at })
  // Who looks at the room hears that there is more.
  const doc = await tx.get('room', room)
  if (doc) tx.put('room', doc, doc)
}

/** A session has begun. */
export async function writeStarted(store: Store, attempt: Attempt, recorded: boolean): Promise<void> {
  const row = rowOf(attempt)
  await store.write(attempt.caller.tenant, attempt.caller.doer, async (tx) => {
    await tx.insert.remoteSession(row).execute()
    await note(tx, row.room, 'remoteStarted', tx.at)
    tx.audit(recordOf(row, operatorOf(attempt.caller), { operation: 'Create' }, { action: 'session.start', recorded }))
  })
}

/** An attempt that was refused, in the session log where `logged`. One whose id is in the log already is not written again. */
export async function writeRefused(refusals: Refusals, attempt: Attempt, code: ErrorCode, logged: boolean): Promise<void> {
  const row = { ...rowOf(attempt), endedAt: attempt.startedAt, refusal: code }
  const refusal = recordOf(
    row,
    operatorOf(attempt.caller),
    { operation: 'Create', resultStatus: 'Failed' },
    { action: 'session.start', code },
  )
  const log = async (tx: TenantTransaction): Promise<void> => {
    await tx.insert
      .remoteSession(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  await refusals.record(attempt.caller, refusal, logged ? log : undefined)
}

/** A session is over: once, whoever says so again. `doer`: who ended it; the system, where nobody did. `at`: UTC ms. */
export async function writeEnded(
  store: Store,
  tenant: TenantId,
  id: SessionId,
  end: SessionEnd,
  at: number,
  doer: Doer = system,
): Promise<void> {
  await store.write(tenant, doer, async (tx) => {
    const row = await tx.tables.remoteSession().selectAll().where('id', '=', id).where('endedAt', 'is', null).executeTakeFirst()
    if (!row) return
    await tx.update
      .remoteSession()
      .where('id', '=', id)
      .set({ endedAt: Math.max(row.startedAt, at), end })
      .execute()
    await note(tx, row.room, 'remoteEnded', Math.max(row.startedAt, at))
    const operator = { id: row.operator, name: row.operatorName, ...(row.organisation === null ? {} : { organisation: row.organisation }) }
    tx.audit(recordOf(row, operator, { operation: 'Update' }, { action: 'session.end', reason: end }))
  })
}

/** Sessions that the log has as running. */
export async function openRows(store: Store): Promise<Pick<RemoteSessionTable, 'tenant' | 'id' | 'device'>[]> {
  const found = []
  for (const { id } of await store.tenants()) {
    found.push(
      ...(await store
        .read(id, 'wholeTenant')
        .tables.remoteSession()
        .select(['tenant', 'id', 'device'])
        .where('endedAt', 'is', null)
        .execute()),
    )
  }
  return found
}
