import { BuiltInRole, type builtInRoles } from '../../contract/permissions.ts'
import type { Directory } from '../directory/accounts.ts'
import type { Store } from '../ground/store/store.ts'
import type { DemoPerson } from './pages.ts'

/** The built-in role of each account of the embedded directory, by object id; who has none is not in it. */
export async function rolesOf(store: Store): Promise<Map<string, keyof typeof builtInRoles>> {
  const roles = new Map<string, keyof typeof builtInRoles>()
  for (const tenant of await store.tenants()) {
    const read = store.read(tenant.id, 'wholeTenant')
    const people = await read.tables.person().select(['id', 'objectId', 'link']).execute()
    const known = await read.getMany(
      'me',
      people.map(({ id }) => id),
    )
    for (const { id, objectId, link } of people) {
      const held = known.get(id)?.access.grants.map((grant) => BuiltInRole.safeParse(grant.role).data)
      const role = BuiltInRole.options.find((one) => held?.includes(one))
      // What they are in their own organisation says more than what they are for a customer.
      if (role !== undefined && (link === null || !roles.has(objectId))) roles.set(objectId, role)
    }
  }
  return roles
}

/** The buttons of the demo's sign-in page, by organisation: everyone who needs no password. Empty where anyone has one. */
export async function demoPeople(store: Store, directory: Directory): Promise<DemoPerson[]> {
  const people = (await directory.accounts()).filter(({ kind }) => kind === 'person')
  if (people.some(({ password }) => password !== null)) return []
  const roles = await rolesOf(store)
  const names = new Map((await store.tenants()).map(({ directory: id, name }) => [id, name]))
  return people
    .map(({ id, email, name, directory: where }) => ({
      email,
      name,
      organisation: names.get(where) ?? '',
      role: roles.get(id) ?? ('none' as const),
    }))
    .sort((a, b) => order(a.organisation) - order(b.organisation) || a.organisation.localeCompare(b.organisation))
}

/** The first customer is the one that the guides speak of. */
const order = (organisation: string): number => (organisation === 'Contoso' ? 0 : 1)
