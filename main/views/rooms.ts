import type { CallParsed, CallOutput } from '../../contract/bridge.ts'
import { type RoomFilter, type RoomRow, type RoomSort, RoomState, type RoomView } from '../../contract/views.ts'
import { sortKey } from '../cache/derive.ts'
import type { CacheReader } from '../cache/reader.ts'
import { fieldEnd } from '../cache/tokens.ts'
import { compareLines, type LineSource, type ListLine } from './line.ts'
import { roomMatch } from './matches.ts'
import { pick } from './pick.ts'
import type { Picture, Run } from './picture.ts'
import { roomCounts, roomPages, sortColumn } from './roomPages.ts'
import { isEmptySearch, phraseOf, searchWords, tierIn } from './search.ts'
import type { Shown } from './shown.ts'

type Value = string | number

interface Condition {
  sql: string
  values: Value[]
}

function conditionOf(filter: RoomFilter): Condition {
  const parts: string[] = []
  const values: Value[] = []
  const search = filter.search ?? ''
  if (isEmptySearch(search)) parts.push('0')
  for (const word of searchWords(search)) {
    parts.push('docid in (select rowid from room_words where room_words match ?)')
    values.push(phraseOf(word))
  }
  if (filter.states !== undefined && filter.states.length > 0) {
    parts.push('state in (select value from json_each(?))')
    values.push(JSON.stringify(filter.states))
  }
  if (filter.buildings !== undefined && filter.buildings.length > 0) {
    parts.push('building in (select value from json_each(?))')
    values.push(JSON.stringify(filter.buildings))
  }
  return { sql: parts.length === 0 ? '1' : parts.join(' and '), values }
}

/** Rooms by filter and order, a slice of them (ROM-2). */
export function listRooms(picture: Picture, input: CallParsed<'rooms.list'>): CallOutput<'rooms.list'> {
  const { filter, offset, limit } = input
  const run = runOf(picture, input)
  return {
    total: run.total,
    rows: picture.slice(run, offset, limit).flatMap(({ id, shown }) => foundRoom(picture, shown, id, filter.search) ?? []),
  }
}

/** Rooms of such a list to be marked. */
export function pickRooms(picture: Picture, input: CallParsed<'rooms.pick'>): CallOutput<'rooms.pick'> {
  const { total, picked } = pick(picture, 'room', () => runOf(picture, input), input.part)
  return {
    total,
    rows: picked.flatMap(({ id, shown }) => {
      const row = rowOf(picture, shown, id)
      return row === undefined
        ? []
        : [{ id: row.id, name: row.name, lifecycle: row.lifecycle, ...(row.tenant === undefined ? {} : { tenant: row.tenant }) }]
    }),
  }
}

/** A list of rooms, of which pages are read. */
export function runOf(
  picture: Picture,
  { filter, sort, descending }: Pick<CallParsed<'rooms.list'>, 'filter' | 'sort' | 'descending'>,
): Run {
  const { search, ...others } = filter
  return picture.run(
    JSON.stringify(['rooms', filter, sort, descending]),
    {
      lines: (shown) => source(shown, filter, sort, descending),
      ...((search ?? '').trim() === '' && { keyed: ({ reader }: Shown) => roomPages(reader, others, sort, descending) }),
    },
    descending,
  )
}

/** One room as lists show it. */
export function rowOf(picture: Picture, shown: Shown, id: string): RoomRow | undefined {
  const row = shown.roomRow(id)
  return row === undefined ? undefined : picture.tagged(shown, row)
}

/** One room as a search lists it: with why, where the row does not show it. */
export function foundRoom(picture: Picture, shown: Shown, id: string, search = ''): RoomRow | undefined {
  const row = rowOf(picture, shown, id)
  const room = search === '' ? undefined : shown.reader.room(id)
  const match = room === undefined ? undefined : roomMatch(room, search)
  return row === undefined || match === undefined ? row : { ...row, match }
}

/** One room as its page shows it. */
export function roomView(picture: Picture, id: string): RoomView | undefined {
  const shown = picture.holder('room', id)
  const room = shown?.room(id)
  return shown === undefined || room === undefined ? undefined : picture.tagged(shown, room)
}

/** What is here of a room's history, newest first. */
export function roomHistory(
  picture: Picture,
  { room, offset, limit }: CallParsed<'rooms.history'>,
): Omit<CallOutput<'rooms.history'>, 'away'> {
  return picture.holder('room', room)?.reader.transitions(room, offset, limit) ?? { total: 0, rows: [] }
}

/** By name, what was searched for comes first: the best name, then the others by theirs. */
function source(shown: Shown, filter: RoomFilter, sort: RoomSort, descending: boolean): LineSource {
  const { sql, values } = conditionOf(filter)
  const words = searchWords(filter.search ?? '')
  const tiers = words.length > 0 && sort === 'name' && !descending
  // Most of what is found among many is not found by its name, and its words need not be read.
  const names = `case when docid in (select rowid from room_names where room_names match ?)
    then substr(words, 1, instr(words || ' ${fieldEnd}', '${fieldEnd}')) else '' end`
  const first = tiers ? names : sortColumn[sort]
  return (only) => {
    const some =
      only === undefined ? '' : "and docid in (select docid from document where kind = 'room' and id in (select value from json_each(?)))"
    return shown.reader
      .all<{ id: string; docid: number; first: Value; name: string }>(
        `select id, docid, ${first} as first, name from ${shown.reader.rooms} where ${sql} ${some}`,
        ...(tiers ? [words.map(phraseOf).join(' OR ')] : []),
        ...values,
        ...(only === undefined ? [] : [JSON.stringify(only)]),
      )
      .map(({ id, docid, first: key, name }): ListLine => {
        if (tiers) return { id, keys: [tierIn(String(key), words), name, docid] }
        return { id, keys: sort === 'name' ? [key, docid] : [key, name, docid] }
      })
  }
}

/** How many rooms are in each state, whatever states are filtered for. */
export function roomTotals({ parts }: Picture, filter: Omit<RoomFilter, 'states'>): CallOutput<'rooms.totals'> {
  const totals: Record<RoomState, number> = {
    healthy: 0,
    unhealthy: 0,
    disconnected: 0,
    unknown: 0,
    suppressed: 0,
    onboarding: 0,
    unenrolled: 0,
  }
  for (const { reader } of parts) {
    const counts = (filter.search ?? '').trim() === '' ? roomCounts(reader, filter) : foundCounts(reader, filter)
    for (const state of RoomState.options) totals[state] += counts[state]
  }
  return totals
}

/** Of what is searched for, they are counted. */
function foundCounts(reader: CacheReader, filter: Omit<RoomFilter, 'states'>): CallOutput<'rooms.totals'> {
  const { sql, values } = conditionOf(filter)
  const counts: Record<RoomState, number> = {
    healthy: 0,
    unhealthy: 0,
    disconnected: 0,
    unknown: 0,
    suppressed: 0,
    onboarding: 0,
    unenrolled: 0,
  }
  for (const { state, n } of reader.all<{ state: RoomState; n: number }>(
    `select state, count(*) as n from ${reader.rooms} where ${sql} group by state`,
    ...values,
  ))
    counts[state] += n
  return counts
}

/** All buildings with their rooms, for filters. Buildings of one name are one, as the filter takes them. */
export function roomBuildings({ parts }: Picture): CallOutput<'rooms.buildings'> {
  const found = new Map<string, { building: string; city: string; rooms: number }>()
  for (const { reader } of parts) {
    for (const row of reader.all<{ building: string; city: string; rooms: number }>(
      'select building, min(city) as city, sum(n) as rooms from room_total where n > 0 group by building',
    )) {
      const known = found.get(row.building)
      if (known === undefined) found.set(row.building, row)
      else known.rooms += row.rooms
    }
  }
  const ordered = [...found.values()].map((row): ListLine & { row: typeof row } => ({
    id: row.building,
    keys: [sortKey(row.building)],
    row,
  }))
  return { rows: ordered.sort(compareLines(false)).map(({ row }) => row) }
}
