import { z } from 'zod'
import { type Access, mayAudit, mayEverywhere } from './access.ts'
import { Settings } from './entities.ts'

/** Who may change which setting; the service decides with this, and the console mirrors it. */

/** What `settings.change` may say. An empty contact takes it away. */
export const SettingsChanges = Settings.omit({ id: true })
  .partial()
  .extend({ remoteContact: z.email().max(254).or(z.literal('')).optional() })
export type SettingsChanges = z.infer<typeof SettingsChanges>

/** Settings that open rooms to operators (REM-1): no permission gives them. */
export const remoteSettings = [
  'remoteAccess',
  'remoteContact',
  'recordSessions',
  'recordingDays',
] as const satisfies readonly (keyof SettingsChanges)[]

/**
 * May this person make these changes? They are the whole tenant's, so they take settings.modify over all rooms. Those of remote access only
 * a Pro Manager or Global Administrator of the tenant
 * itself may (REM-1): neither a custom role with settings.modify nor a partner.
 */
export const mayChangeSettings = (access: Access, changes: SettingsChanges): boolean =>
  mayEverywhere(access, 'settings.modify') && (mayAudit(access) || remoteSettings.every((name) => changes[name] === undefined))

/** The settings after these changes. */
export function changedSettings(before: Settings, changes: SettingsChanges): Settings {
  const said = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
  const { remoteContact, ...settings }: Settings = { ...before, ...said }
  return remoteContact ? { ...settings, remoteContact } : settings
}

/** Whether these changes would leave remote access on without a contact for the audit: `remote.contactMissing` (REM-1). */
export function lacksContact(before: Settings, changes: SettingsChanges): boolean {
  if (changes.remoteAccess === undefined && changes.remoteContact === undefined) return false
  const { remoteAccess, remoteContact } = changedSettings(before, changes)
  return remoteAccess === true && remoteContact === undefined
}
