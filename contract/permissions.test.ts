import { describe, expect, it } from 'vitest'
import { builtInRoles, BuiltInRole, Permission } from './permissions.ts'

/** The portal's role table, one column a role in the order P(ro Manager), L(ead), T(ech), A(dmin of a partner). */
const table: Record<Permission, string> = {
  'rooms.view': 'PLTA',
  'rooms.modify': 'PLTA',
  'rooms.resetKey': 'P',
  'rooms.downloadKey': 'PLT',
  'rooms.unenroll': 'PLT',
  'rooms.create': 'PL',
  'groups.view': 'PLA',
  'groups.modify': 'PL',
  'groups.create': 'PL',
  'rings.view': 'PLA',
  'rings.modify': 'PLA',
  'reports.view': 'PLA',
  'incidents.create': 'PLTA',
  'incidents.view': 'PLTA',
  'incidents.update': 'PLTA',
  'settings.view': 'P',
  'settings.modify': 'P',
  'roles.view': 'PA',
  'roles.modify': 'PA',
  'remoteAccess.view': '',
  'remoteAccess.modify': '',
}
const letters: Record<BuiltInRole, string> = { proManager: 'P', siteLead: 'L', siteTech: 'T', primaryAdmin: 'A' }

describe('[ACC-2] built-in roles', () => {
  it.each(BuiltInRole.options)('%s holds exactly what the table says', (role) => {
    const expected = Permission.options.filter((permission) => table[permission].includes(letters[role]))
    expect([...builtInRoles[role].permissions].sort()).toEqual([...expected].sort())
  })
})
