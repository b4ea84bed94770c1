import { may } from '../../contract/access.ts'
import type { TenantId } from '../../contract/ids.ts'
import type { Tenants } from '../tenants/tenants.ts'
import type { SessionOf } from './session.ts'

/** Whether the person may still have this session, as far as this console knows (REM-2). `own`: the id of one's own tenant. */
export function mayKeep(tenants: Tenants, { tenant, room, mode }: SessionOf, own: TenantId | null): boolean {
  const isOwn = tenant.id === own
  if (!isOwn && !tenants.customers.includes(tenant.id)) return false
  // For the moment in which a copy is opened anew nothing is known of it.
  const me = (isOwn ? tenants.home : tenants.of(tenant.id))?.shown.me
  if (me === undefined) return true
  return may(me.access, 'remoteAccess.modify', room) || (mode === 'view' && may(me.access, 'remoteAccess.view', room))
}
