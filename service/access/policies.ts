import { type Access, may } from '../../contract/access.ts'
import { type ErrorDetails, RoomkeeperError } from '../../contract/errors.ts'
import { type Escalation, escalationOf, regroupsBeyond, takesBeyond } from '../../contract/escalation.ts'
import { ruleTest, type ResolvedPolicy } from '../../contract/evaluate.ts'
import type { LinkId } from '../../contract/ids.ts'
import type { Policy, RoomFacts } from '../../contract/policy.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { assignmentIsShown, linkIsShown } from './explain.ts'
import { checkSomeoneStays } from './lastOnes.ts'
import { Members, membersChanged, refreshAccess } from './refresh.ts'
import { groupsByRule, resolvedOf } from './resolved.ts'

export { policyOf, resolvedOf } from './resolved.ts'

/** What a change of policy was made from, and what it made. */
export interface PolicyChange<T> {
  readonly before: ResolvedPolicy
  readonly after: ResolvedPolicy
  readonly result: T
}

/**
 * The one way to change roles, assignments, groups or links (ACC-2 to ACC-6, PAR-3, PAR-4): `change` writes the tables,
 * in this transaction and of this tenant; then it is checked as a whole, and reaches everyone whom it affects.
 * `maker`: who makes it, with what they hold; 'system' may give anything. `check`: what more it has to be, looked at first.
 * @throws RoomkeeperError policy.escalation, assignment.lastProManager, partner.lastAdmin; nothing must be committed then.
 */
export async function changePolicy<T>(
  tx: TenantTransaction,
  maker: Access | 'system',
  change: (before: ResolvedPolicy) => Promise<T>,
  check?: (before: ResolvedPolicy, after: ResolvedPolicy) => void,
): Promise<PolicyChange<T>> {
  const before = await resolvedOf(tx)
  const result = await change(before)
  const after = await resolvedOf(tx)
  check?.(before, after)
  if (maker !== 'system') {
    const beyond = escalationOf(before, after, maker)
    if (beyond) throw new RoomkeeperError('policy.escalation', told(beyond, after, maker))
  }
  if (same(before, after)) return { before, after, result }
  await checkSomeoneStays(tx, before, after)
  await refreshAccess(tx, after, await membersChanged(before, after).of(tx))
  mark(tx, before, after)
  return { before, after, result }
}

/** What is given is said of what they see alone: a hidden assignment, or a partner's, may be over what they change (PAR-4). */
function told({ assignment: id, given, room }: Escalation, after: ResolvedPolicy, maker: Access): ErrorDetails {
  const assignment = after.assignments.get(id)?.assignment
  if (!assignment || !assignmentIsShown(maker, assignment, after)) return {}
  return { params: { permission: given, ...(room !== 'all' && may(maker, 'roles.view', room) ? { room } : {}) } }
}

/** Nothing is marked and nobody is looked up where a change made nothing otherwise. */
const same = (before: ResolvedPolicy, after: ResolvedPolicy): boolean => JSON.stringify(before.policy) === JSON.stringify(after.policy)

/**
 * Changes room groups and nothing else: whoever changes by it who reaches a room has power over assignments there.
 * @throws RoomkeeperError access.denied where they do not hold roles.modify over such a room, whatever is assigned over it;
 * partner.noRooms where it leaves a partner none, which takes ending the link; what `changePolicy` throws.
 */
export const changeGroups = <T>(
  tx: TenantTransaction,
  maker: Access,
  change: (before: ResolvedPolicy) => Promise<T>,
): Promise<PolicyChange<T>> =>
  changePolicy(tx, maker, change, (before, after) => {
    if (regroupsBeyond(before, after, maker)) throw new RoomkeeperError('access.denied')
    checkRoomsStay({ before, after }, maker)
  })

/**
 * No change of groups takes the last room from a link; one that had none before is let be.
 * @throws RoomkeeperError partner.noRooms, or access.denied to who may not know of the partner
 */
export function checkRoomsStay({ before, after }: Pick<PolicyChange<unknown>, 'before' | 'after'>, maker: Access): void {
  for (const [id, { scope }] of after.links) {
    if (scope.length > 0 || before.links.get(id)?.scope.length === 0) continue
    throw new RoomkeeperError(linkIsShown(maker, id, before) ? 'partner.noRooms' : 'access.denied')
  }
}

/**
 * Of changes of roles and assignments. @throws RoomkeeperError access.denied where it takes something over rooms that are not its maker's
 * to manage.
 */
export function checkTaken({ before, after }: Pick<PolicyChange<unknown>, 'before' | 'after'>, maker: Access): void {
  if (takesBeyond(before, after, maker)) throw new RoomkeeperError('access.denied')
}

/** Tells screens what to read again, and the service to look up the policy anew. */
function mark(tx: TenantTransaction, before: ResolvedPolicy, after: ResolvedPolicy): void {
  tx.publish('policy', { tenant: tx.tenant })
  tx.put('policy', { id: tx.tenant, at: tx.at })
  const [was, now] = [linkTexts(before), linkTexts(after)]
  for (const link of new Set([...was.keys(), ...now.keys()])) {
    if (was.get(link) !== now.get(link)) tx.put('policy', { id: link, at: tx.at })
  }
}

/** All that a partner sees of its link, as text. */
function linkTexts({ policy, links }: ResolvedPolicy): Map<LinkId, string> {
  const parts = new Map<LinkId, unknown[]>()
  for (const { link, scope } of links.values()) parts.set(link.id, [link, scope])
  const add = (items: readonly Policy['roles' | 'assignments'][number][]): void => {
    for (const item of items) if (item.link !== null) parts.get(item.link)?.push(item)
  }
  add(policy.roles)
  add(policy.assignments)
  return new Map([...parts].map(([link, some]) => [link, JSON.stringify(some)]))
}

/**
 * Rooms are new, or have another name or place: whom groups by rule give another scope with that gets it in the same
 * commit. `before`: what was known of those that are not new. Costs one small query where no group has a rule.
 */
export async function roomsPlaced(tx: TenantTransaction, rooms: readonly RoomFacts[], before: readonly RoomFacts[] = []): Promise<void> {
  const groups = await groupsByRule(tx.tables)
  const touched = new Set(groups.filter(({ rule }) => rule !== null && [...rooms, ...before].some(ruleTest(rule))).map(({ id }) => id))
  if (touched.size === 0) return
  const resolved = await resolvedOf(tx)
  const names = (scope: Policy['assignments'][number]['scope']): boolean =>
    scope !== 'all' && scope.groups.some((group) => touched.has(group))
  const linksTouched = new Set(resolved.policy.links.filter(({ scope }) => names(scope)).map(({ id }) => id))
  const members = new Members()
  for (const one of resolved.assignments.values()) {
    const { scope, link } = one.assignment
    if (names(scope) || (link !== null && linksTouched.has(link))) members.add(one)
  }
  await refreshAccess(tx, resolved, await members.of(tx))
  tx.publish('policy', { tenant: tx.tenant })
  for (const link of linksTouched) tx.put('policy', { id: link, at: tx.at })
  tx.put('policy', { id: tx.tenant, at: tx.at })
}

/** Of a link as it is stored: groups may hold no room. @throws RoomkeeperError partner.noRooms */
export function checkSomeRoom({ links }: ResolvedPolicy, link: LinkId): void {
  if (links.get(link)?.scope.length === 0) throw new RoomkeeperError('partner.noRooms', { field: 'scope' })
}
