import { hasProLicence } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { DeviceId, RoomId } from '../../contract/ids.ts'
import type { DeviceState } from '../ground/store/tables.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { changeLifecycle } from '../incidents/actions.ts'
import type { Rooms } from '../incidents/rooms.ts'
import { auditDevice } from './deviceAudit.ts'

/** Ids in one statement. */
const idsPerStatement = 2_000

/**
 * Enrols rooms (ENR-5): alerts and incidents start, connected devices are told. Rooms that are enrolled already are
 * left alone, unless all of them are.
 * @returns the rooms that changed.
 * @throws room.notFound; room.unenrolled where a room's device is cut off; room.noLicence (ROM-5); room.alreadyEnrolled.
 */
export async function enrolRooms(rooms: Rooms, tx: TenantTransaction, ids: readonly RoomId[]): Promise<RoomId[]> {
  const work = rooms.within(tx)
  await work.load(ids)
  for (const id of ids) {
    const { base, state } = work.room(id)
    if (state.lifecycle === 'unenrolled') throw new RoomkeeperError('room.unenrolled', { params: { room: id } })
    if (state.lifecycle !== 'enrolled' && !hasProLicence(base)) throw new RoomkeeperError('room.noLicence', { params: { room: id } })
  }
  const changed = await changeLifecycle(rooms, tx, ids, 'enrolled')
  if (changed.length === 0) throw new RoomkeeperError('room.alreadyEnrolled')
  for (const device of await devicesOf(tx, changed, ['active'])) {
    tx.publish('device', { tenant: tx.tenant, device, change: { type: 'lifecycle', lifecycle: 'enrolled' } })
  }
  return changed
}

/**
 * Unenrols rooms (ENR-5): alerts stop, what is open closes, and their devices are cut to off-boarding messages at once;
 * they are revoked when that is done, or after `limits.offboardingMs`. Rooms in onboarding can go the same way.
 * @returns the rooms that changed.
 * @throws room.notFound; room.notEnrolled where all of them are unenrolled already.
 */
export async function unenrolRooms(rooms: Rooms, tx: TenantTransaction, ids: readonly RoomId[]): Promise<RoomId[]> {
  const changed = await changeLifecycle(rooms, tx, ids, 'unenrolled')
  if (changed.length === 0) throw new RoomkeeperError('room.notEnrolled')
  const devices = await devicesOf(tx, changed, ['active'])
  await setState(tx, devices, { state: 'offboarding', offboardingSince: tx.at })
  for (const device of devices) tx.publish('device', { tenant: tx.tenant, device, change: { type: 'offboard' } })
  return changed
}

/** Off-boarding is over: the device's key opens nothing any more. Once: what is revoked already is left alone. */
export async function revoke(tx: TenantTransaction, device: DeviceId, why: 'offboarded' | 'overdue'): Promise<void> {
  const known = await tx.tables.device().select(['room', 'state']).where('id', '=', device).executeTakeFirst()
  if (!known || known.state === 'revoked') return
  await setState(tx, [device], { state: 'revoked' })
  const { room } = known
  auditDevice(tx, { action: 'device.revoke', why }, { device, room, name: (await tx.get('room', room))?.name ?? room })
  tx.publish('device', { tenant: tx.tenant, device, change: { type: 'revoked' } })
}

async function devicesOf(tx: TenantTransaction, rooms: readonly RoomId[], states: readonly DeviceState[]): Promise<DeviceId[]> {
  const found: DeviceId[] = []
  for (let i = 0; i < rooms.length; i += idsPerStatement) {
    const rows = await tx.tables
      .device()
      .select('id')
      .where('room', 'in', rooms.slice(i, i + idsPerStatement))
      .where('state', 'in', states)
      .execute()
    found.push(...rows.map(({ id }) => id))
  }
  return found
}

async function setState(
  tx: TenantTransaction,
  devices: readonly DeviceId[],
  changes: { state: DeviceState; offboardingSince?: number },
): Promise<void> {
  for (let i = 0; i < devices.length; i += idsPerStatement) {
    await tx.update
      .device()
      .set(changes)
      .where('id', 'in', devices.slice(i, i + idsPerStatement))
      .execute()
  }
}
