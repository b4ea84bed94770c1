import { defaultSettings, type Settings, type Tenant } from '../../contract/entities.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'

/** Puts into the tenant's document what everyone's console must know of its settings, whoever may see those (ACC-8, REM-1). */
export function putTenant(tx: TenantTransaction, tenant: Tenant, { offlineLeaseDays, remoteAccess, recordSessions }: Settings): void {
  const before = {
    days: tenant.offlineLeaseDays ?? defaultSettings.offlineLeaseDays,
    on: tenant.remote?.on ?? false,
    record: tenant.remote?.record ?? false,
  }
  const now = { days: offlineLeaseDays ?? defaultSettings.offlineLeaseDays, on: remoteAccess ?? false, record: recordSessions ?? false }
  if (before.days === now.days && before.on === now.on && before.record === now.record) return
  tx.put('tenant', {
    ...tenant,
    ...(now.days === undefined ? {} : { offlineLeaseDays: now.days }),
    remote: { on: now.on, record: now.record },
  })
}
