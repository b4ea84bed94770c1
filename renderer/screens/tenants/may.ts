import { mayManageCustomers } from '../../../contract/access.ts'
import { useConsole } from '../../stores/console.ts'

/** Whether Tenants is open to the operator: who manages customers, or has some (PAR-2, PAR-8). */
export function useMayTenants(): () => boolean {
  const core = useConsole()
  return () => core.tenants.length > 1 || (core.me !== null && mayManageCustomers(core.me.access))
}
