import { z } from 'zod'
import { type Access, mayAudit, mayEverywhere } from './access.ts'
import { Settings } from './entities.ts'
import { SignalId } from './signals.ts'
import { changedHolds, changedSwitches, HoldChanges, isSwitchable, SwitchChanges } from './signalSettings.ts'

/** Who may change which setting; the service decides with this, and the console mirrors it. */

/** What `settings.change` may say. An empty contact takes it away; of signals, only what is to be other: null is as by default. */
export const SettingsChanges = Settings.omit({ id: true })
  .partial()
  .extend({
    remoteContact: z.email().max(254).or(z.literal('')).optional(),
    holds: HoldChanges.optional(),
    switches: SwitchChanges.refine(
      (switches) => SignalId.options.every((id) => isSwitchable(id) || switches[id] === undefined),
      'That a device is silent, or there twice, is always watched.',
    ).optional(),
  })
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

/** The settings after these changes. Whoever gives one time for all signals means it for all. */
export function changedSettings(before: Settings, { holds: times, switches: on, ...changes }: SettingsChanges): Settings {
  const said = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
  const same = changes.openHoldMs !== undefined && changes.holdPreset === undefined && before.holdPreset !== undefined
  const { remoteContact, holds, switches, ...settings }: Settings = { ...before, ...said, ...(same ? { holdPreset: 'same' } : {}) }
  const [ownTimes, switched] = [times ? changedHolds(holds, times) : holds, on ? changedSwitches(switches, on) : switches]
  return {
    ...settings,
    ...(remoteContact ? { remoteContact } : {}),
    ...(ownTimes ? { holds: ownTimes } : {}),
    ...(switched ? { switches: switched } : {}),
  }
}

/** Whether these changes would leave remote access on without a contact for the audit: `remote.contactMissing` (REM-1). */
export function lacksContact(before: Settings, changes: SettingsChanges): boolean {
  if (changes.remoteAccess === undefined && changes.remoteContact === undefined) return false
  const { remoteAccess, remoteContact } = changedSettings(before, changes)
  return remoteAccess === true && remoteContact === undefined
}
