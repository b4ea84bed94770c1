import type { z } from 'zod'
import { may } from '../../contract/access.ts'
import { PersonRef } from '../../contract/entities.ts'
import type { GroupId, RoomId, SuppressionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { SuppressionList, SuppressionQuery, SuppressionView } from '../../contract/suppression.ts'
import { groupIsShown } from '../access/explain.ts'
import { resolvedOf } from '../access/resolved.ts'
import type { Caller } from '../ground/caller.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import { type Suppression, suppressionOf } from './said.ts'
import { isRunning, type Span, spanAt } from './spans.ts'

/** Rooms of one that are named in the list; the screen of rooms has all. */
const named = 20

type Query = z.infer<typeof SuppressionQuery>

/**
 * Those over some room that the caller sees, with these rooms and no others (PAR-4). Live ones by when they were made, ended ones the last
 * first; a page may have fewer than asked for and still be followed by another.
 */
export async function listSuppressions(
  whole: TenantReader,
  read: TenantReader,
  caller: Caller,
  query: Query,
  now: number,
): Promise<SuppressionList> {
  const rows = await page(whole, query)
  const found = rows.map(suppressionOf)
  const rooms = await roomsOf(whole, caller, found)
  const hid = await hidOf(whole, caller, found)
  const groups = found.some(({ said }) => said.what.groups.length > 0) ? await groupsShown(whole, caller) : new Map<GroupId, string>()
  const names = await read.getMany(
    'room',
    [...rooms.values()].flatMap(({ seen }) => seen.slice(0, named)),
  )
  const items = found.flatMap((one) => {
    const over = rooms.get(one.row.id)
    if (!over || (over.seen.length === 0 && (over.all > 0 || one.said.author.id !== caller.person))) return []
    const mayChange = one.row.endedAt === null && over.mine === over.all && one.said.what.groups.every((id) => groups.has(id))
    const view: SuppressionView = {
      ...viewOf(one, over.spans, now),
      rooms: over.seen.slice(0, limits.roomsPerCommand),
      roomNames: over.seen.slice(0, named).flatMap((id) => names.get(id)?.name ?? []),
      groups: one.said.what.groups.flatMap((id) => {
        const name = groups.get(id)
        return name === undefined ? [] : [{ id, name }]
      }),
      named: mayChange ? one.said.what.rooms : [],
      mayEnd: one.row.endedAt === null && over.mine > 0,
      mayChange,
      hid: hid.get(one.row.id) ?? { faults: 0, stillBad: 0 },
    }
    return [view]
  })
  const last = rows.at(-1)
  return { items, ...(last && rows.length === query.limit ? { next: last.id } : {}) }
}

async function page({ tables }: TenantReader, { state, after, limit }: Query) {
  const all = tables.suppression().selectAll().limit(limit)
  if (state === 'live') {
    const live = all.where('endedAt', 'is', null).orderBy('id')
    return (after === undefined ? live : live.where('id', '>', after)).execute()
  }
  const ended = all.where('endedAt', 'is not', null).orderBy('endedAt', 'desc').orderBy('id', 'desc')
  const place = after === undefined ? undefined : await tables.suppression().select('endedAt').where('id', '=', after).executeTakeFirst()
  if (after === undefined || place === undefined || place.endedAt === null) return ended.execute()
  const { endedAt } = place
  return ended
    .where(({ eb, and, or }) => or([eb('endedAt', '<', endedAt), and([eb('endedAt', '=', endedAt), eb('id', '<', after)])]))
    .execute()
}

interface Over {
  readonly seen: RoomId[]
  mine: number
  all: number
  readonly spans: Span[]
}

async function roomsOf(whole: TenantReader, { access }: Caller, found: readonly Suppression[]): Promise<Map<SuppressionId, Over>> {
  const over = new Map<SuppressionId, Over>()
  for (const { row, said } of found) {
    const members = await whole.tables
      .suppressionRoom()
      .selectAll()
      .where('suppression', '=', row.id)
      .where('left', '=', 0)
      .orderBy('room')
      .execute()
    const seen = members.filter(({ room }) => may(access, 'rooms.view', room))
    const mine = members.filter(({ room }) => may(access, 'rooms.modify', room)).length
    const spans = seen.flatMap(({ activeFrom, activeUntil }) => (activeFrom === null ? [] : [{ from: activeFrom, until: activeUntil }]))
    if (spans.length === 0 && said.recurrence !== null && seen.length > 0)
      spans.push(
        ...(await nextSpans(
          whole,
          said,
          seen.map(({ room }) => room),
          row.nextAt,
        )),
      )
    over.set(row.id, { seen: seen.map(({ room }) => room), mine, all: members.length, spans })
  }
  return over
}

/** Of a window that comes again and does not run: when it comes next, in the zones of these rooms. */
async function nextSpans(whole: TenantReader, said: Suppression['said'], rooms: readonly RoomId[], now: number | null): Promise<Span[]> {
  if (now === null) return []
  const docs = await whole.getMany('room', rooms)
  const zones = new Set([...docs.values()].map(({ place }) => place.timeZone))
  return [...zones].flatMap((zone) => spanAt(said, zone, now) ?? [])
}

async function hidOf(whole: TenantReader, { access }: Caller, found: readonly Suppression[]) {
  const hid = new Map<SuppressionId, SuppressionView['hid']>()
  for (const { row } of found) {
    const rows = await whole.tables.hiddenFault().select(['room', 'until']).where('suppression', '=', row.id).execute()
    const seen = rows.filter(({ room }) => may(access, 'rooms.view', room))
    hid.set(row.id, { faults: seen.length, stillBad: seen.filter(({ until }) => until === null).length })
  }
  return hid
}

async function groupsShown(whole: TenantReader, { access }: Caller): Promise<Map<GroupId, string>> {
  const { policy, groups } = await resolvedOf(whole)
  return new Map(policy.groups.filter(({ id }) => groupIsShown(access, groups.get(id) ?? [])).map(({ id, name }) => [id, name]))
}

function viewOf(
  { row, said }: Suppression,
  spans: readonly Span[],
  now: number,
): Omit<SuppressionView, 'rooms' | 'named' | 'roomNames' | 'groups' | 'mayEnd' | 'mayChange' | 'hid'> {
  const { what, reason, owner, createdBy, createdAt, from, until, recurrence } = said
  const own = recurrence === null && row.endedAt === null ? [{ from, until }] : spans
  const span =
    own.length === 0
      ? null
      : {
          from: Math.min(...own.map((one) => one.from)),
          until: own.some((one) => one.until === null) ? null : Math.max(...own.map((one) => one.until ?? 0)),
        }
  const ends = until ?? null
  return {
    id: row.id,
    state: row.endedAt !== null ? 'ended' : isRunning(span, now) ? 'running' : 'upcoming',
    place: what.place,
    signals: what.signals,
    reason,
    owner,
    createdBy,
    createdAt,
    from,
    until,
    recurrence,
    span,
    endedAt: row.endedAt,
    endedBy: row.endedBy === null ? null : PersonRef.parse(JSON.parse(row.endedBy)),
    confirmBy: row.confirmBy,
    soon: row.endedAt === null && ends !== null && ends - now <= limits.suppressionSoonMs,
    toConfirm: row.endedAt === null && row.confirmBy !== null && row.confirmBy <= now,
  }
}
