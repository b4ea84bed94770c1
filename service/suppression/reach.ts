import { may } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { RoomId, SuppressionId } from '../../contract/ids.ts'
import type { SuppressionWhat } from '../../contract/suppression.ts'
import { groupIsShown } from '../access/explain.ts'
import { resolvedOf } from '../access/resolved.ts'
import { checkRooms, type CommandContext } from '../ground/commands/handler.ts'
import { roomsTouched } from '../ground/commands/touched.ts'
import { reached } from '../ground/reach.ts'
import type { AuditRecord, TenantTransaction } from '../ground/store/transaction.ts'
import { findSuppression, type Suppression } from './said.ts'
import { membersOf } from './settle.ts'

/** Whose suppressions one may change: `rooms.modify` counts on each room. Those over no room that one may act on are like none at all. */

export interface Reached extends Suppression {
  /** The rooms that it is over, and those of them on which the caller may act. */
  readonly rooms: readonly RoomId[]
  readonly mine: readonly RoomId[]
}

/** One with the rooms on which the caller may act, whether they may know of it or not. */
export async function lookUp({ tx, caller }: CommandContext, id: SuppressionId): Promise<Reached | undefined> {
  const found = await findSuppression(tx.tables, id)
  if (!found) return undefined
  const rooms = (await membersOf(tx, id)).filter(({ left }) => left === 0).map(({ room }) => room)
  return { ...found, rooms, mine: rooms.filter((room) => may(caller.access, 'rooms.modify', room)) }
}

/** Over a room on which they may act; or they said what it is over, and it waits for rooms. */
export const isReached = ({ said, rooms, mine }: Reached, { caller }: CommandContext): boolean =>
  mine.length > 0 || (rooms.length === 0 && said.author.id === caller.person)

/** @throws RoomkeeperError suppression.notFound */
export const reachedSuppression = async (context: CommandContext, id: SuppressionId): Promise<Reached> =>
  reached(await lookUp(context, id), (one) => isReached(one, context), 'suppression.notFound')

/** @throws RoomkeeperError suppression.ended; access.denied where it is over a room on which the caller may not act */
export function checkWhole({ row, rooms, mine }: Reached): void {
  if (row.endedAt !== null) throw new RoomkeeperError('suppression.ended')
  if (mine.length < rooms.length) throw new RoomkeeperError('access.denied')
}

/**
 * What somebody wants to suppress has to be theirs to act on: each room that they name. Of a group, which they see, and of a place it is
 * over those rooms that are, so that nothing is learned of others.
 * @throws RoomkeeperError access.denied, room.notFound, group.notFound
 */
export async function checkWhat(type: 'suppression.save', what: SuppressionWhat, context: CommandContext): Promise<void> {
  await checkRooms(type, what.rooms, context)
  if (what.groups.length === 0) return
  const { policy, groups } = await resolvedOf(context.tx)
  for (const id of what.groups) {
    const shown = groupIsShown(context.caller.access, groups.get(id) ?? [])
    reached(
      policy.groups.find((group) => group.id === id),
      shown,
      'group.notFound',
    )
  }
}

/** The record of what was done to one: by its reason, with the rooms that it is over. */
export async function auditOf(
  tx: TenantTransaction,
  { row, said }: Pick<Suppression, 'said'> & { readonly row: Pick<Suppression['row'], 'id'> },
  operation: AuditRecord['operation'],
  rooms: readonly RoomId[],
  detail: AuditRecord['detail'],
): Promise<AuditRecord> {
  const { reason, owner } = said
  const touched = await roomsTouched(tx, rooms)
  return {
    category: 'Suppression',
    objectName: nameOf(reason),
    operation,
    detail: { ...detail, suppression: row.id, reason, owner, ...touched },
  }
}

const nameChars = 60
export const nameOf = (reason: string): string => (reason.length > nameChars ? `${reason.slice(0, nameChars - 1)}…` : reason)
