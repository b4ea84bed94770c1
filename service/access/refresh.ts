import { createHash } from 'node:crypto'
import { type Access, may, scopeOf } from '../../contract/access.ts'
import { kinds, type Me } from '../../contract/entities.ts'
import { accessOf, type ResolvedAssignment, type ResolvedPolicy } from '../../contract/evaluate.ts'
import type { LinkId, PersonId, TenantId } from '../../contract/ids.ts'
import { Permission } from '../../contract/permissions.ts'
import type { Member } from '../../contract/policy.ts'
import type { PersonTable } from '../ground/store/tables.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { leaveUnseen } from './owners.ts'
import { groupsOfPerson, subjectOf } from './resolved.ts'

/** Brings what people may do in line with the policy: their `me` documents and the versions of their scopes (ACC-8). */

const readPermissions = [...new Set(Object.values(kinds).map(({ reads }) => reads))]
  .map((reads) => Permission.safeParse(reads))
  .flatMap((parsed) => (parsed.success ? [parsed.data] : []))

/** A digest of all that the person may read: when it changes, consoles must purge or fetch. Who is removed reads nothing at all. */
export function scopeDigestOf(access: Access, removed = false): string {
  const hash = createHash('sha256')
  if (removed) hash.update('removed')
  for (const permission of readPermissions) {
    const rooms = scopeOf(access, permission)
    hash.update(`${permission}:${may(access, permission)}:${rooms === 'all' ? 'all' : [...rooms].sort().join(',')};`)
  }
  // A partner's person without any grant has no business in the customer's tenant at all.
  if (access.link !== undefined) hash.update(`${access.link}:${access.grants.length > 0}`)
  return hash.digest('base64url')
}

type Customer = NonNullable<Me['customers']>[number]

/** Updates these people's access where it is another one; nothing is written for the others. */
export async function refreshAccess(tx: TenantTransaction, resolved: ResolvedPolicy, people: readonly PersonTable[]): Promise<void> {
  if (people.length === 0) return
  const known = await tx.getMany(
    'me',
    people.map(({ id }) => id),
  )
  const own = people.filter(({ link }) => link === null)
  const customers = await customersOf(tx, own)
  const rescoped: PersonTable[] = []
  /** People of partners who came or went: at home, they see another list of customers. */
  const moved: PersonTable[] = []
  /** Who may see fewer incidents than before. */
  const blinder = new Map<PersonId, Access>()
  for (const row of people) {
    const access = accessOf(resolved, subjectOf(row))
    const before = known.get(row.id)
    const theirs = customers.get(row.id)
    const me: Me = { id: row.id, tenant: tx.tenant, name: row.name, email: row.email, access, ...(theirs ? { customers: theirs } : {}) }
    if (JSON.stringify(before) !== JSON.stringify(me)) tx.put('me', me)
    if (before && sawMore(before.access, access)) blinder.set(row.id, access)
    if (row.link !== null && (before?.access.link !== row.link || before.access.grants.length > 0 !== access.grants.length > 0))
      moved.push(row)
    const scopeDigest = scopeDigestOf(access, row.removedAt !== null)
    if (scopeDigest === row.scopeDigest) continue
    const scopeVersion = row.scopeVersion + 1
    rescoped.push({ ...row, scopeVersion, scopeDigest })
    tx.publish('scope', { tenant: tx.tenant, person: row.id, version: scopeVersion })
  }
  await tx.savePeople(rescoped)
  await leaveUnseen(tx, blinder)
  await refreshHomes(tx, moved)
}

function sawMore(before: Access, after: Access): boolean {
  const [was, is] = [scopeOf(before, 'incidents.view'), scopeOf(after, 'incidents.view')]
  return is !== 'all' && (was === 'all' || !was.isSubsetOf(is))
}

/** The `me.customers` of people of partners, in their own tenants (PAR-8). */
export async function refreshHomes(tx: TenantTransaction, people: readonly PersonTable[]): Promise<void> {
  const byDirectory = new Map<string, PersonTable[]>()
  for (const row of people) {
    const key = `${row.issuer}\n${row.directory}`
    byDirectory.set(key, [...(byDirectory.get(key) ?? []), row])
  }
  for (const some of byDirectory.values()) {
    const [first] = some
    const home = first && (await tx.tenantOfDirectory(first.issuer, first.directory))
    if (!home || home.id === tx.tenant) continue
    const there = tx.on(home.id)
    const customers = await customersOf(there, some)
    const known = await there.getMany(
      'me',
      some.map(({ id }) => id),
    )
    for (const { customers: before, ...me } of known.values()) {
      const now = customers.get(me.id)
      if (JSON.stringify(before) !== JSON.stringify(now)) there.put('me', { ...me, ...(now ? { customers: now } : {}) })
    }
  }
}

/** The customers in whose tenants these people of this tenant have anything, by name. */
async function customersOf(tx: TenantTransaction, people: readonly Pick<PersonTable, 'id'>[]): Promise<Map<PersonId, Customer[]>> {
  const found = new Map<PersonId, Customer[]>()
  const links = await tx.customerLinks()
  if (links.length === 0) return found
  const byTenant = new Map<TenantId, { person: PersonId; customer: Customer }[]>()
  for (const { person, ...customer } of await tx.peopleAtCustomers(people.map(({ id }) => id))) {
    byTenant.set(customer.tenant, [...(byTenant.get(customer.tenant) ?? []), { person, customer }])
  }
  for (const [tenant, some] of byTenant) {
    const there = await tx.on(tenant).getMany(
      'me',
      some.map(({ person }) => person),
    )
    for (const { person, customer } of some) {
      if ((there.get(person)?.access.grants.length ?? 0) > 0) found.set(person, [...(found.get(person) ?? []), customer])
    }
  }
  for (const list of found.values()) list.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.tenant < b.tenant ? -1 : 1))
  return found
}

/** Members of assignments, as people are looked up by them: of which link, and by which id. */
export class Members {
  readonly #people = new Set<string>()
  readonly #groups = new Set<string>()

  add({ assignment: { link, members } }: ResolvedAssignment): void {
    for (const member of members) this.addMember(link, member)
  }

  addMember(link: LinkId | null, { kind, id }: Member): void {
    ;(kind === 'person' ? this.#people : this.#groups).add(`${link ?? ''}/${id}`)
  }

  has(row: PersonTable): boolean {
    const link = row.link ?? ''
    return (
      this.#people.has(`${link}/${row.id}`) ||
      this.#people.has(`${link}/${row.objectId}`) ||
      (this.#groups.size > 0 && groupsOfPerson(row).some((group) => this.#groups.has(`${link}/${group}`)))
    )
  }

  /** Everyone of the tenant who is one of them. */
  async of(tx: TenantTransaction): Promise<PersonTable[]> {
    if (this.#people.size + this.#groups.size === 0) return []
    return (await tx.tables.person().selectAll().execute()).filter((row) => this.has(row))
  }
}

/** Whose access may be another one after a change of policy. */
export function membersChanged(before: ResolvedPolicy, after: ResolvedPolicy): Members {
  const members = new Members()
  for (const [id, was] of before.assignments) {
    const now = after.assignments.get(id)
    if (now && grantText(now) === grantText(was)) continue
    members.add(was)
    if (now) members.add(now)
  }
  for (const [id, now] of after.assignments) if (!before.assignments.has(id)) members.add(now)
  return members
}

/** What an assignment gives, and to whom, as text. */
const grantText = ({ assignment: { role, link, members }, roleName, permissions, scope }: ResolvedAssignment): string =>
  JSON.stringify([role, roleName, link, members, permissions, scope])
