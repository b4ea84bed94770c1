import { type Handover, handoverRooms, handoverRows, hourMs } from '../../contract/pictures.ts'
import type { IncidentView } from '../../contract/views.ts'
import { incidentCounts, listIncidents, viewOf } from './incidents.ts'
import type { Picture } from './picture.ts'
import { listRooms, roomTotals } from './rooms.ts'
import type { Shown } from './shown.ts'

/** What is handed over at the end of a shift of so many hours (INC-5). `until`: when the copy was current, UTC ms. */
export function readHandover(picture: Picture, hours: number, until: number): Omit<Handover, 'pending'> {
  const from = until - hours * hourMs
  const { investigating } = incidentCounts(picture, undefined)
  const open = listIncidents(picture, { filter: { chip: 'needAction' }, group: 'none', offset: 0, limit: handoverRows })
  return {
    from,
    until,
    open: { total: open.total, rows: open.rows },
    investigating,
    flapping: flapping(picture),
    opened: happened(picture, 'opened', from, until),
    resolved: happened(picture, 'resolved', from, until),
    lost: {
      total: roomTotals(picture, {}).disconnected,
      rows: listRooms(picture, { filter: { states: ['disconnected'] }, sort: 'since', descending: false, offset: 0, limit: handoverRooms })
        .rows,
    },
  }
}

interface Line {
  id: string
  at: number
}

/** The newest lines of all parts, as they are now; one that is not here any more is counted and not shown. */
function shownOf(picture: Picture, linesOf: (shown: Shown) => Line[]): { total: number; rows: IncidentView[] } {
  const lines = picture.parts.flatMap((shown) => linesOf(shown).map((line) => ({ ...line, shown })))
  const newest = lines.sort((a, b) => b.at - a.at).slice(0, handoverRows)
  return { total: lines.length, rows: newest.flatMap(({ id, shown }) => viewOf(picture, shown, id) ?? []) }
}

const happened = (picture: Picture, kind: 'opened' | 'resolved', from: number, until: number): Handover['opened'] =>
  shownOf(picture, ({ reader }) =>
    reader.all<Line>(
      'select incident as id, max(at) as at from entry_list where kind = ? and at > ? and at <= ? group by incident',
      kind,
      from,
      until,
    ),
  )

const flapping = (picture: Picture): Handover['flapping'] =>
  shownOf(picture, ({ reader }) =>
    reader.all<Line>(
      `select i.id, i.at from ${reader.incidents} i join document d on d.docid = i.docid
       where i.status in ('needAction', 'investigating') and d.body ->> '$.flapping' = 1`,
    ),
  )
