import type { Link } from '../../contract/policy.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'

/** Tells the partner's own screens that something about this customer changed. */
export function markPartner(customer: TenantTransaction, { partner }: Pick<Link, 'partner'>): void {
  if (partner === null) return
  customer.on(partner).put('policy', { id: partner, at: customer.at })
}
