import { may } from '../../contract/access.ts'
import type { PersonRef, RoomSuppression } from '../../contract/entities.ts'
import { type Millis, NoticeId, type RoomId, type SuppressionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs } from '../../contract/retention.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { coverOf, groupsOf } from './cover.ts'
import type { SettleDeps } from './deps.ts'
import { type Suppression, suppressionOf } from './said.ts'
import { edgeOf, isRunning, type Span, spanAt } from './spans.ts'
import type { SuppressionRoomTable } from './tables.ts'

/**
 * Brings rooms in line with suppressions, by what is stored alone: which rooms each is over, in which of them it runs, and when it has to
 * be looked at next. Called by commands, when something is due, and when rooms or groups have changed; doing it again changes nothing.
 */

type Member = Omit<SuppressionRoomTable, 'tenant' | 'suppression'>

/** Rooms that something has happened to, with when that was due. */
class Touched {
  readonly rooms = new Map<RoomId, Millis>()

  add(room: RoomId, at: Millis): void {
    this.rooms.set(room, Math.max(at, this.rooms.get(room) ?? 0))
  }
}

/** `anew`: which rooms they are over is worked out again, too. */
export async function settle(deps: SettleDeps, tx: TenantTransaction, all: readonly Suppression[], anew: boolean): Promise<void> {
  const touched = new Touched()
  for (const one of all) {
    if (anew && !(await join(deps, tx, one, touched))) await finish(tx, one.row.id, tx.at, null, touched)
    else await run(tx, one, touched)
  }
  await bringRooms(deps, tx, touched)
}

/** Ends one, as of this moment. */
export async function endSuppression(deps: SettleDeps, tx: TenantTransaction, { row }: Suppression, by: PersonRef): Promise<void> {
  const touched = new Touched()
  await finish(tx, row.id, tx.at, by, touched)
  await bringRooms(deps, tx, touched)
}

/** Ends one in some of its rooms. */
export async function leaveRooms(deps: SettleDeps, tx: TenantTransaction, id: SuppressionId, rooms: readonly RoomId[]): Promise<void> {
  const touched = new Touched()
  for (const room of rooms) {
    await memberRow(tx, id, room).set({ left: 1, activeFrom: null, activeUntil: null }).execute()
    touched.add(room, tx.at)
  }
  await bringRooms(deps, tx, touched)
}

export async function membersOf({ tables }: Pick<TenantTransaction, 'tables'>, id: SuppressionId): Promise<Member[]> {
  return tables
    .suppressionRoom()
    .select(['room', 'through', 'left', 'activeFrom', 'activeUntil'])
    .where('suppression', '=', id)
    .orderBy('room')
    .execute()
}

const memberRow = (tx: TenantTransaction, id: SuppressionId, room: RoomId) =>
  tx.update.suppressionRoom().where('suppression', '=', id).where('room', '=', room)

/**
 * Rooms that come to it or leave it; false: none can come any more. One that joins later counts where whoever said what it is over may
 * suppress it then (decision 0064).
 */
async function join({ access }: SettleDeps, tx: TenantTransaction, { row, said }: Suppression, touched: Touched): Promise<boolean> {
  const cover = await coverOf(tx, said.what)
  const members = await membersOf(tx, row.id)
  const known = new Map(members.map((member) => [member.room, member]))
  const news = [...cover.keys()].filter((room) => !known.has(room))
  const author = news.length === 0 ? undefined : await access.within(tx, said.author.id, true)
  for (const room of news) {
    const through = cover.get(room)
    if (!through || !author || !may(author.access, 'rooms.modify', room)) continue
    await tx.insert.suppressionRoom({ suppression: row.id, room, through, left: 0, activeFrom: null, activeUntil: null }).execute()
  }
  for (const { room, through, activeFrom } of members) {
    const now = cover.get(room)
    if (now === undefined) {
      await tx.delete.suppressionRoom().where('suppression', '=', row.id).where('room', '=', room).execute()
      if (activeFrom !== null) touched.add(room, tx.at)
    } else if (now !== through) {
      await memberRow(tx, row.id, room).set({ through: now }).execute()
      if (activeFrom !== null) touched.add(room, tx.at)
    }
  }
  return cover.size > 0 || said.what.place !== null || (await groupsOf(tx, said.what.groups)).length > 0
}

/** Where it runs now, and when it is looked at next; one whose time is over ends. */
async function run(tx: TenantTransaction, { row, said }: Suppression, touched: Touched): Promise<void> {
  const { at } = tx
  const members = (await membersOf(tx, row.id)).filter(({ left }) => left === 0)
  const zones = said.recurrence === null ? new Map<RoomId, string>() : await zonesOf(tx, members)
  const spans = new Map<string, Span | null>()
  const spanIn = (zone: string): Span | null => {
    if (!spans.has(zone)) spans.set(zone, spanAt(said, zone, at))
    return spans.get(zone) ?? null
  }
  for (const { room, activeFrom, activeUntil } of members) {
    const span = spanIn(zones.get(room) ?? '')
    const [from, until] = isRunning(span, at) ? [span.from, span.until] : [null, null]
    if (from === activeFrom && until === activeUntil) continue
    await memberRow(tx, row.id, room).set({ activeFrom: from, activeUntil: until }).execute()
    // What was due while nobody was there counts from then.
    const edge = from ?? activeUntil ?? at
    touched.add(room, row.nextAt !== null && edge >= row.nextAt ? Math.min(edge, at) : at)
  }
  // Without a room it waits for one: as a room of no zone.
  if (spans.size === 0) spanIn('UTC')
  if (![...spans.values()].some((span) => span !== null)) {
    await finish(tx, row.id, Math.min(at, said.until ?? at), null, touched)
    return
  }
  remind(tx, row, said.owner, said.reason)
  const edges = [...[...spans.values()].map((span) => edgeOf(span, at)), nextReminder(row.confirmBy, at)]
  const nextAt = edges.reduce<Millis | null>((next, edge) => (edge === null ? next : Math.min(edge, next ?? edge)), null)
  if (nextAt === row.nextAt) return
  await tx.update.suppression().where('id', '=', row.id).set({ nextAt }).execute()
  tx.publish('suppressions', { nextAt: nextAt ?? at })
}

const askAgainMs = limits.suppressionConfirmDays * dayMs

/** When whoever answers for it is reminded next, after `at`: when it has to be confirmed, and each week from then on. */
function nextReminder(confirmBy: Millis | null, at: Millis): Millis | null {
  if (confirmBy === null) return null
  return confirmBy > at ? confirmBy : confirmBy + (Math.floor((at - confirmBy) / askAgainMs) + 1) * askAgainMs
}

/** A notice for whoever answers for it, once for each reminder that was due; of several that were missed, one. */
function remind(tx: TenantTransaction, { nextAt, confirmBy }: Suppression['row'], owner: PersonRef, reason: string): void {
  const due = nextAt === null ? null : nextReminder(confirmBy, nextAt - 1)
  if (due === null || due > tx.at) return
  const text = reason.slice(0, limits.deviceTextChars)
  tx.put('notice', { id: NoticeId.parse(tx.ids()), person: owner.id, at: tx.at, what: 'suppressionAsks', text, desktop: false })
}

async function zonesOf(tx: TenantTransaction, members: readonly Member[]): Promise<Map<RoomId, string>> {
  const rooms = await tx.getMany(
    'room',
    members.map(({ room }) => room),
  )
  return new Map([...rooms.values()].map(({ id, place }) => [id, place.timeZone]))
}

async function finish(tx: TenantTransaction, id: SuppressionId, at: Millis, by: PersonRef | null, touched: Touched): Promise<void> {
  for (const { room, activeFrom, activeUntil } of await membersOf(tx, id)) {
    if (activeFrom === null) continue
    touched.add(room, Math.min(activeUntil ?? at, at))
    await memberRow(tx, id, room).set({ activeFrom: null, activeUntil: null }).execute()
  }
  const ended = { nextAt: null, confirmBy: null, endedAt: at, endedBy: by && JSON.stringify(by) }
  await tx.update.suppression().where('id', '=', id).set(ended).execute()
}

/** The documents of rooms, and the engine's memory of them. */
async function bringRooms({ rooms }: SettleDeps, tx: TenantTransaction, { rooms: touched }: Touched): Promise<void> {
  if (touched.size === 0) return
  const ids = [...touched.keys()]
  const work = rooms.within(tx)
  await work.load(ids)
  const byRoom = await activeIn(tx, ids)
  for (const [id, at] of touched) if (work.has(id)) work.suppress(id, byRoom.get(id) ?? [], at)
  await work.flush()
}

const idsTogether = 2_000

/** What suppresses rooms now, as their documents say it: the oldest first. */
async function activeIn({ tables }: TenantTransaction, ids: readonly RoomId[]): Promise<Map<RoomId, RoomSuppression[]>> {
  const found = new Map<RoomId, RoomSuppression[]>()
  const known = new Map<SuppressionId, Suppression>()
  for (let i = 0; i < ids.length; i += idsTogether) {
    const active = tables
      .suppressionRoom()
      .selectAll()
      .where('room', 'in', ids.slice(i, i + idsTogether))
    const rows = await active.where('activeFrom', 'is not', null).orderBy('suppression').execute()
    const missing = [...new Set(rows.map(({ suppression }) => suppression))].filter((id) => !known.has(id))
    const some = missing.length === 0 ? [] : await tables.suppression().selectAll().where('id', 'in', missing).execute()
    for (const row of some) known.set(row.id, suppressionOf(row))
    for (const { room, suppression, through, activeFrom, activeUntil } of rows) {
      const one = known.get(suppression)
      if (!one || activeFrom === null) continue
      const { what, reason, owner } = one.said
      const list = found.get(room) ?? []
      list.push({
        id: suppression,
        ...(what.signals === null ? {} : { signals: what.signals }),
        ...(through === 'named' ? {} : { over: through }),
        reason,
        owner,
        from: activeFrom,
        ...(activeUntil === null ? {} : { until: activeUntil }),
      })
      found.set(room, list)
    }
  }
  return found
}

/** When one without an end is asked about; null: it has one. */
export const confirmAt = (until: Millis | null, recurs: boolean, now: Millis): Millis | null =>
  until === null ? now + (recurs ? limits.windowConfirmDays : limits.suppressionConfirmDays) * dayMs : null
