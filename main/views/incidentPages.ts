import { SignalId } from '../../contract/signals.ts'
import type { IncidentChip, IncidentGroup } from '../../contract/views.ts'
import { sortKey } from '../cache/derive.ts'
import { type KeyedSource, type OrderColumn, OrderedPages } from './keyed.ts'
import type { Key } from './line.ts'
import type { Shown } from './shown.ts'

/** Lists of incidents without a search: pages by key from the index of their order, totals as the cache keeps them. */

/** So many incidents are alike in all of this. */
export interface IncidentTotal {
  status: string
  signalOrder: number
  /** '' for nobody. */
  owner: string
  acknowledged: number
  /** Another one of its storm stands for it: 1 or 0. */
  folded: number
  n: number
}

export const keptTotals = ({ reader }: Shown): IncidentTotal[] =>
  reader.all<IncidentTotal>(
    `select status, signalOrder, owner, acknowledged, folded, sum(n) as n from ${reader.incidentTotals}
     group by 1, 2, 3, 4, 5 having sum(n) > 0`,
  )

/** Of one room, which has few. */
export const totalsOf = ({ reader }: Shown, room: string): IncidentTotal[] =>
  reader.all<IncidentTotal>(
    `select status, signalOrder, ifnull(owner, '') as owner, acknowledged, 0 as folded, 1 as n from ${reader.incidents} where room = ?`,
    room,
  )

export const signalAt = (order: number): string => SignalId.options[order] ?? ''

/** What a list by customer begins with: whose it is. */
export const customerKeys = ({ tenant }: Shown): Key[] => [sortKey(tenant?.name ?? ''), tenant?.id ?? '']

type Chip = Exclude<IncidentChip, 'mine'>
type Group = Exclude<IncidentGroup, 'building'>

const conditions: Readonly<Record<Chip, string>> = {
  needAction: `status = 'needAction' and folded = 0`,
  investigating: `status = 'investigating' and folded = 0`,
  unassigned: `status = 'needAction' and folded = 0 and +owner is null`,
  resolved: `status = 'resolved' and folded = 0`,
}

const isUnder = (chip: Chip, { status, owner }: IncidentTotal): boolean =>
  chip === 'unassigned' ? status === 'needAction' && owner === '' : status === chip

/** Incidents under a chip, by signal or not; \`groups\`: how many of each group there are. */
export function incidentPages(shown: Shown, chip: Chip, group: Group): KeyedSource {
  const { reader } = shown
  const open: OrderColumn[] = chip === 'resolved' ? [] : [{ sql: 'taken' }, { sql: 'severityOrder' }]
  const own = [...open, { sql: 'at', descending: true }, { sql: 'number' }, { sql: 'docid' }]
  const [first, ...others] = group === 'customer' ? customerKeys(shown) : []
  const before = group === 'none' ? 0 : 2
  const totals = (): IncidentTotal[] => keptTotals(shown).filter((total) => total.folded === 0 && isUnder(chip, total))
  const pages = new OrderedPages(reader, {
    from: reader.incidents,
    columns: group === 'signal' ? [{ sql: 'signalOrder' }, ...own] : own,
    where: conditions[chip],
    values: [],
    total: () => totals().reduce((sum, { n }) => sum + n, 0),
    keysOf: (columns) => {
      const [signal, ...rest] = group === 'signal' ? columns : ['', ...columns]
      const keys = rest.map((value, n) => (n === open.length ? -Number(value) : value))
      if (group === 'signal') return [signal ?? '', signalAt(Number(signal)), ...keys]
      return first === undefined ? keys : [first, ...others, ...keys]
    },
    columnsOf: (keys) => {
      const values = keys.slice(before).map((value, n) => (n === open.length ? -Number(value) : value))
      return group === 'signal' ? [keys[0] ?? '', ...values] : values
    },
  })
  return {
    total: () => pages.total(),
    after: (line, skip, limit) => pages.after(line, skip, limit),
    groups: () => {
      const counts = new Map<string, number>()
      for (const { signalOrder, n } of totals()) {
        const value = group === 'signal' ? signalAt(signalOrder) : String(others[0] ?? '')
        counts.set(value, (counts.get(value) ?? 0) + n)
      }
      return counts
    },
  }
}
