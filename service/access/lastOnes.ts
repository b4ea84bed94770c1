import { RoomkeeperError } from '../../contract/errors.ts'
import { accessOf, type ResolvedAssignment, type ResolvedPolicy } from '../../contract/evaluate.ts'
import type { AssignmentId, LinkId } from '../../contract/ids.ts'
import type { Assignment, Member } from '../../contract/policy.ts'
import type { PersonTable } from '../ground/store/tables.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import { Members } from './refresh.ts'
import { resolvedOf, subjectOf } from './resolved.ts'

/** Nobody is locked out: a tenant keeps a Pro Manager (ACC-3), and each partner link a primary admin (PAR-3). */

/** What somebody must always hold: of a link its "Assigned admins", over all of it; without a link, a Pro Manager's assignment. */
export const isLasting = ({ link, role, builtIn }: Pick<Assignment, 'link' | 'role' | 'builtIn'>): boolean =>
  link === null ? role === 'proManager' : builtIn

function lastingOf(resolved: ResolvedPolicy): Map<LinkId | null, ResolvedAssignment[]> {
  const found = new Map<LinkId | null, ResolvedAssignment[]>()
  for (const one of resolved.assignments.values()) {
    const { link, members } = one.assignment
    if (!isLasting(one.assignment) || members.length === 0) continue
    const there = found.get(link)
    if (there) there.push(one)
    else found.set(link, [one])
  }
  return found
}

/** People of a tenant whose directory still knows them. */
const peopleHere = (tx: TenantTransaction): Promise<PersonTable[]> =>
  tx.tables.person().selectAll().where('removedAt', 'is', null).execute()

/** Whether someone is named directly: known here or not, but not removed. */
async function isNamed(tx: TenantTransaction, assignments: readonly ResolvedAssignment[]): Promise<boolean> {
  const removed = await tx.tables.person().selectAll().where('removedAt', 'is not', null).execute()
  const isRemoved = (link: LinkId | null, id: string): boolean =>
    removed.some((row) => row.link === link && (row.id === id || row.objectId === id))
  return assignments.some(({ assignment: { link, members } }) => members.some(({ kind, id }) => kind === 'person' && !isRemoved(link, id)))
}

/** Whether there is someone: named directly, or known to be in one of these security groups. */
async function isSomeone(
  tx: TenantTransaction,
  assignments: readonly ResolvedAssignment[],
  counts: (group: Member) => boolean = () => true,
): Promise<boolean> {
  if (await isNamed(tx, assignments)) return true
  const members = new Members()
  for (const { assignment } of assignments)
    for (const member of assignment.members) if (member.kind === 'group' && counts(member)) members.addMember(assignment.link, member)
  return (await peopleHere(tx)).some((row) => members.has(row))
}

const text = (assignments: readonly ResolvedAssignment[]): string =>
  JSON.stringify(assignments.map(({ assignment: { id, members } }) => [id, members]))

/**
 * What a command changes is decided by what the directory says now: `service/access/membership/deciding.ts` has it read before. A
 * security group that could not be read then is no evidence that somebody is in it.
 * @throws RoomkeeperError assignment.lastProManager, partner.lastAdmin where the change takes the last one away;
 * directory.unavailable where only the directory could say whether it does.
 */
export async function checkSomeoneStays(tx: TenantTransaction, before: ResolvedPolicy, after: ResolvedPolicy): Promise<void> {
  const lasting = lastingOf(after)
  for (const [link, was] of lastingOf(before)) {
    // A link that ended needs nobody.
    if (link !== null && !after.links.has(link)) continue
    const now = lasting.get(link) ?? []
    if (text(was) === text(now)) continue
    const unread = await groupsUnread(tx, link)
    if (await isSomeone(tx, now, ({ id }) => !unread.has(id))) continue
    if (!(await isSomeone(tx, was))) continue
    const isUnread = now.some(({ assignment }) => assignment.members.some(({ kind, id }) => kind === 'group' && unread.has(id)))
    throw new RoomkeeperError(isUnread ? 'directory.unavailable' : link === null ? 'assignment.lastProManager' : 'partner.lastAdmin')
  }
}

/** The security groups of the tenant's own directory, or of the link's partner's, that could not be read when they were last asked for. */
async function groupsUnread(tx: TenantTransaction, link: LinkId | null): Promise<ReadonlySet<string>> {
  const home = link === null ? tx.tenant : (await tx.linkById(link))?.partner
  if (!home) return new Set()
  const { directory } = await tx.on(home).tenantRow()
  const rows = await tx.tables.securityGroup().select('id').where('directory', '=', directory).where('failedAt', 'is not', null).execute()
  return new Set(rows.map(({ id }) => id))
}

/** The policy after somebody was kept, and who has to be looked at with those who were given. */
export interface Kept {
  readonly resolved: ResolvedPolicy
  readonly people: readonly PersonTable[]
}

/**
 * Where the directory has taken away the last Pro Manager or the last primary admin of a link, as the system's own doing
 * (ACC-3, PAR-3): who held it until now, and only left a security group, becomes a direct member. Who was removed does
 * not; where nobody else held it, a link's primary admins are its partner's Pro Managers, else its Global Administrators
 * who are known. In a tenant of its own a Global Administrator appoints the next Pro Manager. `people`: as they are stored
 * now, whose `me` still says what they held before.
 */
export async function keepSomeone(tx: TenantTransaction, resolved: ResolvedPolicy, people: readonly PersonTable[]): Promise<Kept> {
  const lasting = lastingOf(resolved)
  const came: PersonTable[] = []
  let kept = false
  const lost = await lostBy(tx, resolved, people)
  for (const [link, byAssignment] of lost) {
    if (await isSomeone(tx, lasting.get(link) ?? [])) continue
    for (const [id, losers] of byAssignment) {
      const assignment = resolved.assignments.get(id)?.assignment
      const left = losers.filter(({ removedAt }) => removedAt === null)
      const rows = left.length > 0 || link === null ? left : await standIns(tx, link)
      if (!assignment || rows.length === 0) continue
      const named = rows.filter(
        ({ objectId }) => !assignment.members.some(({ kind, id: known }) => kind === 'person' && known === objectId),
      )
      const members = [...assignment.members, ...named.map(({ objectId }) => ({ kind: 'person' as const, id: objectId }))]
      await tx.update
        .assignment()
        .where('id', '=', id)
        .set({ members: JSON.stringify(members) })
        .execute()
      const detail = {
        action: 'administrators.keep' as const,
        assignment: id,
        people: rows.map(({ id: person, name }) => ({ id: person, name })),
      }
      await tx.as(system, async () => tx.audit({ category: 'Assignment', objectName: assignment.name, operation: 'Update', detail }))
      came.push(...rows)
      kept = true
    }
  }
  if (!kept) return { resolved, people }
  tx.publish('policy', { tenant: tx.tenant })
  tx.put('policy', { id: tx.tenant, at: tx.at })
  for (const link of lost.keys()) if (link !== null) tx.put('policy', { id: link, at: tx.at })
  return { resolved: await resolvedOf(tx), people: [...new Map([...people, ...came].map((row) => [row.id, row])).values()] }
}

/** Who of these people lost an assignment that somebody must hold, by link. */
async function lostBy(
  tx: TenantTransaction,
  resolved: ResolvedPolicy,
  people: readonly PersonTable[],
): Promise<Map<LinkId | null, Map<AssignmentId, PersonTable[]>>> {
  const known = await tx.getMany(
    'me',
    people.map(({ id }) => id),
  )
  const lost = new Map<LinkId | null, Map<AssignmentId, PersonTable[]>>()
  for (const row of people) {
    const had = (known.get(row.id)?.access.grants ?? []).filter(({ assignment }) => {
      const one = resolved.assignments.get(assignment)
      return one !== undefined && isLasting(one.assignment)
    })
    if (had.length === 0) continue
    const has = new Set(accessOf(resolved, subjectOf(row)).grants.map(({ assignment }) => assignment))
    const byAssignment = lost.get(row.link) ?? new Map<AssignmentId, PersonTable[]>()
    for (const { assignment } of had) if (!has.has(assignment)) byAssignment.set(assignment, [...(byAssignment.get(assignment) ?? []), row])
    if (byAssignment.size > 0) lost.set(row.link, byAssignment)
  }
  return lost
}

/** Those who answer for a partner's side of a link: known in the customer's tenant from now on. */
async function standIns(tx: TenantTransaction, id: LinkId): Promise<PersonTable[]> {
  const link = await tx.linkById(id)
  if (!link?.partner) return []
  const home = tx.on(link.partner)
  const resolved = await resolvedOf(home)
  const own = (await peopleHere(home)).filter((row) => row.link === null)
  const managers = own.filter((row) => accessOf(resolved, subjectOf(row)).grants.some(({ role }) => role === 'proManager'))
  const chosen = managers.length > 0 ? managers : own.filter(({ globalAdministrator }) => globalAdministrator === 1)
  const known = new Map((await tx.tables.person().selectAll().where('link', '=', id).execute()).map((row) => [row.id, row]))
  const rows = chosen.map((row) => known.get(row.id) ?? { ...row, tenant: tx.tenant, link: id, scopeVersion: 0, scopeDigest: '' })
  await tx.savePeople(rows)
  return rows
}
