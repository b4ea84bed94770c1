import { ruleTest } from '../../contract/evaluate.ts'
import type { GroupId, RoomId } from '../../contract/ids.ts'
import type { RoomFacts } from '../../contract/policy.ts'
import type { PlacePart, SuppressionWhat } from '../../contract/suppression.ts'
import { groupOf } from '../access/resolved.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import type { SuppressionRoomTable } from './tables.ts'

/** The rooms that a suppression is over, as they are now: those that are named, in its groups, and at its place. */

export type Through = SuppressionRoomTable['through']

/** Each with how it comes to it, the closest way first. Groups and rooms that are gone are none. */
export async function coverOf(tx: TenantTransaction, { rooms, groups, place }: SuppressionWhat): Promise<Map<RoomId, Through>> {
  const found = new Map<RoomId, Through>()
  const known = await tx.getMany('room', rooms)
  for (const id of rooms) if (known.has(id)) found.set(id, 'named')
  if (groups.length === 0 && place === null) return found
  const facts = await tx.roomFacts()
  const add = (id: RoomId, through: Through): void => {
    if (!found.has(id) && facts.has(id)) found.set(id, through)
  }
  for (const { rooms: named, rule } of await groupsOf(tx, groups)) {
    for (const id of named) add(id, 'group')
    const holds = rule && ruleTest(rule)
    if (holds) for (const room of facts.values()) if (holds(room)) add(room.id, 'group')
  }
  if (place) for (const room of facts.values()) if (isAt(room, place)) add(room.id, 'place')
  return found
}

export const groupsOf = async ({ tables }: Pick<TenantTransaction, 'tables'>, ids: readonly GroupId[]) =>
  ids.length === 0 ? [] : (await tables.roomGroup().selectAll().where('id', 'in', ids).execute()).map(groupOf)

const parts = ['country', 'city', 'building', 'floor'] as const

/** As groups by rule compare: whatever the case. */
export const isAt = ({ place }: Pick<RoomFacts, 'place'>, part: PlacePart): boolean =>
  parts.every((name) => {
    const wanted = part[name]
    return wanted === undefined || wanted === '' || place[name].toLocaleLowerCase() === wanted.toLocaleLowerCase()
  })
