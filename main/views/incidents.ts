import type { CallOutput, CallParsed } from '../../contract/bridge.ts'
import type { TenantId } from '../../contract/ids.ts'
import type { EntryView, IncidentChip, IncidentFilter, IncidentGroup, IncidentView } from '../../contract/views.ts'
import { pendingEntries } from '../outbox/overlay.ts'
import { customerKeys, incidentPages, keptTotals, signalAt, totalsOf } from './incidentPages.ts'
import type { Key, LineSource, ListLine } from './line.ts'
import { incidentMatch } from './matches.ts'
import { pick } from './pick.ts'
import { Picture, type Run } from './picture.ts'
import { incidentNumber, isEmptySearch, phraseOf, searchWords } from './search.ts'
import type { Shown } from './shown.ts'

/** What belongs under each chip; `@me` is the person signed in. */
const chips: Readonly<Record<IncidentChip, string>> = {
  needAction: `i.status = 'needAction'`,
  investigating: `i.status = 'investigating'`,
  unassigned: `i.status = 'needAction' and i.owner is null`,
  mine: `i.owner = ? and i.status in ('needAction', 'investigating')`,
  resolved: `i.status = 'resolved'`,
}

interface Condition {
  sql: string
  values: (string | number)[]
}

const myId = (shown: Shown): string => shown.me?.id ?? ''

function conditionOf(shown: Shown, filter: IncidentFilter): Condition {
  const parts = [chips[filter.chip]]
  const values: (string | number)[] = filter.chip === 'mine' ? [myId(shown)] : []
  if (filter.room !== undefined) {
    parts.push('i.room = ?')
    values.push(filter.room)
  }
  const search = filter.search ?? ''
  if (filter.storm !== undefined) {
    parts.push('i.storm = ?')
    values.push(filter.storm)
    // What is looked for is found wherever it is, and what is one's own is one's own.
  } else if (filter.room === undefined && search.trim() === '' && filter.chip !== 'mine') parts.push('i.folded = 0')
  const number = incidentNumber(search)
  if (isEmptySearch(search)) parts.push('0')
  for (const prefix of searchWords(search).map(phraseOf)) {
    parts.push(`(i.docid in (select rowid from incident_words where incident_words match ?)
      or i.room in (select id from room_list where docid in (select rowid from room_words where room_words match ?))
      ${number === undefined ? '' : 'or i.number = ?'})`)
    values.push(prefix, prefix, ...(number === undefined ? [] : [number]))
  }
  return { sql: parts.join(' and '), values }
}

/**
 * What nobody is on first, then the gravest, then the newest; resolved ones by when they were. Groups come before all that: their
 * order, then their value.
 */
function keysOf(group: IncidentGroup, chip: IncidentChip, line: RawLine, customer: readonly Key[]): Key[] {
  const back = chip === 'mine' ? line.acknowledged : line.taken
  const own: Key[] = chip === 'resolved' ? [-line.at, line.number] : [back, line.severityOrder, -line.at, line.number]
  switch (group) {
    case 'none':
      return own
    case 'customer':
      return [...customer, ...own]
    case 'building':
      return [line.buildingKey ?? '', line.building ?? '', ...own]
    case 'signal':
      return [line.signalOrder, signalAt(line.signalOrder), ...own]
  }
}

interface RawLine {
  id: string
  number: number
  severityOrder: number
  signalOrder: number
  at: number
  acknowledged: number
  taken: number
  buildingKey: string | null
  building: string | null
}

function source(shown: Shown, filter: IncidentFilter, group: IncidentGroup): LineSource {
  const { sql, values } = conditionOf(shown, filter)
  const building = group === 'building' ? 'r.buildingKey, r.building' : 'null as buildingKey, null as building'
  const join =
    group === 'building' ? "left join document d on d.kind = 'room' and d.id = i.room left join room_list r on r.docid = d.docid" : ''
  const customer = customerKeys(shown)
  return (only) => {
    const some =
      only === undefined
        ? ''
        : `and (i.docid in (select docid from document where kind = 'incident' and id in (select value from json_each(?)))
             or (i.docid < 0 and i.id in (select value from json_each(?))))`
    return shown.reader
      .all<RawLine>(
        `select i.id, i.number, i.severityOrder, i.signalOrder, i.at, i.acknowledged, i.taken, ${building}
         from ${shown.reader.incidents} i ${join} where ${sql} ${some}`,
        ...values,
        ...(only === undefined ? [] : [JSON.stringify(only), JSON.stringify(only)]),
      )
      .map((line): ListLine => ({ id: line.id, keys: keysOf(group, filter.chip, line, customer) }))
  }
}

/** Incidents under a chip (INC-1), a slice of them, and how many are in the groups of that slice. */
export function listIncidents(picture: Picture, input: CallParsed<'incidents.list'>): CallOutput<'incidents.list'> {
  const { filter, group, offset, limit } = input
  const run = runOf(picture, input)
  const page = picture.page(run, offset, limit)
  const rows = picture.placedAll(run, page, offset).flatMap(({ id, shown }) => foundIncident(picture, shown, id, filter.search) ?? [])
  if (group === 'none') return { total: run.total, rows, groups: [] }
  const counts = run.groups?.() ?? countsOf(run.lines)
  const values = [...new Set(page.map(groupOf))]
  return { total: run.total, rows, groups: values.map((value) => ({ value, incidents: counts.get(value) ?? 0 })) }
}

/** Incidents of such a list to be marked. */
export function pickIncidents(picture: Picture, input: CallParsed<'incidents.pick'>): CallOutput<'incidents.pick'> {
  const { within } = input
  const { total, picked } = pick(
    picture,
    'incident',
    () => runOf(picture, input),
    input.part,
    within === undefined ? undefined : (line) => groupOf(line) === within,
  )
  return {
    total,
    rows: picked.flatMap(({ id, shown }) => {
      const view = viewOf(picture, shown, id)
      if (view === undefined) return []
      const { number, room, place, signal, status, acknowledged, owner, tenant } = view
      return [
        {
          id: view.id,
          number,
          room,
          place,
          signal,
          status,
          ...(acknowledged && { acknowledged }),
          ...(owner && { owner }),
          ...(tenant && { tenant }),
        },
      ]
    }),
  }
}

function runOf(picture: Picture, { filter, group }: Pick<CallParsed<'incidents.list'>, 'filter' | 'group'>): Run {
  const { chip } = filter
  const plain = filter.room === undefined && filter.storm === undefined && (filter.search ?? '').trim() === ''
  const keyed = plain && chip !== 'mine' && group !== 'building'
  return picture.run(
    JSON.stringify(['incidents', filter, group]),
    { lines: (shown) => source(shown, filter, group), ...(keyed && { keyed: (shown: Shown) => incidentPages(shown, chip, group) }) },
    false,
  )
}

/** The value of a line's group: its second key, in a list that has groups. */
const groupOf = ({ keys }: ListLine): string => String(keys[1] ?? '')

/** Counted once for each state of a list. */
const counted = new WeakMap<readonly ListLine[], ReadonlyMap<string, number>>()

function countsOf(lines: readonly ListLine[]): ReadonlyMap<string, number> {
  const known = counted.get(lines)
  if (known !== undefined) return known
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(groupOf(line), (counts.get(groupOf(line)) ?? 0) + 1)
  counted.set(lines, counts)
  return counts
}

export function viewOf(picture: Picture, shown: Shown, id: string): IncidentView | undefined {
  const incident = shown.incident(id)
  return incident === undefined ? undefined : picture.tagged(shown, incident)
}

/** One incident as a search lists it: with why, where the row does not show it. */
export function foundIncident(picture: Picture, shown: Shown, id: string, search = ''): IncidentView | undefined {
  const view = viewOf(picture, shown, id)
  const match = view === undefined || search === '' ? undefined : incidentMatch(view, shown.reader.room(view.room), search)
  return view === undefined || match === undefined ? view : { ...view, match }
}

/** One incident, wherever it is. */
export function incidentView(picture: Picture, id: string): IncidentView | undefined {
  const shown = picture.holder('incident', id)
  return shown === undefined ? undefined : viewOf(picture, shown, id)
}

/** How many incidents are under each chip, and how many need action that nobody is on; of one room, where it is named. */
export function incidentCounts({ parts }: Picture, room: string | undefined): CallOutput<'incidents.counts'> {
  const counts: CallOutput<'incidents.counts'> = { needAction: 0, investigating: 0, unassigned: 0, mine: 0, resolved: 0, unclaimed: 0 }
  for (const shown of parts) {
    for (const { status, owner, acknowledged, folded, n } of room === undefined ? keptTotals(shown) : totalsOf(shown, room)) {
      if (status !== 'resolved' && owner !== '' && owner === myId(shown)) counts.mine += n
      // One stands for all of a storm.
      if (folded === 1) continue
      if (status === 'needAction' || status === 'investigating' || status === 'resolved') counts[status] += n
      if (status === 'needAction' && owner === '') counts.unassigned += n
      if (status === 'needAction' && owner === '' && acknowledged === 0) counts.unclaimed += n
    }
  }
  return counts
}

/** How many incidents need action in each organisation, and how many of them nobody is on. */
export function needAction({ parts }: Picture): { tenant: TenantId; count: number; unclaimed: number }[] {
  return parts.flatMap((shown) => {
    if (shown.tenant === null) return []
    const { needAction: count, unclaimed } = incidentCounts(new Picture([shown]), undefined)
    return [{ tenant: shown.tenant.id, count, unclaimed }]
  })
}

/** History of an incident, newest first; comments that were not sent yet are on top. */
export function incidentEntries(picture: Picture, input: CallParsed<'incidents.entries'>): CallOutput<'incidents.entries'> {
  const shown = picture.holder('incident', input.incident)
  const incident = shown?.incidentDoc(input.incident)
  if (shown === undefined || incident === undefined) return { total: 0, rows: [] }
  const unsent = pendingEntries(incident, shown.unsentAbout('incident', incident.id), shown.people)
  const waiting = unsent.slice(input.offset, input.offset + input.limit)
  const known = shown.reader.entries(incident.id, Math.max(0, input.offset - unsent.length), input.limit)
  const rows: EntryView[] = [
    ...waiting.map((entry) => ({ ...entry, pending: true })),
    ...known.rows.slice(0, input.limit - waiting.length).map((entry) => ({ ...entry, pending: false })),
  ]
  return { total: unsent.length + known.total, rows }
}
