import { may, scopeOf } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { ResolvedPolicy } from '../../contract/evaluate.ts'
import { GroupId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { AssignmentScope, GroupRule, RoomGroup } from '../../contract/policy.ts'
import { type AskingHandler, checkPermitted, type CommandContext } from '../ground/commands/handler.ts'
import { roomsTouched } from '../ground/commands/touched.ts'
import { reached } from '../ground/reach.ts'
import { assignmentIsShown, groupIsShown, linkIsShown } from './explain.ts'
import { type AskDeps, asksDirectory } from './membership/asked.ts'
import type { Asked } from './membership/members.ts'
import { checkCount, checkName } from './names.ts'
import { changeGroups } from './policies.ts'

/**
 * Makes or changes a group of rooms. Who has groups.modify on some rooms only changes what is theirs: no rules, and the
 * rooms of others in the group stay as they are; so does what it is called, while it holds any of those.
 */
export const saveGroup = (deps: AskDeps): AskingHandler<'group.save', Asked> => ({
  ...asksDirectory(deps),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, group: named, name, description, rooms: wanted, rule: given }, context) {
    const { tx, caller } = context
    const { before, result } = await changeGroups(tx, caller.access, async (policy) => {
      const { id, known } = groupToSave(policy, named, context)
      if (!known) checkCreated(wanted, given, context)
      checkName(
        'group.invalid',
        { id, name },
        known,
        policy.policy.groups.filter((group) => groupIsShown(caller.access, policy.groups.get(group.id) ?? [])),
      )
      checkCount(known !== undefined, policy.policy.groups.length, limits.groupsPerTenant)
      const rule = ruleToStore(given, known, context)
      const rooms = await roomsToStore(wanted, known, context)
      if (rooms.length === 0 && rule === null) throw new RoomkeeperError('group.invalid', { field: 'rooms' })
      const isRenamed = known !== undefined && (known.name !== name || known.description !== description)
      if (isRenamed && !isWhollyOwn(known, context)) throw new RoomkeeperError('access.denied')
      if (known && !isRenamed && sameRooms(known.rooms, rooms) && JSON.stringify(known.rule) === JSON.stringify(rule))
        return { id, rooms: known.rooms, rule }
      const columns = { name, description, rooms: JSON.stringify(rooms), rule: rule === null ? null : JSON.stringify(rule) }
      if (known) await tx.update.roomGroup().where('id', '=', id).set(columns).execute()
      else await tx.insert.roomGroup({ id, ...columns }).execute()
      return { id, rooms, rule }
    })
    const { id } = result
    const known = before.policy.groups.find((group) => group.id === id)
    const had = new Set(known?.rooms)
    const has = new Set(result.rooms)
    const added = result.rooms.filter((room) => !had.has(room))
    const removed = [...had].filter((room) => !has.has(room))
    const same = known?.name === name && known.description === description && JSON.stringify(known.rule) === JSON.stringify(result.rule)
    if (same && added.length + removed.length === 0) return null
    const moved = {
      added,
      addedNames: (await roomsTouched(tx, added)).roomNames,
      removed,
      removedNames: (await roomsTouched(tx, removed)).roomNames,
    }
    const was = known ? { before: { name: known.name, description: known.description, rule: known.rule } } : {}
    const detail = { action: type, group: id, description, ...moved, rule: result.rule, ...was }
    return { category: 'RoomGroup', objectName: name, operation: known ? 'Update' : 'Create', detail }
  },
})

export const deleteGroup = (deps: AskDeps): AskingHandler<'group.delete', Asked> => ({
  ...asksDirectory(deps),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, group: id }, context) {
    const { tx, caller } = context
    const { result: group } = await changeGroups(tx, caller.access, async (resolved) => {
      const known = reached(
        resolved.policy.groups.find((group) => group.id === id),
        (group) => isOwn(group, resolved, context),
        'group.notFound',
      )
      if (!isWhollyOwn(known, context)) throw new RoomkeeperError('access.denied')
      const { assignments, links } = resolved.policy
      const names = ({ scope }: { scope: AssignmentScope }): boolean => scope !== 'all' && scope.groups.includes(id)
      const uses = [
        ...assignments.filter(names).map((one) => assignmentIsShown(caller.access, one, resolved)),
        ...links.filter(names).map((one) => linkIsShown(caller.access, one.id, resolved)),
      ]
      // What names it is spoken of to whoever is shown it; to others it is not theirs to delete.
      if (uses.length > 0) throw new RoomkeeperError(uses.includes(true) ? 'group.inUse' : 'access.denied')
      await tx.delete.roomGroup().where('id', '=', id).execute()
      return known
    })
    return {
      category: 'RoomGroup',
      objectName: group.name,
      operation: 'Delete',
      detail: { action: type, group: id, ...(await roomsTouched(tx, group.rooms)), rule: group.rule },
    }
  },
})

/** A new group takes groups.create too, on each of its rooms; with a rule over all rooms. @throws RoomkeeperError access.denied */
function checkCreated(rooms: readonly RoomId[], rule: GroupRule | null, { caller: { access } }: CommandContext): void {
  const mine = scopeOf(access, 'groups.create')
  if (mine === 'all' || (may(access, 'groups.create') && rule === null && rooms.every((room) => mine.has(room)))) return
  throw new RoomkeeperError('access.denied')
}

/** Whether a group holds some room on which the caller has groups.modify. */
function isOwn({ id }: RoomGroup, { groups }: ResolvedPolicy, { caller }: CommandContext): boolean {
  const mine = scopeOf(caller.access, 'groups.modify')
  return mine === 'all' || (groups.get(id)?.some((room) => mine.has(room)) ?? false)
}

/** Whether all of it is theirs: every room, and a rule only of who has all rooms. */
function isWhollyOwn({ rooms, rule }: RoomGroup, { caller }: CommandContext): boolean {
  const mine = scopeOf(caller.access, 'groups.modify')
  return mine === 'all' || (rule === null && rooms.every((room) => mine.has(room)))
}

/** In which order they stand says nothing. */
const sameRooms = (one: readonly RoomId[], other: readonly RoomId[]): boolean => new Set(one).symmetricDifference(new Set(other)).size === 0

/**
 * The group that is changed, or under which id a new one is kept: another one where the id given is of a group that the
 * caller cannot see, so that they are answered as with any new id.
 * @throws RoomkeeperError group.notFound for one that they see only.
 */
function groupToSave(resolved: ResolvedPolicy, id: GroupId, context: CommandContext): { id: GroupId; known: RoomGroup | undefined } {
  const there = resolved.policy.groups.find((group) => group.id === id)
  if (!there) return { id, known: undefined }
  if (!groupIsShown(context.caller.access, resolved.groups.get(id) ?? [])) return { id: GroupId.parse(context.tx.ids()), known: undefined }
  return { id, known: reached(there, isOwn(there, resolved, context), 'group.notFound') }
}

/** Who has some rooms only neither sees rules nor makes them: one that is there stays. @throws RoomkeeperError access.denied */
function ruleToStore(given: GroupRule | null, known: RoomGroup | undefined, { caller }: CommandContext): GroupRule | null {
  if (scopeOf(caller.access, 'groups.modify') === 'all') return given
  const rule = known?.rule ?? null
  if (given !== null && JSON.stringify(given) !== JSON.stringify(rule)) throw new RoomkeeperError('access.denied', { field: 'rule' })
  return rule
}

async function roomsToStore(wanted: readonly RoomId[], known: RoomGroup | undefined, { tx, caller }: CommandContext): Promise<RoomId[]> {
  const mine = scopeOf(caller.access, 'groups.modify')
  const isMine = (room: RoomId): boolean => mine === 'all' || mine.has(room)
  const there = new Set(known?.rooms)
  const facts = await tx.roomFacts()
  // What is there already may be named by who sees it; what is hidden is like none, in the group or not.
  const stays = (room: RoomId): boolean => there.has(room) && groupIsShown(caller.access, [room])
  const missing = wanted.find((room) => !stays(room) && !(isMine(room) && facts.has(room)))
  if (missing !== undefined) throw new RoomkeeperError('group.invalid', { field: 'rooms', detail: `There is no room ${missing}.` })
  return [...new Set([...wanted, ...[...there].filter((room) => !isMine(room))])]
}
