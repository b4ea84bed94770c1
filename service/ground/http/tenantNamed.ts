import type { IncomingHttpHeaders } from 'node:http'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { TenantId } from '../../../contract/ids.ts'
import { tenantHeader } from '../../../contract/policyApi.ts'

/**
 * The customer's tenant that a partner's person names (PAR-8); undefined: they ask about their own.
 * @throws RoomkeeperError request.invalid where it is not an id.
 */
export function tenantNamed(headers: IncomingHttpHeaders): TenantId | undefined {
  const named = headers[tenantHeader]
  if (named === undefined) return undefined
  const tenant = TenantId.safeParse(named)
  if (!tenant.success) throw new RoomkeeperError('request.invalid', { field: tenantHeader })
  return tenant.data
}
