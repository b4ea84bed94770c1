import { RoomkeeperError } from '../../contract/errors.ts'
import { type LinkId, PersonId } from '../../contract/ids.ts'
import type { Member } from '../../contract/policy.ts'
import { groupsOfPerson, type KnownPerson, knowPeople } from '../access/people.ts'
import type { PersonTable } from '../store/tables.ts'
import type { TenantTransaction } from '../store/transaction.ts'
import type { Asked } from './asked.ts'

/**
 * The members that someone names, each once and by the directory's object id, as far as they are people or security
 * groups of this tenant's own directory: `home` is the tenant whose directory it is.
 * @throws RoomkeeperError directory.notFound for the first that is none of it.
 */
export async function ownMembers(home: TenantTransaction, members: readonly Member[], { principals }: Asked): Promise<Member[]> {
  if (members.length === 0) return []
  const ids = members.map(({ id }) => id)
  const personIds = ids.flatMap((id) => PersonId.safeParse(id).data ?? [])
  const rows = await home.tables
    .person()
    .select(['id', 'objectId'])
    .where('link', 'is', null)
    .where((eb) => eb.or([eb('objectId', 'in', ids), ...(personIds.length === 0 ? [] : [eb('id', 'in', personIds)])]))
    .execute()
  const groups = await home.tables.securityGroup().select('id').where('id', 'in', ids).execute()
  const found = new Map<string, Member>()
  for (const { kind, id } of members) {
    const row = kind === 'person' ? rows.find((one) => one.id === id || one.objectId === id) : undefined
    const known = row !== undefined || principals?.get(id)?.kind === kind || (kind === 'group' && groups.some((group) => group.id === id))
    if (!known) throw new RoomkeeperError('directory.notFound', { field: 'members', detail: `The directory has no such ${kind}: ${id}` })
    const objectId = row?.objectId ?? id
    found.set(`${kind}/${objectId}`, { kind, id: objectId })
  }
  return [...found.values()]
}

/**
 * Makes these members of `home`'s directory, and the people of the security groups among them, known in a tenant: in
 * their own with no link, in a customer's under it. Returns them as they are stored.
 */
export async function knowMembers(tx: TenantTransaction, link: LinkId | null, home: TenantTransaction, members: readonly Member[], asked: Asked): Promise<PersonTable[]> {
  const { issuer, directory } = await home.tenantRow()
  const stored = await home.tables.person().selectAll().where('link', 'is', null).execute()
  const rows = new Map(stored.map((row) => [row.objectId, row]))
  const people = new Map<string, KnownPerson>()
  const add = (objectId: string, said: { name: string; email: string } | undefined, group?: string): void => {
    const row = rows.get(objectId)
    const { name, email } = row ?? said ?? { name: objectId, email: '' }
    const groups = new Set([...(row ? groupsOfPerson(row) : []), ...(people.get(objectId)?.groups?.ids ?? []), ...(group === undefined ? [] : [group])])
    people.set(objectId, { issuer, directory, objectId, name, email, link, groups: { ids: [...groups], at: tx.at } })
  }
  for (const { kind, id } of members) {
    if (kind === 'person') add(id, asked.principals?.get(id))
    else {
      for (const person of asked.people.get(id) ?? []) add(person.id, person, id)
      for (const row of inGroup(stored, id)) add(row.objectId, row, id)
    }
  }
  return knowPeople(tx, [...people.values()])
}

const inGroup = (rows: readonly PersonTable[], group: string): PersonTable[] => rows.filter((row) => groupsOfPerson(row).includes(group))
