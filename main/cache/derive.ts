import type { Doc, Room } from '../../contract/entities.ts'
import { fold } from '../../contract/fold.ts'
import type { PartRoom } from '../../contract/roomDocuments.ts'
import { severityOrder, SignalId } from '../../contract/signals.ts'
import { isTaken, type RoomState, roomStateOf, stateSince } from '../../contract/views.ts'
import { indexed } from './tokens.ts'
import { signalWords } from './words.ts'

/**
 * Columns taken out of documents for lists. The writer uses them for what the service said, the reader for what the
 * operator's own unsent changes make of it: one rule for both.
 */

/** Text as it is sorted: folded, with numbers by value ("4.2" before "4.12"). */
export function sortKey(text: string): string {
  return fold(text).replace(/\d+/g, (digits) => digits.padStart(8, '0'))
}

/** The order of a list by state: what needs somebody first. */
export const stateOrder: Readonly<Record<RoomState, number>> = {
  unhealthy: 0,
  disconnected: 1,
  unknown: 2,
  healthy: 3,
  suppressed: 6,
  onboarding: 4,
  unenrolled: 5,
}

/** What a room is found by beside its name. */
export const roomFields = ['building', 'floor', 'city', 'country', 'manufacturer', 'model', 'serial', 'platform', 'address'] as const

/** The text of such a field. */
export function roomField(room: Pick<PartRoom, 'place' | 'device'>, field: (typeof roomFields)[number]): string {
  switch (field) {
    case 'building':
    case 'floor':
    case 'city':
    case 'country':
      return room.place[field]
    case 'manufacturer':
    case 'model':
    case 'serial':
    case 'platform':
    case 'address':
      return room.device?.[field] ?? ''
  }
}

/** What an incident is found by beside its room. */
export const incidentFields = ['number', 'signal', 'detail', 'owner'] as const

/** The text of such a field. */
export function incidentField(incident: Doc<'incident'>, field: (typeof incidentFields)[number]): string {
  switch (field) {
    case 'number':
      return String(incident.number)
    case 'signal':
      return `${incident.signal.replace(/([A-Z])/g, ' $1')} ${signalWords[incident.signal]}`
    case 'detail':
      return incident.detail ?? incident.report?.text ?? ''
    case 'owner':
      return incident.owner?.name ?? ''
  }
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

/** The columns of `room_list`, in no order that counts. */
export const roomColumnNames = [
  'id',
  'name',
  'building',
  'city',
  'buildingKey',
  'state',
  'stateOrder',
  'since',
  'contact',
  'words',
] as const satisfies readonly (keyof RoomColumns)[]

/** A room as far as lists need it; of its signals, those that are not good. */
export type ListedRoom = Pick<Room, 'id' | 'name' | 'place' | 'lifecycle' | 'health' | 'healthSince' | 'lastContactAt' | 'signals'> &
  Pick<PartRoom, 'device'>

export function roomColumns(room: ListedRoom): RoomColumns {
  const { place } = room
  const state = roomStateOf(room)
  return {
    id: room.id,
    name: sortKey(room.name),
    building: place.building,
    city: place.city,
    buildingKey: sortKey(place.building),
    state,
    stateOrder: stateOrder[state],
    since: stateSince(room),
    contact: room.lastContactAt,
    words: indexed([room.name, ...roomFields.map((field) => roomField(room, field))]),
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
  /** 1 or 0. */
  acknowledged: number
  /** Whether somebody is on it (`isTaken`), 1 or 0. */
  taken: number
  /** '' for none. */
  storm: string
  /** Whether another one of its storm stands for it in lists (`storms.ts`), 1 or 0. */
  folded: number
}

export const incidentColumnNames = [
  'id',
  'number',
  'room',
  'signalOrder',
  'status',
  'severityOrder',
  'owner',
  'at',
  'words',
  'acknowledged',
  'taken',
  'storm',
  'folded',
] as const satisfies readonly (keyof IncidentColumns)[]

export function incidentColumns(incident: Doc<'incident'>): IncidentColumns {
  return {
    id: incident.id,
    number: incident.number,
    room: incident.room,
    signalOrder: SignalId.options.indexOf(incident.signal),
    status: incident.status,
    severityOrder: severityOrder(incident.severity),
    owner: incident.owner?.id ?? null,
    at: (incident.status === 'resolved' ? incident.resolvedAt : incident.openedAt) ?? incident.since,
    words: indexed(incidentFields.map((field) => incidentField(incident, field))),
    acknowledged: incident.acknowledged === undefined ? 0 : 1,
    taken: isTaken(incident) ? 1 : 0,
    storm: incident.storm?.id ?? '',
    folded: incident.storm === undefined ? 0 : 1,
  }
}
