import { isDeepStrictEqual } from 'node:util'
import type { Settings } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { changedSettings, lacksContact, mayChangeSettings, type SettingsChanges } from '../../contract/settings.ts'
import { putTenant } from '../access/tenantDocument.ts'
import type { CommandHandler } from '../ground/commands/handler.ts'
import { changeSettings } from '../incidents/actions.ts'
import type { RoomDeps } from './deps.ts'

/** Other settings from this moment on; what waits is dated anew (INC-3). Who may: `mayChangeSettings` (REM-1). */
export const settingsChange = ({ rooms }: RoomDeps): CommandHandler<'settings.change'> => ({
  async check({ changes }, { caller }) {
    if (!mayChangeSettings(caller.access, changes)) throw new RoomkeeperError('access.denied')
  },
  async apply({ type, changes: said }, { tx }) {
    const before = await tx.get('settings', tx.tenant)
    if (!before) throw new RoomkeeperError('service.failed')
    const changes = differing(before, said)
    if (Object.keys(changes).length === 0) return null
    if (lacksContact(before, changes)) throw new RoomkeeperError('remote.contactMissing', { field: 'remoteContact' })
    const settings = changedSettings(before, changes)
    tx.put('settings', settings)
    const tenant = await tx.get('tenant', tx.tenant)
    if (tenant) putTenant(tx, tenant, settings)
    await tx.insert
      .settingsHistory({ validFrom: tx.at, body: JSON.stringify(settings) })
      .onConflict((conflict) => conflict.columns(['tenant', 'validFrom']).doUpdateSet({ body: JSON.stringify(settings) }))
      .execute()
    await changeSettings(rooms, tx, before, settings)
    return {
      category: 'Settings',
      objectName: 'Settings',
      operation: 'Update',
      detail: { action: type, ...detailOf(before, settings, changes) },
    }
  },
})

/** The changes that are any: no contact is the same as none, and a signal's default is none. */
function differing(before: Settings, changes: SettingsChanges): SettingsChanges {
  const was = new Map(Object.entries(before))
  const after = new Map(Object.entries(changedSettings(before, changes)))
  return Object.fromEntries(Object.entries(changes).filter(([name]) => !isDeepStrictEqual(was.get(name), after.get(name))))
}

/** What the audit says: what was asked for, what it was before, and with the switch whom to ask about sessions (REM-1). */
function detailOf(before: Settings, { remoteContact }: Settings, changes: SettingsChanges): Record<string, unknown> {
  const names = new Set(Object.keys(changes))
  const former = Object.fromEntries(Object.entries(before).filter(([name]) => names.has(name)))
  const contact = changes.remoteAccess === undefined || remoteContact === undefined ? {} : { remoteContact }
  return { ...contact, ...changes, before: former }
}
