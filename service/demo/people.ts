import { BuiltInRole, type builtInRoles } from '../../contract/permissions.ts'
import { assignmentOf } from '../access/people.ts'
import type { Directory } from '../identity/directory.ts'
import type { DemoPerson } from '../identity/pages.ts'
import type { Store } from '../store/store.ts'

/** The built-in role of each account of the embedded directory, by object id; who has none is not in it. */
export async function rolesOf(store: Store): Promise<Map<string, keyof typeof builtInRoles>> {
  const roles = new Map<string, keyof typeof builtInRoles>()
  for (const tenant of await store.tenants()) {
    const read = store.read(tenant.id, 'wholeTenant')
    const objectIds = new Map((await read.tables.person().select(['id', 'objectId']).execute()).map((row) => [String(row.id), row.objectId]))
    for (const { role: id, members } of (await read.tables.assignment().selectAll().execute()).map(assignmentOf)) {
      const role = BuiltInRole.safeParse(id).data
      for (const member of members) if (role && member.kind === 'person') roles.set(objectIds.get(member.id) ?? member.id, role)
    }
  }
  return roles
}

/** The buttons of the demo's sign-in page: everyone who needs no password. Empty where anyone has one. */
export async function demoPeople(store: Store, directory: Directory): Promise<DemoPerson[]> {
  const people = (await directory.accounts()).filter(({ kind }) => kind === 'person')
  if (people.some(({ password }) => password !== null)) return []
  const roles = await rolesOf(store)
  return people.map(({ id, email, name }) => {
    const role = roles.get(id)
    return { email, name, role: role === undefined || role === 'primaryAdmin' ? 'none' : role }
  })
}
