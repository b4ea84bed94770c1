import type { CallOutput } from '../../contract/bridge.ts'
import { foundIncident } from './incidents.ts'
import { compareLines, type Key, type ListLine } from './lists.ts'
import type { Picture } from './picture.ts'
import { foundRoom } from './rooms.ts'
import { incidentNumber, nameTier, nameTiers, phraseOf, searchWords } from './search.ts'
import type { Shown } from './shown.ts'

const found = 20
/** Tiers in which the whole of what was typed is in the name. */
const inName = 4
/** The first key of an incident whose number was typed. */
const byNumber = -1

/**
 * Rooms and incidents for the palette, best first, and which of the two has the best. The cache holds only what the
 * operator may see.
 */
export function searchJump(picture: Picture, text: string): CallOutput<'search.jump'> {
  const rooms = best(picture, (shown) => findRooms(shown, text))
  const incidents = best(picture, (shown) => findIncidents(shown, text))
  const [room, incident] = [tierOf(rooms[0]), tierOf(incidents[0])]
  return {
    rooms: rooms.flatMap(({ id, shown }) => foundRoom(picture, shown, id, text) ?? []),
    incidents: incidents.flatMap(({ id, shown }) => foundIncident(picture, shown, id, text) ?? []),
    first: incident === byNumber ? (room === 0 ? 'rooms' : 'incidents') : room <= inName || incidents.length === 0 ? 'rooms' : 'incidents',
  }
}

const tierOf = (line: ListLine | undefined): number => Number(line?.keys[0] ?? nameTiers)

/** The best of all parts, of which each gives its own best. */
function best({ parts }: Picture, find: (shown: Shown) => ListLine[]): (ListLine & { shown: Shown })[] {
  const lines = parts.flatMap((shown) => find(shown).map((line) => ({ ...line, shown })))
  return lines.sort(compareLines(false)).slice(0, found)
}

/** Rooms by how well their name has what was typed, then by name. */
function findRooms(shown: Shown, text: string): ListLine[] {
  const words = searchWords(text)
  if (words.length === 0) return []
  const tier = nameTier('r.words', words)
  const rows = shown.reader.all<{ id: string; tier: number; name: string }>(
    `select r.id, ${tier.sql} as tier, r.name
     from room_words join room_list r on r.docid = room_words.rowid
     where room_words match ? order by tier, r.name limit ?`,
    ...tier.values,
    words.map(phraseOf).join(' AND '),
    found,
  )
  return rows.map(({ id, tier: first, name }) => ({ id, keys: [first, name] }))
}

/**
 * The incident of exactly this number first, whatever became of it; then open ones by how well their room's name has
 * what was typed, the gravest and newest first.
 */
function findIncidents(shown: Shown, text: string): ListLine[] {
  const number = incidentNumber(text)
  const lines = new Map<string, readonly Key[]>()
  if (number !== undefined) {
    for (const { id } of shown.reader.all<{ id: string }>('select id from incident_list where number = ?', number))
      lines.set(id, [byNumber, 0, 0])
  }
  const words = searchWords(text)
  if (words.length > 0) {
    const each = words.map(
      () => `(i.docid in (select rowid from incident_words where incident_words match ?)
        or i.room in (select id from room_list where docid in (select rowid from room_words where room_words match ?)))`,
    )
    const tier = nameTier("ifnull(r.words, '')", words)
    const rows = shown.reader.all<{ id: string; tier: number; severityOrder: number; at: number }>(
      `select i.id, ${tier.sql} as tier, i.severityOrder, i.at from incident_list i
       left join document d on d.kind = 'room' and d.id = i.room left join room_list r on r.docid = d.docid
       where i.status != 'resolved' and ${each.join(' and ')} order by tier, i.severityOrder, i.at desc limit ?`,
      ...tier.values,
      ...words.flatMap((word) => [phraseOf(word), phraseOf(word)]),
      found,
    )
    for (const { id, tier: first, severityOrder, at } of rows) if (!lines.has(id)) lines.set(id, [first, severityOrder, -at])
  }
  return [...lines].map(([id, keys]) => ({ id, keys }))
}
