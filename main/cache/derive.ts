import type { Doc } from '../../contract/entities.ts'
import { SignalId } from '../../contract/signals.ts'
import { type RoomState, roomStateOf } from '../../contract/views.ts'
import { signalWords } from './words.ts'

/**
 * Columns taken out of documents for lists. The writer uses them for what the service said, the reader for what the
 * operator's own unsent changes make of it: one rule for both.
 */

/** Text as it is compared: without accents and case. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase()
}

/** Text as it is sorted: folded, with numbers by value ("4.2" before "4.12"). */
export function sortKey(text: string): string {
  return fold(text).replace(/\d+/g, (digits) => digits.padStart(8, '0'))
}

/** The order of a list by state: what needs somebody first. */
const stateOrder: Readonly<Record<RoomState, number>> = {
  unhealthy: 0,
  disconnected: 1,
  unknown: 2,
  healthy: 3,
  onboarding: 4,
  unenrolled: 5,
}

export interface RoomColumns {
  id: string
  name: string
  building: string
  city: string
  buildingKey: string
  state: RoomState
  stateOrder: number
  since: number
  contact: number
  words: string
}

export function roomColumns(room: Doc<'room'>): RoomColumns {
  const { place, device } = room
  const state = roomStateOf(room)
  return {
    id: room.id,
    name: sortKey(room.name),
    building: place.building,
    city: place.city,
    buildingKey: sortKey(place.building),
    state,
    stateOrder: stateOrder[state],
    since: room.healthSince,
    contact: room.lastContactAt,
    words: [
      room.name,
      place.building,
      place.floor,
      place.city,
      place.country,
      device.manufacturer,
      device.model,
      device.serial,
      device.platform,
      device.address,
    ].join(' \u0001 '),
  }
}

export interface IncidentColumns {
  id: string
  number: number
  room: string
  signalOrder: number
  status: string
  severityOrder: number
  owner: string | null
  at: number
  words: string
}

export function incidentColumns(incident: Doc<'incident'>): IncidentColumns {
  return {
    id: incident.id,
    number: incident.number,
    room: incident.room,
    signalOrder: SignalId.options.indexOf(incident.signal),
    status: incident.status,
    severityOrder: incident.severity === 'important' ? 0 : 1,
    owner: incident.owner?.id ?? null,
    at: (incident.status === 'resolved' ? incident.resolvedAt : incident.openedAt) ?? incident.since,
    words: [
      String(incident.number),
      incident.signal.replace(/([A-Z])/g, ' $1'),
      signalWords[incident.signal],
      incident.detail ?? '',
      incident.owner?.name ?? '',
    ].join(' '),
  }
}
