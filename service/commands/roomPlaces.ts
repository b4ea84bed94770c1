import { mayEverywhere } from '../../contract/access.ts'
import type { Place, Room } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { ruleTest } from '../../contract/evaluate.ts'
import type { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { GroupRule } from '../../contract/policy.ts'
import { factsOf } from '../store/facts.ts'
import { checkRooms, type CommandContext, type CommandHandler } from './handler.ts'
import { auditOf } from './rooms.ts'

/** What a room is called and where it is. What its device says of both counts at its enrolment only; from then on people say it. */

/** Calls a room otherwise. */
export const renameRoom: CommandHandler<'rooms.rename'> = {
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply({ type, rooms: ids, name }, context) {
    const { changed, before } = await place(context, ids, () => ({ name }))
    return changed.length === 0 ? null : auditOf(context.tx, changed, { action: type, name, before })
  },
}

/** Says where rooms are; what is not said of it stays. */
export const moveRooms: CommandHandler<'rooms.move'> = {
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply({ type, rooms: ids, place: to }, context) {
    const said = Object.fromEntries(Object.entries(to).filter(([, value]) => value !== undefined))
    const { changed, before } = await place(context, ids, (room) => ({ place: { ...room.place, ...said } }))
    return changed.length === 0 ? null : auditOf(context.tx, changed, { action: type, place: said, before })
  },
}

type Placed = Pick<Room, 'name' | 'place'>

/** How a place is told in a room's history. */
const textOf = ({ building, floor, city, country, timeZone }: Place): string =>
  [building, floor, city, country, timeZone].filter((part) => part !== '').join(', ')

/** The rooms that are other than before, with what the first of them was. @throws RoomkeeperError room.changesGroups */
async function place(
  { tx, rooms, caller }: CommandContext,
  ids: readonly RoomId[],
  changesOf: (room: Placed) => Partial<Placed>,
): Promise<{ changed: RoomId[]; before: string | undefined }> {
  const work = rooms.within(tx)
  await work.load(ids)
  const groups = await tx.tables.roomGroup().select('rule').where('rule', 'is not', null).execute()
  const tests = groups.map(({ rule }) => ruleTest(GroupRule.parse(JSON.parse(rule ?? ''))))
  const everywhere = mayEverywhere(caller.access, 'rooms.modify') && mayEverywhere(caller.access, 'groups.modify')
  const changed: RoomId[] = []
  let before: string | undefined
  for (const id of new Set(ids)) {
    const { base } = work.room(id)
    const after = { ...base, ...changesOf(base) }
    const [was, is] = after.name === base.name ? [textOf(base.place), textOf(after.place)] : [base.name, after.name]
    if (was === is && JSON.stringify(after.place) === JSON.stringify(base.place)) continue
    // Groups by rule carry access: who puts a room into one, or takes it out, says who may do what there.
    const moves = tests.some((holds) => holds(factsOf(base)) !== holds(factsOf(after)))
    if (moves && !everywhere) throw new RoomkeeperError('room.changesGroups')
    work.rebase(id, { name: after.name, place: after.place })
    work.note(id, {
      kind: after.name === base.name ? 'moved' : 'renamed',
      at: tx.at,
      detail: `${was} → ${is}`.slice(0, limits.deviceTextChars),
    })
    before ??= was
    changed.push(id)
  }
  await work.flush()
  return { changed, before }
}
