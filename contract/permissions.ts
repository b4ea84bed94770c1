import { z } from 'zod'

/** The permissions of the product and the built-in roles that hold them (ACC-2; the portal's role table). */

export const Permission = z.enum([
  'rooms.view',
  'rooms.modify',
  'rooms.resetKey',
  'rooms.downloadKey',
  'rooms.unenroll',
  'rooms.create',
  'groups.view',
  'groups.modify',
  'groups.create',
  'rings.view',
  'rings.modify',
  'reports.view',
  'incidents.create',
  'incidents.view',
  'incidents.update',
  'settings.view',
  'settings.modify',
  'roles.view',
  'roles.modify',
  'remoteAccess.view',
  'remoteAccess.modify',
])
export type Permission = z.infer<typeof Permission>

export const BuiltInRole = z.enum(['proManager', 'siteLead', 'siteTech', 'primaryAdmin'])
export type BuiltInRole = z.infer<typeof BuiltInRole>

export interface RoleDefinition {
  readonly en: string
  readonly fr: string
  /** Names the portal used before; search finds the role by them too. */
  readonly formerly: readonly string[]
  readonly side: 'customer' | 'partner'
  /** Whether the scope is fixed to all rooms. */
  readonly scopeFixedToAll: boolean
  readonly permissions: readonly Permission[]
}

const everythingButRemoteAccess = Permission.options.filter((permission) => !permission.startsWith('remoteAccess.'))

export const builtInRoles: Readonly<Record<BuiltInRole, RoleDefinition>> = {
  proManager: {
    en: 'Teams Rooms Pro Manager',
    fr: 'Gestionnaire Salles Teams Pro',
    formerly: [
      'Managed Service Administrator',
      'Administrateur de service géré',
      'Administrateur du service géré',
      'Administrateur de service administré',
      'Administration de service managé',
    ],
    side: 'customer',
    scopeFixedToAll: true,
    permissions: everythingButRemoteAccess,
  },
  siteLead: {
    en: 'Site Lead',
    fr: 'Responsable de site',
    formerly: ['Prospect de site'],
    side: 'customer',
    scopeFixedToAll: false,
    permissions: [
      'rooms.view',
      'rooms.modify',
      'rooms.downloadKey',
      'rooms.unenroll',
      'rooms.create',
      'groups.view',
      'groups.modify',
      'groups.create',
      'rings.view',
      'rings.modify',
      'reports.view',
      'incidents.create',
      'incidents.view',
      'incidents.update',
    ],
  },
  siteTech: {
    en: 'Site Tech',
    fr: 'Technicien de site',
    formerly: [],
    side: 'customer',
    scopeFixedToAll: false,
    permissions: [
      'rooms.view',
      'rooms.modify',
      'rooms.downloadKey',
      'rooms.unenroll',
      'incidents.create',
      'incidents.view',
      'incidents.update',
    ],
  },
  primaryAdmin: {
    en: 'Primary Admin',
    fr: 'Administrateur principal',
    formerly: ['Partner admin', 'Administrateur partenaire'],
    side: 'partner',
    scopeFixedToAll: false,
    permissions: [
      'rooms.view',
      'rooms.modify',
      'groups.view',
      'rings.view',
      'rings.modify',
      'reports.view',
      'incidents.create',
      'incidents.view',
      'incidents.update',
      'roles.view',
      'roles.modify',
    ],
  },
}

/** What a Global Administrator of the directory holds in their own tenant, without an assignment (ACC-3). */
export const globalAdministratorPermissions: readonly Permission[] = everythingButRemoteAccess
