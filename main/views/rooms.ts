import type { CallParsed, CallOutput } from '../../contract/bridge.ts'
import type { RoomFilter, RoomSort, RoomState } from '../../contract/views.ts'
import { searchPrefixes } from './search.ts'
import type { LineSource, ListLine } from './lists.ts'
import type { Shown } from './shown.ts'

type Value = string | number

interface Condition {
  sql: string
  values: Value[]
}

/** The columns a list is sorted by. The first one turns round when descending; names stay in their order. */
const sortColumns: Readonly<Record<RoomSort, readonly [string, ...string[]]>> = {
  name: ['name'],
  state: ['stateOrder', 'name'],
  building: ['buildingKey', 'name'],
  lastContact: ['contact', 'name'],
  since: ['since', 'name'],
}

function conditionOf(filter: RoomFilter): Condition {
  const parts: string[] = []
  const values: Value[] = []
  for (const prefix of searchPrefixes(filter.search ?? '')) {
    parts.push('docid in (select rowid from room_words where room_words match ?)')
    values.push(prefix)
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
export function listRooms(shown: Shown, input: CallParsed<'rooms.list'>): CallOutput<'rooms.list'> {
  const { filter, sort, descending, offset, limit } = input
  const lines = shown.lists.lines(JSON.stringify(['rooms', filter, sort, descending]), source(shown, filter, sort), descending)
  const ids = lines.slice(offset, offset + limit)
  return { total: lines.length, rows: ids.flatMap(({ id }) => shown.roomRow(id) ?? []) }
}

function source(shown: Shown, filter: RoomFilter, sort: RoomSort): LineSource {
  const { sql, values } = conditionOf(filter)
  const [first, ...others] = sortColumns[sort]
  return (only) => {
    const some = only === undefined ? '' : "and docid in (select docid from document where kind = 'room' and id in (select value from json_each(?)))"
    return shown.reader
      .all<{ id: string; first: Value; second: Value | null }>(
        `select id, ${first} as first, ${others[0] ?? 'null'} as second from ${shown.reader.rooms} where ${sql} ${some}`,
        ...values,
        ...(only === undefined ? [] : [JSON.stringify(only)]),
      )
      .map(({ id, first: key, second }): ListLine => ({ id, keys: second === null ? [key] : [key, second] }))
  }
}

/** How many rooms are in each state, whatever states are filtered for. */
export function roomTotals(shown: Shown, filter: Omit<RoomFilter, 'states'>): CallOutput<'rooms.totals'> {
  const { sql, values } = conditionOf(filter)
  const rows = shown.reader.all<{ state: RoomState; n: number }>(
    `select state, count(*) as n from ${shown.reader.rooms} where ${sql} group by state`,
    ...values,
  )
  const totals: Record<RoomState, number> = { healthy: 0, unhealthy: 0, disconnected: 0, unknown: 0, onboarding: 0, unenrolled: 0 }
  for (const { state, n } of rows) totals[state] = n
  return totals
}

/** All buildings with their rooms, for filters. */
export function roomBuildings(shown: Shown): CallOutput<'rooms.buildings'> {
  return {
    rows: shown.reader.all(
      'select building, min(city) as city, count(*) as rooms from room_list group by building order by min(buildingKey)',
    ),
  }
}
