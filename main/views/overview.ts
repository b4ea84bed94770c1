import { type BadPlace, hourMs, type Middle, type Overview, overviewHours, overviewRows } from '../../contract/pictures.ts'
import { Severity, severityOrder } from '../../contract/signals.ts'
import type { IncidentView } from '../../contract/views.ts'
import { stateOrder } from '../cache/derive.ts'
import { msOfStep } from '../cache/flow.ts'
import { incidentCounts, viewOf } from './incidents.ts'
import type { Picture } from './picture.ts'
import { roomTotals } from './rooms.ts'
import type { Shown } from './shown.ts'

/**
 * All at a glance (ROM-2), of totals that are kept: reading it costs what there are of hours, buildings and severities, and nothing that
 * grows with rooms or incidents. `until`: when the copy was current, UTC ms.
 */
export function readOverview(picture: Picture, until: number): Overview {
  const hour = Math.floor(until / hourMs)
  const flow = picture.parts.flatMap((shown) => flowOf(shown, hour))
  const hours = Array.from({ length: overviewHours }, (_, n) => ({
    from: (hour - overviewHours + 1 + n) * hourMs,
    opened: 0,
    resolved: 0,
  }))
  for (const line of flow) {
    const at = hours[line.hour - hour + overviewHours - 1]
    if (at !== undefined && (line.kind === 'opened' || line.kind === 'resolved')) at[line.kind] += line.n
  }
  const middles = (kind: string): Overview['resolved'] => {
    const timed = flow.filter((line) => line.kind === kind && line.took >= 0)
    return { day: middleOf(timed.filter((line) => line.hour > hour - 24)), week: middleOf(timed) }
  }
  return {
    until,
    rooms: roomTotals(picture, {}),
    incidents: incidentCounts(picture, undefined),
    hours,
    acknowledged: middles('acknowledged'),
    resolved: middles('resolved'),
    places: badPlaces(picture),
    unattended: unattended(picture),
  }
}

interface FlowLine {
  kind: string
  hour: number
  took: number
  n: number
}

const flowOf = ({ reader }: Shown, hour: number): FlowLine[] =>
  reader.all<FlowLine>(
    `select kind, hour, took, n from flow_total
     where kind in ('opened', 'resolved', 'acknowledged') and hour > ? and hour <= ? and n > 0`,
    hour - overviewHours,
    hour,
  )

/** The middle of what was counted by its step. */
function middleOf(lines: readonly Pick<FlowLine, 'took' | 'n'>[]): Middle {
  const of = lines.reduce((sum, { n }) => sum + n, 0)
  let left = Math.ceil(of / 2)
  for (const { took, n } of lines.toSorted((a, b) => a.took - b.took)) {
    left -= n
    if (left <= 0) return { ms: msOfStep(took), of }
  }
  return { ms: null, of }
}

/** Buildings of one name are one, as the list of rooms filters them. */
function badPlaces({ parts }: Picture): BadPlace[] {
  const found = new Map<string, BadPlace>()
  for (const { reader } of parts) {
    for (const row of reader.all<BadPlace>(
      `select building, min(city) as city, sum(n) as rooms, sum(iif(stateOrder in (?, ?), n, 0)) as bad
       from ${reader.roomTotals} where stateOrder not in (?, ?) group by building having bad > 0`,
      stateOrder.unhealthy,
      stateOrder.disconnected,
      stateOrder.onboarding,
      stateOrder.unenrolled,
    )) {
      const known = found.get(row.building)
      if (known === undefined) found.set(row.building, row)
      else {
        known.rooms += row.rooms
        known.bad += row.bad
      }
    }
  }
  return [...found.values()]
    .sort((a, b) => b.bad / b.rooms - a.bad / a.rooms || b.bad - a.bad || (a.building < b.building ? -1 : 1))
    .slice(0, overviewRows)
}

/** Of each severity the index of the list has the oldest ones at its end. */
function unattended(picture: Picture): IncidentView[] {
  const lines = picture.parts.flatMap((shown) =>
    Severity.options.flatMap((severity) =>
      shown.reader
        .all<{ id: string; at: number }>(
          `select id, at from ${shown.reader.incidents} where status = 'needAction' and folded = 0 and taken = 0 and severityOrder = ?
           order by at limit ?`,
          severityOrder(severity),
          overviewRows,
        )
        .map((line) => ({ ...line, shown })),
    ),
  )
  return lines
    .sort((a, b) => a.at - b.at)
    .slice(0, overviewRows)
    .flatMap(({ id, shown }) => viewOf(picture, shown, id) ?? [])
}
