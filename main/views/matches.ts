import type { Doc } from '../../contract/entities.ts'
import type { PartRoom } from '../../contract/roomDocuments.ts'
import type { Match } from '../../contract/views.ts'
import { incidentField, incidentFields, roomField, roomFields } from '../cache/derive.ts'
import { tokensOf } from '../cache/tokens.ts'
import { searchWords } from './search.ts'

/** What the row shows anyhow: nothing has to be said about a word that is found there. */
const has = (text: string, word: string): boolean => ` ${tokensOf(text)}`.includes(` ${word}`)

/** Why a room is found, where its name and its place do not show it: the field that has the first word that they have not. */
export function roomMatch(room: PartRoom, search: string): Match | undefined {
  const seen = `${room.name} ${room.place.building} ${room.place.floor}`
  for (const word of searchWords(search)) {
    if (has(seen, word)) continue
    const field = roomFields.find((one) => has(roomField(room, one), word))
    if (field !== undefined) return { field, text: roomField(room, field) }
  }
  return undefined
}

/** Why an incident is found, where its row does not show it: a word of its own, else one of its room. */
export function incidentMatch(incident: Doc<'incident'>, room: PartRoom | undefined, search: string): Match | undefined {
  for (const word of searchWords(search)) {
    const own = incidentFields.find((one) => has(incidentField(incident, one), word))
    if (own === 'number' || own === 'signal' || (room !== undefined && has(room.name, word))) continue
    if (own !== undefined) return { field: own, text: incidentField(incident, own) }
    const field = room === undefined ? undefined : roomFields.find((one) => has(roomField(room, one), word))
    if (room !== undefined && field !== undefined) return { field, text: roomField(room, field) }
  }
  return undefined
}
