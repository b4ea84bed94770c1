import type { Link } from '../../contract/policy.ts'
import { changePolicy } from '../access/policies.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { withdrawRequests } from './approvals.ts'
import { markPartner } from './marks.ts'

/**
 * Ends a link or takes an invitation back, whichever side does it (PAR-6): its assignments and roles go with it, what
 * waited for a decision is withdrawn, and its people lose everything here in this commit. They stay known by name, as
 * history names them.
 */
export async function endLink(customer: TenantTransaction, link: Link): Promise<void> {
  await withdrawRequests(customer, link.id)
  await changePolicy(customer, 'system', () => removeLink(customer, link))
  markPartner(customer, link)
}

/** Deletes a link with all that was made under it: for use within `changePolicy`. */
export async function removeLink(customer: TenantTransaction, link: Link): Promise<void> {
  await customer.delete.assignment().where('link', '=', link.id).execute()
  await customer.delete.role().where('link', '=', link.id).execute()
  await customer.delete.link().where('id', '=', link.id).execute()
}
