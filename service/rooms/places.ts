import { mayEverywhere } from '../../contract/access.ts'
import type { Place, Room } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { ruleTest } from '../../contract/evaluate.ts'
import type { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { changeGroups } from '../access/policies.ts'
import { groupsByRule } from '../access/resolved.ts'
import { checkRooms, type CommandContext, type CommandHandler } from '../ground/commands/handler.ts'
import { factsOf } from '../ground/store/facts.ts'
import type { Rooms } from '../incidents/rooms.ts'
import type { RoomDeps } from './deps.ts'
import { auditOf } from './lifecycle.ts'

/** What a room is called and where it is. What its device says of both counts at its enrolment only; from then on people say it. */

/** Calls a room otherwise. */
export const renameRoom = ({ rooms }: RoomDeps): CommandHandler<'rooms.rename'> => ({
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply({ type, rooms: ids, name }, context) {
    const { changed, before } = await place(rooms, context, ids, () => ({ name }))
    return changed.length === 0 ? null : auditOf(context.tx, changed, { action: type, name, before })
  },
})

/** Says where rooms are; what is not said of it stays. */
export const moveRooms = ({ rooms }: RoomDeps): CommandHandler<'rooms.move'> => ({
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply({ type, rooms: ids, place: to }, context) {
    const said = Object.fromEntries(Object.entries(to).filter(([, value]) => value !== undefined))
    const { changed, before } = await place(rooms, context, ids, (room) => ({ place: { ...room.place, ...said } }))
    return changed.length === 0 ? null : auditOf(context.tx, changed, { action: type, place: said, before })
  },
})

type Placed = Pick<Room, 'name' | 'place'>

/** How a place is told in a room's history. */
const textOf = ({ building, floor, city, country, timeZone }: Place): string =>
  [building, floor, city, country, timeZone].filter((part) => part !== '').join(', ')

/**
 * The rooms that are other than before, with what the first of them was. Groups by rule carry access: who puts a room into one, or
 * takes it out, says who may do what there, as by a change of the group itself (decision 0033).
 * @throws RoomkeeperError room.changesGroups; access.denied and policy.escalation as of `changeGroups`
 */
async function place(
  rooms: Rooms,
  { tx, caller }: CommandContext,
  ids: readonly RoomId[],
  changesOf: (room: Placed) => Partial<Placed>,
): Promise<{ changed: RoomId[]; before: string | undefined }> {
  const work = rooms.within(tx)
  await work.load(ids)
  const tests = (await groupsByRule(tx.tables)).flatMap(({ rule }) => (rule === null ? [] : [ruleTest(rule)]))
  const placed = [...new Set(ids)].flatMap((id) => {
    const { base } = work.room(id)
    const after = { ...base, ...changesOf(base) }
    const isOther = after.name !== base.name || JSON.stringify(after.place) !== JSON.stringify(base.place)
    return isOther ? [{ id, base, after }] : []
  })
  const regroups = placed.some(({ base, after }) => tests.some((holds) => holds(factsOf(base)) !== holds(factsOf(after))))
  const everywhere = mayEverywhere(caller.access, 'rooms.modify') && mayEverywhere(caller.access, 'groups.modify')
  if (regroups && !everywhere) throw new RoomkeeperError('room.changesGroups')
  let before: string | undefined
  const put = async (): Promise<void> => {
    for (const { id, base, after } of placed) {
      const isRenamed = after.name !== base.name
      const [was, is] = isRenamed ? [base.name, after.name] : [textOf(base.place), textOf(after.place)]
      before ??= was
      work.rebase(id, { name: after.name, place: after.place })
      work.note(id, { kind: isRenamed ? 'renamed' : 'moved', at: tx.at, detail: `${was} → ${is}`.slice(0, limits.deviceTextChars) })
    }
    await work.flush()
  }
  if (regroups) await changeGroups(tx, caller.access, put)
  else await put()
  return { changed: placed.map(({ id }) => id), before }
}
