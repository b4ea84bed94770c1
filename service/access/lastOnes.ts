import { RoomkeeperError } from '../../contract/errors.ts'
import { accessOf, type ResolvedAssignment, type ResolvedPolicy } from '../../contract/evaluate.ts'
import type { AssignmentId, LinkId } from '../../contract/ids.ts'
import type { PersonTable } from '../store/tables.ts'
import { system, type TenantTransaction } from '../store/transaction.ts'
import { Members } from './refresh.ts'
import { resolvedOf, subjectOf } from './resolved.ts'

/** Nobody is locked out: a tenant keeps a Pro Manager (ACC-3), and each partner link a primary admin (PAR-3). */

/** What somebody must always hold: of a link its "Assigned admins", over all of it; without a link, a Pro Manager's assignment. */
const isLasting = ({ assignment: { link, role, builtIn } }: ResolvedAssignment): boolean => (link === null ? role === 'proManager' : builtIn)

function lastingOf(resolved: ResolvedPolicy): Map<LinkId | null, ResolvedAssignment[]> {
  const found = new Map<LinkId | null, ResolvedAssignment[]>()
  for (const one of resolved.assignments.values()) {
    const { link, members } = one.assignment
    if (!isLasting(one) || members.length === 0) continue
    const there = found.get(link)
    if (there) there.push(one)
    else found.set(link, [one])
  }
  return found
}

/** Whether there is someone: named directly, known or not, or a known person of a security group. */
async function isSomeone(tx: TenantTransaction, assignments: readonly ResolvedAssignment[]): Promise<boolean> {
  if (assignments.some(({ assignment }) => assignment.members.some(({ kind }) => kind === 'person'))) return true
  const members = new Members()
  for (const one of assignments) members.add(one)
  return (await members.of(tx)).length > 0
}

const text = (assignments: readonly ResolvedAssignment[]): string => JSON.stringify(assignments.map(({ assignment: { id, members } }) => [id, members]))

/** @throws RoomkeeperError assignment.lastProManager, partner.lastAdmin where the change takes the last one away. */
export async function checkSomeoneStays(tx: TenantTransaction, before: ResolvedPolicy, after: ResolvedPolicy): Promise<void> {
  const lasting = lastingOf(after)
  for (const [link, was] of lastingOf(before)) {
    // A link that ended needs nobody.
    if (link !== null && !after.links.has(link)) continue
    const now = lasting.get(link) ?? []
    if (text(was) === text(now)) continue
    const refused = link === null ? 'assignment.lastProManager' : 'partner.lastAdmin'
    if (now.length === 0) throw new RoomkeeperError(refused)
    if (!(await isSomeone(tx, now)) && (await isSomeone(tx, was))) throw new RoomkeeperError(refused)
  }
}

/**
 * Where security groups have lost the last Pro Manager or the last primary admin of a link, those who were it until now
 * become direct members of the assignment, as the system's own doing (PAR-3). `people`: as they are stored now, whose
 * `me` still says what they held before.
 * @returns the policy as it is then.
 */
export async function keepSomeone(tx: TenantTransaction, resolved: ResolvedPolicy, people: readonly PersonTable[]): Promise<ResolvedPolicy> {
  const known = await tx.getMany(
    'me',
    people.map(({ id }) => id),
  )
  const lost = new Map<LinkId | null, Map<AssignmentId, PersonTable[]>>()
  for (const row of people) {
    const had = (known.get(row.id)?.access.grants ?? []).filter(({ assignment }) => {
      const one = resolved.assignments.get(assignment)
      return one !== undefined && isLasting(one)
    })
    if (had.length === 0) continue
    const has = new Set(accessOf(resolved, subjectOf(row)).grants.map(({ assignment }) => assignment))
    const byAssignment = lost.get(row.link) ?? new Map<AssignmentId, PersonTable[]>()
    for (const { assignment } of had) if (!has.has(assignment)) byAssignment.set(assignment, [...(byAssignment.get(assignment) ?? []), row])
    lost.set(row.link, byAssignment)
  }
  let kept = false
  for (const [link, byAssignment] of lost) {
    if (byAssignment.size === 0 || (await isSomeone(tx, lastingOf(resolved).get(link) ?? []))) continue
    for (const [id, rows] of byAssignment) {
      const assignment = resolved.assignments.get(id)?.assignment
      if (!assignment) continue
      const members = [...assignment.members, ...rows.map(({ objectId }) => ({ kind: 'person' as const, id: objectId }))]
      await tx.update.assignment().where('id', '=', id).set({ members: JSON.stringify(members) }).execute()
      await tx.as(system, async () =>
        tx.audit({ category: 'Assignment', objectName: assignment.name, operation: 'Update', detail: { action: 'keepLastAdministrator', assignment: id, people: rows.map(({ name }) => name) } }),
      )
      kept = true
    }
  }
  if (!kept) return resolved
  tx.publish('policy', { tenant: tx.tenant })
  tx.put('policy', { id: tx.tenant, at: tx.at })
  for (const link of lost.keys()) if (link !== null) tx.put('policy', { id: link, at: tx.at })
  return resolvedOf(tx)
}
