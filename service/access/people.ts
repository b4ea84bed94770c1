import { v7 } from 'uuid'
import { z } from 'zod'
import { Scope } from '../../contract/access.ts'
import { type Assignment, Member } from '../../contract/api.ts'
import { type Me } from '../../contract/entities.ts'
import { PersonId } from '../../contract/ids.ts'
import type { AssignmentTable, PersonTable } from '../store/tables.ts'
import type { TenantTransaction } from '../store/transaction.ts'
import { accessOf, isMember, scopeDigestOf, type Subject } from './grants.ts'
import type { PersonClaims } from './tokens.ts'

/** People of a tenant: made at first sight, kept as their newest token says, each with a `me` document. */

const Groups = z.array(z.string())
const Members = z.array(Member)

export const groupsOfPerson = (row: Pick<PersonTable, 'groups'>): string[] => Groups.parse(JSON.parse(row.groups))

export const subjectOf = (row: PersonTable): Subject => ({
  id: row.id,
  objectId: row.objectId,
  globalAdministrator: row.globalAdministrator === 1,
  groups: groupsOfPerson(row),
})

export const assignmentOf = ({ id, name, role, members, scope }: AssignmentTable): Assignment => ({
  id,
  name,
  role,
  members: Members.parse(JSON.parse(members)),
  scope: Scope.parse(JSON.parse(scope)),
})

export async function assignmentsOf(tx: TenantTransaction): Promise<Assignment[]> {
  return (await tx.tables.assignment().selectAll().orderBy('id').execute()).map(assignmentOf)
}

/** Whether the stored person says what this token says, or the token is older than what is stored. */
export function isCurrent(row: PersonTable, claims: PersonClaims): boolean {
  return (
    claims.issuedAt < row.claimsAt ||
    (row.name === claims.name &&
      row.email === claims.email &&
      row.globalAdministrator === Number(claims.globalAdministrator) &&
      row.groups === JSON.stringify(claims.groups))
  )
}

/** Makes the person, or takes over what their newer token says; their `me` follows. */
export async function savePerson(tx: TenantTransaction, claims: PersonClaims): Promise<PersonTable> {
  const { issuer, directory, objectId, name, email } = claims
  const said = {
    name,
    email,
    globalAdministrator: Number(claims.globalAdministrator),
    groups: JSON.stringify(claims.groups),
    claimsAt: claims.issuedAt,
  }
  const known = await tx.tables
    .person()
    .selectAll()
    .where('issuer', '=', issuer)
    .where('directory', '=', directory)
    .where('objectId', '=', objectId)
    .executeTakeFirst()
  if (known && isCurrent(known, claims)) return known
  let row: PersonTable
  if (known) {
    row = { ...known, ...said }
    await tx.update.person().where('id', '=', known.id).set(said).execute()
  } else {
    row = { tenant: tx.tenant, id: PersonId.parse(v7()), issuer, directory, objectId, ...said, scopeVersion: 0, scopeDigest: '' }
    await tx.insert.person(row).execute()
  }
  return refreshMe(tx, row, await assignmentsOf(tx))
}

/** Brings the person's `me` document and scope version in line with the assignments. Changes nothing where all is equal. */
export async function refreshMe(tx: TenantTransaction, row: PersonTable, assignments: readonly Assignment[]): Promise<PersonTable> {
  const access = accessOf(subjectOf(row), assignments)
  const me: Me = { id: row.id, tenant: tx.tenant, name: row.name, email: row.email, access }
  const before = await tx.get('me', row.id)
  if (JSON.stringify(before) !== JSON.stringify(me)) tx.put('me', me)
  const scopeDigest = scopeDigestOf(access)
  if (scopeDigest === row.scopeDigest) return row
  const scopeVersion = row.scopeVersion + 1
  await tx.update.person().where('id', '=', row.id).set({ scopeVersion, scopeDigest }).execute()
  tx.publish('scope', { tenant: tx.tenant, person: row.id, version: scopeVersion })
  return { ...row, scopeVersion, scopeDigest }
}

/** The same for everyone whom one of these assignments names, before or after its change. */
export async function refreshMembers(tx: TenantTransaction, changed: readonly Pick<Assignment, 'members'>[]): Promise<void> {
  const assignments = await assignmentsOf(tx)
  for (const row of await tx.tables.person().selectAll().execute()) {
    const subject = subjectOf(row)
    if (changed.some((assignment) => isMember(assignment, subject))) await refreshMe(tx, row, assignments)
  }
}
