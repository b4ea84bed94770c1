import { type LinkId, PersonId } from '../../contract/ids.ts'
import type { PersonTable } from '../ground/store/tables.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { keepSomeone } from './lastOnes.ts'
import { refreshAccess } from './refresh.ts'
import { assignmentOf, groupsOfPerson, resolvedOf } from './resolved.ts'
import type { PersonClaims } from './tokens.ts'

export { assignmentOf, groupsOfPerson, subjectOf } from './resolved.ts'

/**
 * People of a tenant: made at first sight of a token or of the directory, kept as the newest of both says, each with a
 * `me` document. A partner's person stands in the customer's tenant too, under the link and with the same id.
 */

/** Whether the stored person says what this token says, or the token is older than what is stored. */
export function isCurrent(row: PersonTable, claims: PersonClaims): boolean {
  if (row.seenAt === null) return false
  return (
    claims.issuedAt < row.claimsAt ||
    (row.name === claims.name &&
      row.email === claims.email &&
      row.globalAdministrator === Number(claims.globalAdministrator) &&
      (claims.issuedAt < row.groupsAt || row.groups === JSON.stringify(claims.groups)))
  )
}

/**
 * Makes the person in their own tenant, or takes over what their newer token says; their access here, and at customers, follows.
 * A token says nothing of who was removed.
 */
export async function savePerson(tx: TenantTransaction, claims: PersonClaims): Promise<PersonTable> {
  const { issuer, directory, objectId, name, email } = claims
  const known = await tx.tables
    .person()
    .selectAll()
    .where('issuer', '=', issuer)
    .where('directory', '=', directory)
    .where('objectId', '=', objectId)
    .executeTakeFirst()
  if (known && (known.removedAt !== null || isCurrent(known, claims))) return known
  const newerGroups = !known || claims.issuedAt >= known.groupsAt
  const row: PersonTable = {
    ...(known ?? (await newPerson(tx, { issuer, directory, objectId, link: null }))),
    name,
    email,
    globalAdministrator: Number(claims.globalAdministrator),
    ...(newerGroups ? await groupsSaid(tx, directory, { ids: claims.groups, at: claims.issuedAt }, known) : {}),
    claimsAt: claims.issuedAt,
    seenAt: known?.seenAt ?? tx.at,
  }
  await tx.savePeople([row])
  await refreshPeople(tx, [row])
  await takeToCustomers(tx, row)
  return (await personOf(tx, row.id)) ?? row
}

/** Somebody whose token is good and whose account is gone: known by name, so that nothing of the token makes them somebody. */
export async function saveRemoved(
  tx: TenantTransaction,
  { issuer, directory, objectId, name, email, issuedAt }: PersonClaims,
): Promise<PersonTable> {
  const known = await tx.tables
    .person()
    .selectAll()
    .where('issuer', '=', issuer)
    .where('directory', '=', directory)
    .where('objectId', '=', objectId)
    .executeTakeFirst()
  const row: PersonTable = known ?? {
    ...(await newPerson(tx, { issuer, directory, objectId, link: null })),
    name,
    email,
    claimsAt: issuedAt,
    seenAt: tx.at,
  }
  if (!known) await tx.savePeople([row])
  await setRemoved(tx, { issuer, directory }, [objectId], true, tx.at)
  return (await personOf(tx, row.id)) ?? row
}

/** What a directory says of someone. All that is left out stays as it is known. */
export interface KnownPerson {
  readonly issuer: string
  readonly directory: string
  readonly objectId: string
  readonly name: string
  readonly email: string
  /** Under which link they are in this tenant; null: it is their own. */
  readonly link: LinkId | null
  /** All security groups that they are known to be in, and when that was read (ms). An older reading changes nothing. */
  readonly groups?: { readonly ids: readonly string[]; readonly at: number }
}

const peoplePerStatement = 2_000

/**
 * People whom the directory names, before or after they sign in; their access follows. Those who say nothing new cost
 * one comparison.
 * @returns them as they are stored, in the same order. All of them are of one directory and one link.
 */
export async function knowPeople(tx: TenantTransaction, people: readonly KnownPerson[]): Promise<PersonTable[]> {
  const [first] = people
  if (!first) return []
  const { issuer, directory } = first
  const known = new Map<string, PersonTable>()
  for (let start = 0; start < people.length; start += peoplePerStatement) {
    const objectIds = people.slice(start, start + peoplePerStatement).map(({ objectId }) => objectId)
    const stored = await tx.tables
      .person()
      .selectAll()
      .where('issuer', '=', issuer)
      .where('directory', '=', directory)
      .where('objectId', 'in', objectIds)
      .execute()
    for (const row of stored) known.set(row.objectId, row)
  }
  const missing = people.filter(({ objectId }) => !known.has(objectId)).map(({ objectId }) => objectId)
  const ids = await tx.idsOfPeople(issuer, directory, missing)
  const rows: PersonTable[] = []
  const changed: PersonTable[] = []
  for (const { objectId, name, email, link, groups } of people) {
    const before = known.get(objectId)
    const row: PersonTable = { ...(before ?? emptyPerson(tx, { issuer, directory, objectId, link }, ids.get(objectId))), name, email, link }
    if (groups && groups.at >= row.groupsAt) {
      row.groups = JSON.stringify([...new Set(groups.ids)].sort())
      // When it was read is not worth a write of its own.
      if (row.groups !== before?.groups) row.groupsAt = groups.at
    }
    if (!before || before.name !== name || before.email !== email || before.link !== link || before.groups !== row.groups) changed.push(row)
    rows.push(row)
  }
  await tx.savePeople(changed)
  await refreshPeople(tx, changed)
  return rows
}

/**
 * Brings these people's access in line with the policy, after they themselves changed (their groups): they are given as
 * they are stored now. Where a link or the tenant would be without an administrator, the last ones stay (PAR-3).
 */
export async function refreshPeople(tx: TenantTransaction, people: readonly PersonTable[]): Promise<void> {
  if (people.length === 0) return
  const kept = await keepSomeone(tx, await resolvedOf(tx), people)
  await refreshAccess(tx, kept.resolved, kept.people)
}

/**
 * Whether a directory has accounts of these people, in every tenant where they stand: their own and their customers', in
 * one commit. Who is removed holds nothing from then on, whatever their tokens say, and stays known by name; who is back
 * holds what assignments give them then. `read`: when the directory said so (ms).
 */
export async function setRemoved(
  tx: TenantTransaction,
  { issuer, directory }: Pick<Name, 'issuer' | 'directory'>,
  objectIds: readonly string[],
  removed: boolean,
  read: number,
): Promise<void> {
  if (objectIds.length === 0) return
  const wanted = new Set(objectIds)
  for (const there of await tx.tenantsOfPeople(issuer, directory)) {
    const stored = await there.tables.person().selectAll().where('issuer', '=', issuer).where('directory', '=', directory).execute()
    // A reading that was begun before somebody was removed does not bring them back.
    const other = stored.filter(
      (row) => wanted.has(row.objectId) && (removed ? row.removedAt === null : row.removedAt !== null && row.removedAt < read),
    )
    const rows = other.map((row): PersonTable =>
      removed ? { ...row, groups: '[]', groupsAt: there.at, removedAt: there.at } : { ...row, removedAt: null },
    )
    if (rows.length === 0) continue
    await there.savePeople(rows)
    await refreshPeople(there, rows)
    for (const { id, name } of rows) {
      there.audit({
        category: 'User',
        objectName: name,
        operation: removed ? 'Delete' : 'Update',
        detail: { action: removed ? 'person.remove' : 'person.restore', person: id },
      })
    }
  }
}

export async function personOf(tx: TenantTransaction, id: PersonId): Promise<PersonTable | undefined> {
  return tx.tables.person().selectAll().where('id', '=', id).executeTakeFirst()
}

type Name = Pick<PersonTable, 'issuer' | 'directory' | 'objectId' | 'link'>

const emptyPerson = (tx: TenantTransaction, name: Name, id: PersonId = PersonId.parse(tx.ids())): PersonTable => ({
  ...name,
  tenant: tx.tenant,
  id,
  name: '',
  email: '',
  globalAdministrator: 0,
  groups: '[]',
  claimsAt: 0,
  scopeVersion: 0,
  scopeDigest: '',
  groupsAt: 0,
  seenAt: null,
  removedAt: null,
})

async function newPerson(tx: TenantTransaction, name: Name): Promise<PersonTable> {
  return emptyPerson(tx, name, (await tx.idsOfPeople(name.issuer, name.directory, [name.objectId])).get(name.objectId))
}

/**
 * The groups that somebody is in by what was said of them at that moment (a token, or what is known of them at home). Of a
 * security group whose members the directory has told since, all of them, the directory's word counts: who left it does
 * not come back by an older token.
 */
async function groupsSaid(
  tx: TenantTransaction,
  directory: string,
  { ids, at }: { ids: readonly string[]; at: number },
  known: PersonTable | undefined,
): Promise<Pick<PersonTable, 'groups' | 'groupsAt'>> {
  const groupsHere = tx.tables.securityGroup().select(['id', 'readAt']).where('directory', '=', directory)
  const rows = await groupsHere.where('readAt', '>', at).where('whole', '=', 1).execute()
  const told = new Map(rows.map(({ id, readAt }) => [id, readAt ?? at]))
  const had = known ? groupsOfPerson(known) : []
  const groups = [...new Set([...ids.filter((id) => !told.has(id)), ...had.filter((id) => told.has(id))])].sort()
  const other = groups.length !== ids.length || groups.some((id) => !ids.includes(id))
  return { groups: JSON.stringify(groups), groupsAt: other ? Math.max(at, ...told.values()) : at }
}

/** What a token says of a partner's person holds in their customers' tenants too, where the partner's assignments name them. */
async function takeToCustomers(tx: TenantTransaction, row: PersonTable): Promise<void> {
  for (const { tenant, id: link } of await tx.customerLinks()) {
    const there = tx.on(tenant)
    const known = await personOf(there, row.id)
    // The directory may have been read there since this token was issued.
    const said = await groupsSaid(there, row.directory, { ids: groupsOfPerson(row), at: row.groupsAt }, known)
    if (!known && !(await isNamed(there, link, { ...row, ...said }))) continue
    const { name, email, claimsAt, seenAt } = row
    const { groups, groupsAt } = known && known.groupsAt > row.groupsAt ? known : said
    const now: PersonTable = {
      ...(known ?? emptyPerson(there, { issuer: row.issuer, directory: row.directory, objectId: row.objectId, link }, row.id)),
      name,
      email,
      groups,
      groupsAt,
      claimsAt,
      seenAt,
      link,
    }
    await there.savePeople([now])
    await refreshPeople(there, [now])
  }
}

async function isNamed(tx: TenantTransaction, link: LinkId, row: PersonTable): Promise<boolean> {
  const groups = new Set(groupsOfPerson(row))
  const assignments = (await tx.tables.assignment().selectAll().where('link', '=', link).execute()).map(assignmentOf)
  return assignments.some(({ members }) =>
    members.some(({ kind, id }) => (kind === 'group' ? groups.has(id) : id === row.id || id === row.objectId)),
  )
}
