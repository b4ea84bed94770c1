import type { CallOutput } from '../../contract/bridge.ts'
import { incidentNumber, searchPrefixes } from './search.ts'
import type { Shown } from './shown.ts'

const found = 20

/** Rooms and incidents for the palette, best first. The cache holds only what the operator may see. */
export function searchJump(shown: Shown, text: string): CallOutput<'search.jump'> {
  return { rooms: findRooms(shown, text), incidents: findIncidents(shown, text) }
}

/** Rooms whose name begins so come first, then what the index ranks highest. */
function findRooms(shown: Shown, text: string): CallOutput<'search.jump'>['rooms'] {
  const prefixes = searchPrefixes(text)
  if (prefixes.length === 0) return []
  const ids = shown.reader.all<{ id: string }>(
    `select r.id from room_words join room_list r on r.docid = room_words.rowid
     where room_words match ? order by instr(lower(r.words), ?) != 1, room_words.rank, r.name limit ?`,
    prefixes.join(' AND '),
    text.trim().toLowerCase(),
    found,
  )
  return ids.flatMap(({ id }) => shown.roomRow(id) ?? [])
}

/** The incident of exactly this number first, whatever became of it; then open ones by their words or their room's. */
function findIncidents(shown: Shown, text: string): CallOutput<'search.jump'>['incidents'] {
  const number = incidentNumber(text)
  const ids = new Set<string>()
  if (number !== undefined) {
    for (const { id } of shown.reader.all<{ id: string }>('select id from incident_list where number = ?', number)) ids.add(id)
  }
  const prefixes = searchPrefixes(text)
  if (prefixes.length > 0) {
    const each = prefixes.map(
      () => `(docid in (select rowid from incident_words where incident_words match ?)
        or room in (select id from room_list where docid in (select rowid from room_words where room_words match ?)))`,
    )
    const rows = shown.reader.all<{ id: string }>(
      `select id from incident_list where status != 'resolved' and ${each.join(' and ')} order by severityOrder, at desc limit ?`,
      ...prefixes.flatMap((prefix) => [prefix, prefix]),
      found,
    )
    for (const { id } of rows) ids.add(id)
  }
  return [...ids].slice(0, found).flatMap((id) => shown.incident(id) ?? [])
}
