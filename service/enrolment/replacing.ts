import { RoomkeeperError } from '../../contract/errors.ts'
import type { DeviceId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { changeLifecycle } from '../incidents/actions.ts'
import type { Rooms } from '../incidents/rooms.ts'

/**
 * Puts the device of a room in onboarding into the room whose machine it is, or whose place it takes (ENR-3, decision 0047): that room
 * keeps its name, place, groups, assignments, history and lifecycle. The two change places, so that each room has one device: the one
 * before is revoked at once, and goes into the other room, which is unenrolled; where it enrols again, it is that room which comes back.
 * A device's own word never does this.
 * @returns the devices: the one that came, and those that were revoked.
 * @throws room.notFound; room.notOnboarding; room.unenrolled where the device of either room is cut off.
 */
export async function replaceDevice(
  rooms: Rooms,
  tx: TenantTransaction,
  next: RoomId,
  former: RoomId,
): Promise<{ device: DeviceId; revoked: readonly DeviceId[] }> {
  const work = rooms.within(tx)
  await work.load([next, former])
  const [coming, staying] = [work.room(next), work.room(former)]
  if (coming.state.lifecycle !== 'onboarding') throw new RoomkeeperError('room.notOnboarding', { params: { room: next } })
  if (staying.state.lifecycle === 'unenrolled') throw new RoomkeeperError('room.unenrolled', { params: { room: former } })
  const found = await tx.tables.device().select(['id', 'room', 'state']).where('room', 'in', [next, former]).execute()
  const device = found.find(({ room, state }) => room === next && state === 'active')?.id
  if (device === undefined) throw new RoomkeeperError('room.unenrolled', { params: { room: next } })
  const revoked = found.filter(({ room, state }) => room === former && state !== 'revoked').map(({ id }) => id)
  await tx.update.device().where('room', '=', former).set({ state: 'revoked', room: next }).execute()
  await tx.update.device().where('id', '=', device).set({ room: former }).execute()
  const at = tx.at
  const [came, went] = [coming.base, staying.base]
  work.rebase(former, { device: came.device, inCall: came.inCall })
  work.rebase(next, { device: went.device, inCall: false })
  work.note(former, { kind: 'replaced', at, detail: nameOf(came) })
  work.note(next, { kind: 'replaces', at, detail: nameOf(went) })
  await changeLifecycle(rooms, tx, [next], 'unenrolled')
  for (const id of revoked) tx.publish('device', { tenant: tx.tenant, device: id, change: { type: 'revoked' } })
  tx.publish('device', { tenant: tx.tenant, device, change: { type: 'moved' } })
  return { device, revoked }
}

/** "Lobby (S-1234)": with the serial number, where the device says one. */
const nameOf = ({ name, device: { serial } }: { readonly name: string; readonly device: { readonly serial: string } }): string =>
  (serial === '' ? name : `${name} (${serial})`).slice(0, limits.deviceTextChars)
