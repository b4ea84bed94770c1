import type { CallOutput } from '../../contract/bridge.ts'
import { type RoomFilter, type RoomSort, RoomState } from '../../contract/views.ts'
import { sortKey, stateOrder } from '../cache/derive.ts'
import type { CacheReader } from '../cache/reader.ts'
import { type KeyedSource, OrderedPages } from './keyed.ts'

/** Lists of rooms without a search: pages by key from the index of their order, totals as the cache keeps them. */

type Column = 'name' | 'stateOrder' | 'buildingKey' | 'contact' | 'since'

/** What a list is sorted by. It turns round when descending; rooms that are alike in it stay by name. */
export const sortColumn: Readonly<Record<RoomSort, Column>> = {
  name: 'name',
  state: 'stateOrder',
  building: 'buildingKey',
  lastContact: 'contact',
  since: 'since',
}

/** A filter that leaves so few rooms is read by the index of what is filtered, and sorted. */
const sortedAtMost = 2_000

type Total = Pick<RoomFilter, 'states' | 'buildings'>

interface Condition {
  readonly sql: string
  readonly values: readonly string[]
}

/** `indexed`: the rooms are found by this condition, by their buildings first; else it is looked at along the way. */
function conditionOf({ states, buildings }: Total, indexed: boolean): Condition {
  const parts: string[] = []
  const values: string[] = []
  const inBuildings = buildings !== undefined && buildings.length > 0
  if (states !== undefined && states.length > 0)
    parts.push(`${indexed && !inBuildings ? '' : '+'}stateOrder in (${states.map((state) => stateOrder[state]).join(', ')})`)
  if (inBuildings) {
    if (indexed) {
      parts.push('buildingKey in (select value from json_each(?))')
      values.push(JSON.stringify(buildings.map(sortKey)))
    }
    parts.push('+building in (select value from json_each(?))')
    values.push(JSON.stringify(buildings))
  }
  return { sql: parts.length === 0 ? '1' : parts.join(' and '), values }
}

/** One order of the rooms that pass a filter. */
export function roomPages(reader: CacheReader, filter: Total, sort: RoomSort, descending: boolean): KeyedSource {
  const total = (): number => Object.values(roomCounts(reader, filter)).reduce((sum, n) => sum + n, 0)
  const few = isFiltered(filter) && total() <= sortedAtMost
  const { sql, values } = conditionOf(filter, few)
  // Of few rooms, the index to be used is that of the filter.
  const first = `${few ? '+' : ''}${sortColumn[sort]}`
  return new OrderedPages(reader, {
    from: reader.rooms,
    columns: [{ sql: first, descending: few && descending }, ...(sort === 'name' ? [] : [{ sql: 'name' }]), { sql: 'docid' }],
    turned: descending && !few,
    where: sql,
    values,
    total,
    keysOf: (columns) => [...columns],
    columnsOf: (keys) => keys,
  })
}

const isFiltered = ({ states = [], buildings = [] }: Total): boolean => states.length + buildings.length > 0

const stateAt = new Map(RoomState.options.map((state) => [stateOrder[state], state]))

/** How many rooms of each state pass a filter, from the totals that are kept. */
export function roomCounts(reader: CacheReader, { states, buildings }: Total): CallOutput<'rooms.totals'> {
  const counts: CallOutput<'rooms.totals'> = {
    healthy: 0,
    unhealthy: 0,
    disconnected: 0,
    unknown: 0,
    suppressed: 0,
    onboarding: 0,
    unenrolled: 0,
  }
  const some = buildings !== undefined && buildings.length > 0
  const where = some ? 'where building in (select value from json_each(?))' : ''
  for (const { stateOrder: order, n } of reader.all<{ stateOrder: number; n: number }>(
    `select stateOrder, sum(n) as n from ${reader.roomTotals} ${where} group by stateOrder`,
    ...(some ? [JSON.stringify(buildings)] : []),
  )) {
    const state = stateAt.get(order)
    if (state !== undefined && (states === undefined || states.length === 0 || states.includes(state))) counts[state] += n
  }
  return counts
}
