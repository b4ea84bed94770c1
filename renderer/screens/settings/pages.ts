import { computed, type ComputedRef } from 'vue'
import { mayAudit } from '../../../contract/access.ts'
import { useConsole } from '../../stores/console.ts'

/** The pages of Settings in their order, each with what opens it. */
export const settingsPages = [
  'general',
  'signals',
  'notifications',
  'roles',
  'groups',
  'partners',
  'approvals',
  'audit',
  'sessions',
] as const
export type SettingsPage = (typeof settingsPages)[number]

/** Those that the operator may open, each by its own permission. */
export function useSettingsPages(): ComputedRef<SettingsPage[]> {
  const core = useConsole()
  const opens: Readonly<Record<SettingsPage, () => boolean>> = {
    general: () =>
      (['rooms.create', 'rooms.downloadKey', 'settings.view'] as const).some((permission) => core.may(permission)) ||
      core.mayEverywhere('rooms.resetKey'),
    signals: () => core.may('settings.view'),
    notifications: () => core.may('incidents.view'),
    roles: () => core.may('roles.view'),
    groups: () => core.may('groups.view') || core.may('roles.view'),
    partners: () => core.may('settings.view') || core.may('roles.view'),
    approvals: () => core.maySend('request.decide'),
    audit: () => core.me !== null && mayAudit(core.me.access),
    sessions: () => core.me !== null && mayAudit(core.me.access),
  }
  return computed(() => settingsPages.filter((page) => opens[page]()))
}
