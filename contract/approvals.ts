import { type Access, scopeOf } from './access.ts'
import type { ApprovalRequest, ChangeKind } from './entities.ts'
import type { Permission } from './permissions.ts'

/** What each kind of request shows of the customer's things, and so takes to be read. */
const shows: Readonly<Record<ChangeKind, readonly Permission[]>> = {
  rooms: ['rooms.view'],
  rings: ['rooms.view'],
  incidents: ['rooms.view', 'incidents.view'],
  roles: ['roles.view'],
}

/** All that somebody needs to decide a request of any kind. */
export const decides: readonly Permission[] = [...new Set<Permission>(['settings.modify', ...Object.values(shows).flat()])]

/**
 * May this person decide the request, and read it without having asked (PAR-5)? It takes settings.modify, and to see what
 * it is about, over all that it touches: its rooms, or all rooms where it is about none. Only the customer decides.
 */
export function mayDecide(access: Access, { kind, rooms = 'all' }: Pick<ApprovalRequest, 'kind' | 'rooms'>): boolean {
  if (access.link !== undefined) return false
  return ['settings.modify' as const, ...shows[kind]].every((permission) => {
    const held = scopeOf(access, permission)
    return held === 'all' || (rooms !== 'all' && rooms.every((room) => held.has(room)))
  })
}
