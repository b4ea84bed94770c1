import { type Access, isProManager, mayEverywhere } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { AssignmentScope } from '../../contract/policy.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'

/** Which rooms are handed to a partner (PAR-1): at least one. Who invites holds settings.modify over all of them. */

/** @throws RoomkeeperError partner.noRooms, room.notFound, group.notFound */
export async function checkNamed(tx: TenantTransaction, scope: AssignmentScope): Promise<void> {
  if (scope === 'all') return
  if (scope.rooms.length + scope.groups.length === 0) throw new RoomkeeperError('partner.noRooms', { field: 'scope' })
  const rooms = await tx.roomFacts()
  const room = scope.rooms.find((id) => !rooms.has(id))
  if (room !== undefined) throw new RoomkeeperError('room.notFound', { field: 'scope.rooms', params: { room } })
  const groups = scope.groups.length === 0 ? [] : await tx.tables.roomGroup().select('id').where('id', 'in', scope.groups).execute()
  const group = scope.groups.find((id) => !groups.some((one) => one.id === id))
  if (group !== undefined) throw new RoomkeeperError('group.notFound', { field: 'scope.groups', params: { group } })
}

/** Remote access is nobody's to give but a Pro Manager's, or of who holds it over all rooms. @throws RoomkeeperError policy.escalation */
export function checkRemoteAccess(maker: Access): void {
  if (isProManager(maker) || mayEverywhere(maker, 'remoteAccess.modify')) return
  throw new RoomkeeperError('policy.escalation', { field: 'remoteAccess' })
}
