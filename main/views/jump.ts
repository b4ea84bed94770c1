import type { CallOutput } from '../../contract/bridge.ts'
import { foundIncident } from './incidents.ts'
import { compareLines, type Key, type ListLine } from './line.ts'
import type { Picture } from './picture.ts'
import { foundRoom } from './rooms.ts'
import { hasWord, incidentNumber, nameQueries, nameTiers, phraseOf, searchWords, tierIn } from './search.ts'
import type { Shown } from './shown.ts'

const found = 20
/** Of one answer of an index so many are looked at. */
const lookedAt = 300
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

interface RoomLine {
  docid: number
  id: string
  name: string
  words: string
  tier: number
}

/**
 * Rooms by how well their name has what was typed. The index of names is asked first, the best tier first, and that of all words only
 * where names are not enough; of each answer so many are looked at, whatever the fleet.
 */
function roomsFor(shown: Shown, words: readonly string[], atLeast: number): RoomLine[] {
  const rooms = new Map<number, RoomLine>()
  const everything = words.map(phraseOf).join(' AND ')
  const asks = [...nameQueries(words).map((query) => ['room_names', query]), ['room_words', everything]]
  for (const [index, query = ''] of asks) {
    if (rooms.size >= atLeast) break
    const found = shown.reader.all<Omit<RoomLine, 'tier'>>(
      `select docid, id, name, words from (select rowid as docid from ${index} where ${index} match ? limit ?)
       join room_list using (docid)`,
      query,
      lookedAt,
    )
    for (const room of found) if (!rooms.has(room.docid)) rooms.set(room.docid, { ...room, tier: tierIn(room.words, words) })
  }
  return [...rooms.values()]
}

function findRooms(shown: Shown, text: string): ListLine[] {
  const words = searchWords(text)
  if (words.length === 0) return []
  return roomsFor(shown, words, found).map(({ id, tier, name }) => ({ id, keys: [tier, name] }))
}

interface OpenIncident {
  id: string
  severityOrder: number
  at: number
  words: string
  /** Of its room; '' where that is not here yet. */
  roomWords: string
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
    for (const { id, severityOrder, at, words: own, roomWords } of incidentsFor(shown, words)) {
      if (lines.has(id) || !words.every((word) => hasWord(own, word) || hasWord(roomWords, word))) continue
      lines.set(id, [tierIn(roomWords, words), severityOrder, -at])
    }
  }
  return [...lines].map(([id, keys]) => ({ id, keys }))
}

/**
 * Open incidents that may have these words, of themselves or of their room. Where one of the words is rare, those that have it: all that
 * there are to be found. Where each of them is common, those of the rooms whose names have them best, and the first ones of the lists.
 */
function incidentsFor(shown: Shown, words: readonly string[]): OpenIncident[] {
  const read = (where: string, ...values: (string | number)[]): OpenIncident[] =>
    shown.reader.all<OpenIncident>(
      `select i.id, i.severityOrder, i.at, i.words, ifnull(r.words, '') as roomWords from incident_list i
       left join document d on d.kind = 'room' and d.id = i.room left join room_list r on r.docid = d.docid
       where i.status in ('needAction', 'investigating') and ${where}`,
      ...values,
    )
  const matching = (index: string, word: string): number[] =>
    shown.reader
      .all<{ rowid: number }>(`select rowid from ${index} where ${index} match ? limit ?`, phraseOf(word), lookedAt + 1)
      .map(({ rowid }) => rowid)
  const ofRooms = 'i.room in (select id from room_list where docid in (select value from json_each(?)))'
  for (const word of words) {
    const own = matching('incident_words', word)
    const rooms = own.length > lookedAt ? own : matching('room_words', word)
    if (own.length > lookedAt || rooms.length > lookedAt) continue
    return read(`(+i.docid in (select value from json_each(?)) or ${ofRooms})`, JSON.stringify(own), JSON.stringify(rooms))
  }
  const named = roomsFor(shown, words, lookedAt).map(({ docid }) => docid)
  const first = (status: string): OpenIncident[] =>
    read('i.docid in (select docid from incident_list where status = ? order by taken, severityOrder, at desc limit ?)', status, lookedAt)
  return [...read(ofRooms, JSON.stringify(named)), ...first('needAction'), ...first('investigating')]
}
