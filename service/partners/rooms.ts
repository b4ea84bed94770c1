import { type Access, isProManager, may, scopeOf } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { ResolvedPolicy } from '../../contract/evaluate.ts'
import type { LinkId } from '../../contract/ids.ts'
import type { AssignmentScope } from '../../contract/policy.ts'
import type { TenantTransaction } from '../store/transaction.ts'

/** Which rooms someone may hand to a partner (PAR-1): at least one, and only rooms that are theirs to give. */

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

/**
 * What a link is over, once it is stored. Inviting takes settings.modify; over rooms where one lacks it, it would hand
 * out what is not one's own.
 * @throws RoomkeeperError partner.noRooms, policy.escalation
 */
export function checkGiven({ links, policy }: ResolvedPolicy, link: LinkId, maker: Access): void {
  const scope = links.get(link)?.scope ?? []
  if (scope !== 'all' && scope.length === 0) throw new RoomkeeperError('partner.noRooms', { field: 'scope' })
  const mine = scopeOf(maker, 'settings.modify')
  if (mine === 'all') return
  const beyond = scope === 'all' ? 'all' : scope.find((room) => !mine.has(room))
  // A group by rule takes in rooms to come, whosever they will be.
  const named = links.get(link)?.link.scope ?? 'all'
  const ruled = named !== 'all' && policy.groups.some(({ id, rule }) => rule !== null && named.groups.includes(id))
  if (beyond !== undefined || ruled) throw new RoomkeeperError('policy.escalation', { field: 'scope' })
}

/** Remote access is nobody's to give but a Pro Manager's, or of who holds it over all rooms. @throws RoomkeeperError policy.escalation */
export function checkRemoteAccess(maker: Access): void {
  if (isProManager(maker)) return
  if (may(maker, 'remoteAccess.modify') && scopeOf(maker, 'remoteAccess.modify') === 'all') return
  throw new RoomkeeperError('policy.escalation', { field: 'remoteAccess' })
}
