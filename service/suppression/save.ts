import { may } from '../../contract/access.ts'
import type { PersonRef } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { type PersonId, type RoomId, SuppressionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { SuppressionWhat } from '../../contract/suppression.ts'
import { ownerTest, personIsShown } from '../access/explain.ts'
import { type CommandContext, type CommandHandler, type CommandOf, checkPermitted, personRefOf } from '../ground/commands/handler.ts'
import { reached } from '../ground/reach.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { coverOf } from './cover.ts'
import type { SettleDeps } from './deps.ts'
import { wrongWith } from './occurrences.ts'
import { auditOf, checkWhat, checkWhole, isReached, lookUp, type Reached } from './reach.ts'
import { findSuppression, type Said, suppressionOf } from './said.ts'
import { confirmAt, membersOf, settle } from './settle.ts'
import { spanAt } from './spans.ts'

type Save = CommandOf<'suppression.save'>

const whatOf = ({ rooms, groups, place, signals }: Save): SuppressionWhat => ({
  rooms: [...new Set(rooms)],
  groups: [...new Set(groups)],
  place: place && Object.fromEntries(Object.entries(place).filter(([, part]) => part !== undefined && part !== '')),
  signals: signals && [...new Set(signals)],
})

/** Makes a suppression, or says anew what one is (ROM-3). It needs its permission on all that it was and will be over. */
export const save = (deps: SettleDeps): CommandHandler<'suppression.save'> => ({
  async check(command, context) {
    checkPermitted(command.type, context)
    await checkWhat(command.type, whatOf(command), context)
    const before = await knownOf(command, context)
    if (before) checkWhole(before)
  },
  async apply(command, context) {
    const { tx, caller } = context
    const what = whatOf(command)
    const before = await knownOf(command, context)
    // Of what is hidden nothing is told, not even that its id is taken.
    const isTaken = !before && (await findSuppression(tx.tables, command.suppression)) !== undefined
    const id = isTaken ? SuppressionId.parse(tx.ids()) : command.suppression
    const cover = new Map([...(await coverOf(tx, what))].filter(([room]) => may(caller.access, 'rooms.modify', room)))
    if (cover.size === 0) throw new RoomkeeperError('suppression.noRooms', { field: 'rooms' })
    if (!before) await checkCounts(tx, [...cover.keys()])
    const me = personRefOf(caller)
    const owner = command.owner === null ? (before?.said.owner ?? me) : await ownerOf(command.owner, [...cover.keys()], context)
    const { recurrence, until, reason } = command
    const from = Math.max(command.from ?? before?.said.from ?? tx.at, before?.said.from ?? tx.at)
    checkTimes({ from, until, recurrence }, tx.at)
    const isSame = before !== undefined && JSON.stringify(before.said.what) === JSON.stringify(what)
    const said: Said = {
      what,
      reason,
      owner,
      createdBy: before?.said.createdBy ?? me,
      createdAt: before?.said.createdAt ?? tx.at,
      author: isSame ? before.said.author : me,
      link: before ? before.said.link : (caller.link ?? null),
      from,
      until,
      recurrence,
    }
    if (before && JSON.stringify(before.said) === JSON.stringify(said)) return null
    const columns = { body: JSON.stringify(said), confirmBy: confirmAt(until, recurrence !== null, tx.at), nextAt: null }
    if (before) await tx.update.suppression().where('id', '=', id).set(columns).execute()
    else await tx.insert.suppression({ id, ...columns, endedAt: null, endedBy: null }).execute()
    const row = { tenant: tx.tenant, id, ...columns, endedAt: null, endedBy: null }
    await settle(deps, tx, [suppressionOf(row)], true)
    const rooms = (await membersOf(tx, row.id)).map(({ room }) => room)
    const { groups, place, signals } = what
    return auditOf(tx, { row, said }, before ? 'Update' : 'Create', rooms, {
      action: command.type,
      ...(groups.length === 0 ? {} : { groups }),
      ...(place === null ? {} : { place }),
      ...(signals === null ? {} : { signals }),
      from,
      until,
      ...(recurrence === null ? {} : { recurrence }),
    })
  },
})

/** The one that is to be changed, as far as the caller may know of it. */
async function knownOf({ suppression }: Save, context: CommandContext): Promise<Reached | undefined> {
  const found = await lookUp(context, suppression)
  return found && isReached(found, context) ? found : undefined
}

/** @throws RoomkeeperError suppression.noLength, suppression.past, suppression.neverComes, and what is wrong with a rule */
function checkTimes({ from, until, recurrence }: Pick<Said, 'from' | 'until' | 'recurrence'>, now: number): void {
  if (until !== null && until <= now) throw new RoomkeeperError('suppression.past', { field: 'until' })
  if (until !== null && until <= from) throw new RoomkeeperError('suppression.noLength', { field: 'until' })
  if (recurrence === null) return
  const wrong = wrongWith(recurrence)
  if (wrong !== null) throw new RoomkeeperError(`suppression.${wrong}`, { field: 'recurrence' })
  if (spanAt({ from, until, recurrence }, 'UTC', now) === null) throw new RoomkeeperError('suppression.neverComes', { field: 'recurrence' })
}

/** @throws RoomkeeperError suppression.tooMany */
async function checkCounts({ tables }: TenantTransaction, rooms: readonly RoomId[]): Promise<void> {
  const { live } = await tables
    .suppression()
    .select((eb) => eb.fn.countAll<number>().as('live'))
    .where('endedAt', 'is', null)
    .executeTakeFirstOrThrow()
  if (Number(live) >= limits.suppressionsLive) throw new RoomkeeperError('suppression.tooMany')
  for (let i = 0; i < rooms.length; i += idsTogether) {
    const full = await tables
      .suppressionRoom()
      .select('room')
      .where('room', 'in', rooms.slice(i, i + idsTogether))
      .where('suppression', 'in', tables.suppression().select('id').where('endedAt', 'is', null))
      .groupBy('room')
      .having((eb) => eb.fn.countAll(), '>=', limits.suppressionsPerRoom)
      .limit(1)
      .execute()
    if (full.length > 0) throw new RoomkeeperError('suppression.tooMany')
  }
}

const idsTogether = 2_000

/**
 * Whoever answers for it sees its rooms, and is shown to who says so. @throws RoomkeeperError incident.ownerUnknown
 */
async function ownerOf(id: PersonId, rooms: readonly RoomId[], { tx, caller }: CommandContext): Promise<PersonRef> {
  if (id === caller.person) return personRefOf(caller)
  const me = await tx.get('me', id)
  const row = await tx.tables.person().select(['id', 'name', 'link']).where('id', '=', id).where('removedAt', 'is', null).executeTakeFirst()
  const isShown = me !== undefined && personIsShown(caller.access, me.access) && ownerTest(rooms)(me.access)
  const found = reached(row, isShown, 'incident.ownerUnknown', { field: 'owner' })
  const link =
    found.link === null ? undefined : await tx.tables.link().select('partnerName').where('id', '=', found.link).executeTakeFirst()
  return { id: found.id, name: found.name, ...(link ? { organisation: link.partnerName } : {}) }
}
