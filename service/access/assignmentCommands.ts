import { type Access, may, scopeOf } from '../../contract/access.ts'
import type { Command } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { isBeyond } from '../../contract/escalation.ts'
import type { ResolvedPolicy } from '../../contract/evaluate.ts'
import { AssignmentId, type GroupId, type RoomId, type TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { BuiltInRole, builtInRoles } from '../../contract/permissions.ts'
import type { Assignment, AssignmentScope, Member, Policy } from '../../contract/policy.ts'
import { type AskedContext, type AskingHandler, checkPermitted, type CommandContext } from '../ground/commands/handler.ts'
import { assignmentTouched } from '../ground/commands/touched.ts'
import { reached } from '../ground/reach.ts'
import { writeAssignment } from './assignments.ts'
import { assignmentIsShown } from './explain.ts'
import { type AskDeps, asksDirectory, membersAsked, nothingAsked } from './membership/asked.ts'
import type { Asked } from './membership/members.ts'
import { ownMembers } from './membership/members.ts'
import { checkCount, checkName, sameSide } from './names.ts'
import { changePolicy, checkSomeRoom, checkTaken } from './policies.ts'
import { resolvedOf } from './resolved.ts'

/** Gives a role to people and security groups over a scope (ACC-4, ACC-6, PAR-4). */
export const saveAssignment = (deps: AskDeps): AskingHandler<'assignment.save', Asked> => ({
  ...asksDirectory(deps, async (command, asker) => {
    const { tenant, link = null, access } = asker
    // Of a partner's that they see, the customer changes the rooms only. One that is hidden is like none.
    const changesRooms = link === null && access !== undefined && (await seesPartners(deps, tenant, access, command.assignment))
    return changesRooms ? nothingAsked : { domains: [], ...(await membersAsked(deps, asker, link, command.members)) }
  }),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply(command, context) {
    const { tx, caller } = context
    const { before, after, result } = await changePolicy(tx, caller.access, (resolved) =>
      putAssignment(context, command, resolved.policy, resolved),
    )
    checkTaken({ before, after }, caller.access)
    const known = before.policy.assignments.find(({ id }) => id === result.id)
    // A partner's admins change also while its groups happen to hold no room.
    if (result.builtIn && result.link !== null && known && !sameScope(known.scope, result.scope)) checkSomeRoom(after, result.link)
    if (known && sameAssignment(known, result)) return null
    const was = known ? { before: await assignmentTouched(tx, known) } : {}
    return {
      category: 'Assignment',
      objectName: result.name,
      operation: known ? 'Update' : 'Create',
      detail: { action: command.type, ...(await assignmentTouched(tx, result)), ...was },
    }
  },
})

export const deleteAssignment = (deps: AskDeps): AskingHandler<'assignment.delete', Asked> => ({
  ...asksDirectory(deps),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, assignment: id }, context) {
    const { tx, caller } = context
    const {
      before,
      after,
      result: known,
    } = await changePolicy(tx, caller.access, async (resolved) => {
      const there = resolved.policy.assignments.find((assignment) => assignment.id === id)
      const found = reached(there, (assignment) => assignmentIsShown(caller.access, assignment, resolved), 'assignment.notFound')
      if (found.builtIn) throw new RoomkeeperError('assignment.builtIn')
      if (found.link !== (caller.link ?? null)) throw new RoomkeeperError('access.denied')
      await tx.delete.assignment().where('id', '=', id).execute()
      return found
    })
    checkTaken({ before, after }, caller.access)
    return {
      category: 'Assignment',
      objectName: known.name,
      operation: 'Delete',
      detail: { action: type, ...(await assignmentTouched(tx, known)) },
    }
  },
})

async function seesPartners({ store }: AskDeps, tenant: TenantId, access: Access, id: AssignmentId): Promise<boolean> {
  const read = store.read(tenant, 'wholeTenant')
  const row = await read.tables.assignment().select('link').where('id', '=', id).executeTakeFirst()
  if (!row || row.link === null) return false
  const resolved = await resolvedOf(read)
  const known = resolved.policy.assignments.find((one) => one.id === id)
  return known !== undefined && assignmentIsShown(access, known, resolved)
}

type Wanted = Omit<Extract<Command, { type: 'assignment.save' }>, 'type'>

/**
 * Makes or replaces an assignment, inside a change of policy: for a role of `policy`, which may be newer than `resolved`.
 * @throws RoomkeeperError assignment.builtIn, assignment.invalid, access.denied, policy.tooMany
 */
export async function putAssignment(
  context: AskedContext<Asked>,
  wanted: Wanted,
  policy: Policy,
  resolved: ResolvedPolicy,
): Promise<Assignment> {
  const { tx, caller, asked } = context
  const side = caller.link ?? null
  const shown = policy.assignments.filter((assignment) => assignmentIsShown(caller.access, assignment, resolved))
  const known = shown.find(({ id }) => id === wanted.assignment)
  if (known && known.link !== side) return changeLinkScope(context, known, wanted, resolved)
  const { role, name, description, notify } = wanted
  // One that they cannot see may have this id: theirs is kept under another one, as if there were none.
  const id =
    known || !policy.assignments.some((assignment) => assignment.id === wanted.assignment)
      ? wanted.assignment
      : AssignmentId.parse(tx.ids())
  if (known?.builtIn && role !== known.role) throw new RoomkeeperError('assignment.builtIn', { field: 'role' })
  // Whose scope "Assigned admins" has is the customer's to say (PAR-4).
  if (known?.builtIn && !sameScope(wanted.scope, visibleScope(known.scope, context, resolved)))
    throw new RoomkeeperError('assignment.builtIn', { field: 'scope' })
  checkRole(wanted, policy, side)
  const members = await ownMembers(tx, wanted.members, asked, notThere, known?.members)
  if (members.length === 0) throw new RoomkeeperError(known?.builtIn ? 'partner.lastAdmin' : 'assignment.invalid', { field: 'members' })
  checkName('assignment.invalid', { id, name }, known, sameSide(shown, side))
  checkCount(known !== undefined, policy.assignments.length, limits.assignmentsPerTenant)
  const scope = known?.builtIn ? known.scope : await scopeToStore(wanted.scope, known?.scope, context, resolved)
  const assignment: Assignment = { id, link: side, role, name, description, notify, members, scope, builtIn: known?.builtIn ?? false }
  if (known && sameAssignment(known, assignment)) return known
  if (known) checkOthers(known, assignment, context, resolved)
  await writeAssignment(tx, assignment)
  return assignment
}

/**
 * What an assignment is called and which role it gives is the same over all its rooms: said by who manages roles on each.
 * @throws RoomkeeperError access.denied
 */
function checkOthers(known: Assignment, wanted: Assignment, { caller }: CommandContext, { assignments }: ResolvedPolicy): void {
  const there = assignments.get(known.id)
  if (there && isBeyond(there, caller.access) && ownFields.some((field) => known[field] !== wanted[field]))
    throw new RoomkeeperError('access.denied')
}

const ownFields = ['role', 'name', 'description', 'notify'] as const

const notThere = ({ kind, id }: Member): RoomkeeperError =>
  new RoomkeeperError('assignment.invalid', { field: 'members', detail: `The directory has no such ${kind}: ${id}` })

/** The customer changes which rooms a partner has, and nothing else of the partner's assignments (PAR-4). */
async function changeLinkScope(context: CommandContext, known: Assignment, wanted: Wanted, resolved: ResolvedPolicy): Promise<Assignment> {
  if (!known.builtIn || known.link === null) throw new RoomkeeperError('access.denied')
  const others = ownFields.find((field) => wanted[field] !== known[field])
  const field = others ?? (memberText(wanted.members) === memberText(known.members) ? undefined : 'members')
  if (field !== undefined) throw new RoomkeeperError('assignment.builtIn', { field })
  if (isEmpty(wanted.scope)) throw new RoomkeeperError('partner.noRooms', { field: 'scope' })
  const scope = await scopeToStore(wanted.scope, known.scope, context, resolved)
  if (sameScope(scope, known.scope)) return known
  await context.tx.update
    .link()
    .where('id', '=', known.link)
    .set({ scope: JSON.stringify(scope) })
    .execute()
  return { ...known, scope }
}

function checkRole({ role, scope }: Wanted, { roles }: Policy, side: Assignment['link']): void {
  const refuse = (field: string, detail: string) => new RoomkeeperError('assignment.invalid', { field, detail })
  const builtIn = BuiltInRole.safeParse(role)
  if (!builtIn.success) {
    if (roles.find(({ id }) => id === role)?.link !== side) throw refuse('role', 'There is no such role.')
    return
  }
  const { side: of, scopeFixedToAll } = builtInRoles[builtIn.data]
  if (of !== (side === null ? 'customer' : 'partner')) throw refuse('role', 'There is no such role.')
  if (scopeFixedToAll && scope !== 'all') throw refuse('scope', 'This role covers all rooms.')
}

/**
 * What is stored of the scope that someone gives: rooms and groups of the scope before that they cannot see stay, and
 * they name none that they cannot see, whether it exists or not.
 */
async function scopeToStore(
  wanted: AssignmentScope,
  before: AssignmentScope | undefined,
  context: CommandContext,
  resolved: ResolvedPolicy,
): Promise<AssignmentScope> {
  if (isEmpty(wanted)) throw new RoomkeeperError('assignment.invalid', { field: 'scope', detail: 'Name at least one room or room group.' })
  if (wanted === 'all') return wanted
  const was = before === undefined || before === 'all' ? { rooms: [], groups: [] } : before
  const seen = visibleScope(was, context, resolved)
  const kept = { rooms: new Set(was.rooms), groups: new Set(was.groups) }
  if (seen !== 'all') {
    for (const room of seen.rooms) kept.rooms.delete(room)
    for (const group of seen.groups) kept.groups.delete(group)
  }
  const facts = await context.tx.roomFacts()
  const known = new Set([...was.rooms].filter((room) => !kept.rooms.has(room)))
  const room = wanted.rooms.find((id) => !known.has(id) && !(facts.has(id) && sees(context, id)))
  if (room !== undefined) throw new RoomkeeperError('assignment.invalid', { field: 'scope', detail: `There is no room ${room}.` })
  const group = wanted.groups.find((id) => !groupIsSeen(id, context, resolved))
  if (group !== undefined) throw new RoomkeeperError('assignment.invalid', { field: 'scope', detail: `There is no room group ${group}.` })
  return { rooms: [...new Set([...wanted.rooms, ...kept.rooms])], groups: [...new Set([...wanted.groups, ...kept.groups])] }
}

const sees = ({ caller: { access } }: Pick<CommandContext, 'caller'>, room: RoomId): boolean => may(access, 'roles.view', room)

/** A scope as far as the caller's rooms go. */
export function visibleScope(scope: AssignmentScope, context: Pick<CommandContext, 'caller'>, resolved: ResolvedPolicy): AssignmentScope {
  if (scope === 'all' || scopeOf(context.caller.access, 'roles.view') === 'all') return scope
  return {
    rooms: scope.rooms.filter((room) => sees(context, room)),
    groups: scope.groups.filter((group) => groupIsSeen(group, context, resolved)),
  }
}

/** Whether it exists and, for someone with some rooms only, holds one of them. */
function groupIsSeen(id: GroupId, { caller: { access } }: Pick<CommandContext, 'caller'>, { groups }: ResolvedPolicy): boolean {
  const mine = scopeOf(access, 'roles.view')
  const rooms = groups.get(id)
  return rooms !== undefined && (mine === 'all' || rooms.some((room) => mine.has(room)))
}

const isEmpty = (scope: AssignmentScope): boolean => scope !== 'all' && scope.rooms.length + scope.groups.length === 0

const sameScope = (one: AssignmentScope, other: AssignmentScope): boolean => scopeText(one) === scopeText(other)
const scopeText = (scope: AssignmentScope): string =>
  scope === 'all' ? scope : JSON.stringify([[...scope.rooms].sort(), [...scope.groups].sort()])

const memberText = (members: readonly Member[]): string =>
  distinct(members)
    .map(({ kind, id }) => `${kind}/${id}`)
    .sort()
    .join(' ')
const distinct = (members: readonly Member[]): Member[] => [
  ...new Map(members.map((member) => [`${member.kind}/${member.id}`, member])).values(),
]

/** Whether saving one made nothing else of it: in which order its members and its scope stand says nothing. */
export const sameAssignment = (one: Assignment, other: Assignment): boolean =>
  ownFields.every((field) => one[field] === other[field]) &&
  memberText(one.members) === memberText(other.members) &&
  sameScope(one.scope, other.scope)
