import type { Incident, Lifecycle, Settings } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { IncidentId, RoomId } from '../../contract/ids.ts'
import { evidenceOf, isReportedByHand, type SignalId, SignalValue } from '../../contract/signals.ts'
import { switchedBetween } from '../../contract/signalSettings.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { closeReportsOf } from './reports.ts'
import type { Rooms } from './rooms.ts'

/**
 * What commands do to rooms and incidents, inside the command's own transaction. Whether the person may is checked
 * before; audit and receipts are the command's own. An incident's owner and comments are not the engine's: a command
 * reads the document, puts it with `changedAt`, and adds its entry.
 */

/**
 * Rooms into another lifecycle state (ENR-5): enrolling evaluates at once what is known of them, unenrolling closes
 * what is open. Rooms that are in that state already are left alone. Devices are not told: see
 * service/enrolment/offboarding.ts, which is what commands call.
 * @returns the rooms that changed.
 * @throws room.notFound where one does not exist; nothing must be committed then.
 */
export async function changeLifecycle(
  rooms: Rooms,
  tx: TenantTransaction,
  ids: readonly RoomId[],
  lifecycle: Lifecycle,
): Promise<RoomId[]> {
  const work = rooms.within(tx)
  await work.load(ids)
  const changed = [...new Set(ids)].filter((id) => work.room(id).state.lifecycle !== lifecycle)
  if (lifecycle !== 'enrolled') for (const id of changed) if (work.room(id).state.reports) await closeReportsOf(tx, id)
  for (const id of changed) work.take(id, { type: 'lifecycle', lifecycle })
  await work.flush()
  return changed
}

/**
 * Acknowledges an incident, or takes that back (`null`) (INC-5). The entry in its history is the caller's.
 * @returns the incident as it is now.
 * @throws incident.notFound, incident.resolved.
 */
export async function attend(
  rooms: Rooms,
  tx: TenantTransaction,
  id: IncidentId,
  acknowledged: Incident['acknowledged'] | null,
): Promise<Incident> {
  const before = await tx.get('incident', id)
  if (!before) throw new RoomkeeperError('incident.notFound')
  if (before.status === 'resolved') throw new RoomkeeperError('incident.resolved')
  const now = isReportedByHand(before) ? before : await attendSignal(rooms, tx, before, acknowledged !== null)
  const { acknowledged: _, ...rest } = now
  // Nobody attends to what is not there yet: the clock that says so is wrong.
  const by = acknowledged && { ...acknowledged, at: Math.max(acknowledged.at, now.openedAt ?? now.since) }
  const incident: Incident = { ...rest, ...(by ? { acknowledged: by } : {}), changedAt: tx.at }
  tx.put('incident', incident)
  return incident
}

/** A warning that somebody is on does not age. @throws incident.resolved */
async function attendSignal(rooms: Rooms, tx: TenantTransaction, before: Incident, attended: boolean): Promise<Incident> {
  const work = rooms.within(tx)
  await work.load([before.room])
  work.take(before.room, { type: 'attention', signal: before.signal, acknowledged: attended })
  await work.flush()
  // Time went on with the event: a hold that ran out may have resolved the incident just now.
  const now = (await tx.get('incident', before.id)) ?? before
  if (now.status === 'resolved') throw new RoomkeeperError('incident.resolved')
  return now
}

/**
 * The tenant's settings are others: call it in the transaction that puts the settings document (before or after) and
 * adds their row of `settingsHistory` with `validFrom` = `tx.at`. Everything that waits is dated anew; what is switched off closes, and
 * what is switched on opens where it is bad now (ROM-4).
 */
export async function changeSettings(rooms: Rooms, tx: TenantTransaction, before: Settings, settings: Settings): Promise<void> {
  const work = rooms.within(tx)
  // A room without a timer has nothing that settings could date: what they are about always waits for a time.
  const waiting = await tx.tables.roomState().select('room').where('nextTimer', 'is not', null).execute()
  await work.load(waiting.map(({ room }) => room))
  await work.load(await roomsOf(tx, switchedBetween(before, settings)))
  work.changeSettings(settings)
  await work.flush()
}

/** Rooms in which one of these signals is bad, or may have an incident that does not wait for a time: the last evidence of it was bad. */
async function roomsOf(tx: TenantTransaction, switched: readonly SignalId[]): Promise<RoomId[]> {
  if (switched.length === 0) return []
  // A signal's value is the first that its state says.
  const patterns = switched.flatMap((signal) => notGood.map((value) => `%"${signal}":{"value":"${value}"%`))
  const rows = await tx.tables
    .roomState()
    .select('room')
    .where((eb) => eb.or(patterns.map((pattern) => eb('state', 'like', pattern))))
    .execute()
  return rows.map(({ room }) => room)
}

const notGood = SignalValue.options.filter((value) => evidenceOf(value) !== 'good')
