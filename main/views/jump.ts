import type { CallOutput } from '../../contract/bridge.ts'
import { viewOf } from './incidents.ts'
import { compareLines, type Key, type ListLine } from './lists.ts'
import type { Picture } from './picture.ts'
import { rowOf } from './rooms.ts'
import { incidentNumber, searchPrefixes } from './search.ts'
import type { Shown } from './shown.ts'

const found = 20

/** Rooms and incidents for the palette, best first. The cache holds only what the operator may see. */
export function searchJump(picture: Picture, text: string): CallOutput<'search.jump'> {
  return {
    rooms: best(picture, (shown) => findRooms(shown, text), (shown, id) => rowOf(picture, shown, id)),
    incidents: best(picture, (shown) => findIncidents(shown, text), (shown, id) => viewOf(picture, shown, id)),
  }
}

/** The best of all parts, of which each gives its own best. */
function best<T>({ parts }: Picture, find: (shown: Shown) => ListLine[], view: (shown: Shown, id: string) => T | undefined): T[] {
  const lines = parts.flatMap((shown) => find(shown).map((line) => ({ ...line, shown })))
  const ordered = lines.sort(compareLines(false)).slice(0, found)
  return ordered.flatMap(({ id, shown }) => view(shown, id) ?? [])
}

/** Rooms whose name begins so come first, then what the index ranks highest. */
function findRooms(shown: Shown, text: string): ListLine[] {
  const prefixes = searchPrefixes(text)
  if (prefixes.length === 0) return []
  const rows = shown.reader.all<{ id: string; later: number; rank: number; name: string }>(
    `select r.id, instr(lower(r.words), ?) != 1 as later, room_words.rank as rank, r.name
     from room_words join room_list r on r.docid = room_words.rowid
     where room_words match ? order by later, room_words.rank, r.name limit ?`,
    text.trim().toLowerCase(),
    prefixes.join(' AND '),
    found,
  )
  return rows.map(({ id, later, rank, name }) => ({ id, keys: [later, rank, name] }))
}

/** The incident of exactly this number first, whatever became of it; then open ones by their words or their room's. */
function findIncidents(shown: Shown, text: string): ListLine[] {
  const number = incidentNumber(text)
  const lines = new Map<string, readonly Key[]>()
  if (number !== undefined) {
    for (const { id } of shown.reader.all<{ id: string }>('select id from incident_list where number = ?', number)) lines.set(id, [0, 0, 0])
  }
  const prefixes = searchPrefixes(text)
  if (prefixes.length > 0) {
    const each = prefixes.map(
      () => `(docid in (select rowid from incident_words where incident_words match ?)
        or room in (select id from room_list where docid in (select rowid from room_words where room_words match ?)))`,
    )
    const rows = shown.reader.all<{ id: string; severityOrder: number; at: number }>(
      `select id, severityOrder, at from incident_list where status != 'resolved' and ${each.join(' and ')} order by severityOrder, at desc limit ?`,
      ...prefixes.flatMap((prefix) => [prefix, prefix]),
      found,
    )
    for (const { id, severityOrder, at } of rows) if (!lines.has(id)) lines.set(id, [1, severityOrder, -at])
  }
  return [...lines].map(([id, keys]) => ({ id, keys }))
}
