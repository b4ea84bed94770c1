import { useI18n } from 'vue-i18n'
import { tenantManagerRole } from '../../contract/access.ts'
import { fold } from '../../contract/fold.ts'
import { BuiltInRole, builtInRoles, Permission } from '../../contract/permissions.ts'
import { useFormat } from './format.ts'

/** The features of the permission table, in its order, each with its permissions. */
export const features: readonly { name: string; permissions: readonly Permission[] }[] = [
  ...new Set(Permission.options.map((one) => one.split('.')[0] ?? '')),
].map((name) => ({ name, permissions: Permission.options.filter((one) => one.startsWith(`${name}.`)) }))

/** The message that names an action within its feature: "Modify". */
export const actionKey = (permission: Permission): string =>
  permission === 'incidents.create' ? 'permission.action.createIncident' : `permission.action.${permission.split('.')[1] ?? ''}`
export const featureKey = (name: string): string => `permission.feature.${name}`

/** Names of roles and permissions in the chosen language. Built-in roles have their own in each. */
export function useAccessWords() {
  const { t, locale } = useI18n({ useScope: 'global' })
  const { list } = useFormat()

  /** "Rooms: Modify". */
  const permissionName = (permission: Permission): string =>
    t('permission.name', { feature: t(featureKey(permission.split('.')[0] ?? '')), action: t(actionKey(permission)) })
  /** A few by name, beyond that the first ones and how many more. */
  const permissionNames = (permissions: readonly Permission[], named = 4): string => {
    const names = permissions.slice(0, named).map(permissionName)
    const more = permissions.length - names.length
    return more > 0 ? list([...names, t('permission.more', { n: more }, more)]) : list(names)
  }
  const roleName = (role: { id: string; name: string }): string => {
    const builtIn = BuiltInRole.safeParse(role.id)
    if (builtIn.success) return builtInRoles[builtIn.data][locale.value === 'fr' ? 'fr' : 'en']
    return role.id === tenantManagerRole ? t('roles.tenantManager') : role.name
  }
  return { permissionName, permissionNames, roleName }
}

/** Text for comparing: case and accents do not matter. */
export const plain = (text: string): string => fold(text).trim()
