import { v7 } from 'uuid'
import { defaultSettings, type Settings } from '../../contract/entities.ts'
import { AssignmentId, RoleId } from '../../contract/ids.ts'
import type { BuiltInRole } from '../../contract/permissions.ts'
import { saveAssignment } from '../access/assignments.ts'
import { savePerson } from '../access/people.ts'
import { makeTenant } from '../access/setup.ts'
import { type Directory, embeddedIssuerName } from '../identity/directory.ts'
import type { Store } from '../store/store.ts'

const people: readonly { email: string; name: string; role: BuiltInRole | null; globalAdministrator: boolean }[] = [
  { email: 'amelie.laurent@contoso.example', name: 'Amélie Laurent', role: 'proManager', globalAdministrator: true },
  { email: 'clara.nguyen@contoso.example', name: 'Clara Nguyen', role: 'siteLead', globalAdministrator: false },
  { email: 'david.okafor@contoso.example', name: 'David Okafor', role: 'siteTech', globalAdministrator: false },
  { email: 'emma.rossi@contoso.example', name: 'Emma Rossi', role: null, globalAdministrator: false },
]

/** The account by which a device may enrol without a key; `token --user` gives its token. */
export const demoRoomAccount = 'boardroom@contoso.example'

/** A fault is an incident within seconds, so that whoever tries the demo sees it. */
const demoSettings = { openHoldMs: 3_000, resolveHoldMs: 5_000, allowSoftwareKeys: true }

const names: Readonly<Record<BuiltInRole, string>> = {
  proManager: 'Pro Managers',
  siteLead: 'Site leads',
  siteTech: 'Site technicians',
  primaryAdmin: 'Assigned admins',
}

/**
 * Fills an empty service with the tenant Contoso: its people, one for each of the customer's roles and one with none.
 * Site Lead and Site Tech begin with no rooms; whoever makes the rooms gives them theirs. `settings` go before the
 * demo's own.
 */
export async function makeDemo(store: Store, directory: Directory, settings: Partial<Omit<Settings, 'id'>>): Promise<void> {
  if ((await store.tenants()).length > 0) return
  const directoryId = v7()
  const accounts = people.map((person) => ({ ...person, id: v7() }))
  await directory.replaceAll({
    tenants: [{ id: directoryId, name: 'Contoso', domains: ['contoso.example'] }],
    accounts: [
      ...accounts.map(({ id, email, name, globalAdministrator }) => ({ id, directory: directoryId, kind: 'person' as const, email, name, globalAdministrator })),
      { id: v7(), directory: directoryId, kind: 'room', email: demoRoomAccount, name: 'Boardroom', globalAdministrator: false },
    ],
  })
  const manager = accounts.find(({ role }) => role === 'proManager')
  await makeTenant(
    store,
    { name: 'Contoso', issuer: embeddedIssuerName, directory: directoryId, settings: { ...defaultSettings, ...demoSettings, ...settings }, ...(manager ? { proManager: manager.id } : {}) },
    async (tx) => {
      for (const { id, role, name, email, globalAdministrator } of accounts) {
        // Known before they sign in, so that incidents can be assigned to them.
        await savePerson(tx, { issuer: embeddedIssuerName, directory: directoryId, objectId: id, name, email, globalAdministrator, groups: [], issuedAt: 0 })
        if (role === null || role === 'proManager') continue
        await saveAssignment(tx, { id: AssignmentId.parse(v7()), name: names[role], role: RoleId.parse(role), members: [{ kind: 'person', id }], scope: { rooms: [], groups: [] } })
      }
    },
  )
}
