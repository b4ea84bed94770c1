import type { Settings } from '../../contract/entities.ts'
import { AssignmentId, RoleId, TenantId } from '../../contract/ids.ts'
import type { Store } from '../ground/store/store.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import { saveAssignment } from './assignments.ts'
import { putTenant } from './tenantDocument.ts'

export interface NewTenant {
  readonly name: string
  /** The issuer's name as people are stored under, and the directory's tenant. */
  readonly issuer: string
  readonly directory: string
  readonly settings: Omit<Settings, 'id'>
  /** Directory object id of the first Pro Manager; left out, a Global Administrator appoints one. */
  readonly proManager?: string
}

/** Makes a tenant with its settings and its first Pro Manager, who may not have signed in yet (ACC-3). */
export async function makeTenant(
  store: Store,
  tenant: NewTenant,
  more: (tx: TenantTransaction) => Promise<void> = async () => undefined,
): Promise<TenantId> {
  const id = TenantId.parse(store.ids())
  const { name, issuer, directory } = tenant
  await store.createTenant({ id, name, issuer, directory }, system, async (tx) => {
    const settings: Settings = { id, ...tenant.settings }
    tx.put('settings', settings)
    const document = await tx.get('tenant', id)
    if (document) putTenant(tx, document, settings)
    await tx.insert.settingsHistory({ validFrom: tx.at, body: JSON.stringify(settings) }).execute()
    tx.audit({ category: 'Tenant', objectName: name, operation: 'Create', detail: { action: 'tenant.make', tenant: id } })
    if (tenant.proManager !== undefined) {
      await saveAssignment(tx, {
        id: AssignmentId.parse(tx.ids()),
        name: 'Pro Managers',
        role: RoleId.parse('proManager'),
        members: [{ kind: 'person', id: tenant.proManager }],
        scope: 'all',
      })
    }
    await more(tx)
  })
  return id
}
