import { type Doc, Entry, Incident, type Kind, Room } from '../contract/entities.ts'
import { splitRoom } from '../contract/roomDocuments.ts'
import { reportedSignals, signals } from '../contract/signals.ts'
import { chance, uuid } from './organisation.ts'

/**
 * The live set of a large tenant, the same at every run: rooms in buildings, one in eight with a fault, open incidents and those
 * resolved lately, each with its history. Rows come in the order of a snapshot.
 */

const roomsPerBuilding = 200
/** 2026-11-30; a fixed moment, so that two runs write the same bytes. */
const now = 1_796_000_000_000
const day = 86_400_000
const words = ['Board', 'Focus', 'Huddle', 'Town Hall', 'Training', 'Studio', 'Lounge', 'Project', 'Salle', 'Atelier'] as const
const cities = ['Lyon', 'Paris', 'London', 'Berlin', 'Madrid', 'Milano', 'Warszawa', 'Oslo', 'Dublin', 'Lisboa'] as const
const models = ['Rally Bar', 'Thinksmart Core', 'Studio X50', 'G62', 'Room Kit'] as const

const of = <T>(all: readonly [T, ...T[]] | readonly T[], n: number): T => {
  const one = all[n % all.length]
  if (one === undefined) throw new Error('nothing to choose from')
  return one
}

/** A document with its kind. */
export type Piece = { [K in Kind]: { kind: K; doc: Doc<K> } }[Kind]

type Pick = (below: number) => number

const isFaulty = (n: number): boolean => n % 8 === 3

function roomOf(n: number, pick: Pick): Room {
  const building = Math.floor(n / roomsPerBuilding)
  const faulty = isFaulty(n)
  const lost = n % 40 === 7
  const at = now - pick(20 * day)
  const seenAt = now - pick(300_000)
  const onboardedAt = now - 200 * day - pick(100 * day)
  const floor = pick(12)
  return Room.parse({
    id: uuid(1, n),
    name: `${of(cities, building)} ${building}-${floor}.${String(n % roomsPerBuilding).padStart(3, '0')} ${of(words, pick(words.length))}`,
    place: {
      country: 'France',
      city: of(cities, building),
      building: `${of(cities, building)} Campus ${building}`,
      floor: String(floor),
      timeZone: 'Europe/Paris',
    },
    lifecycle: n % 100 === 99 ? 'onboarding' : 'enrolled',
    health: lost ? 'disconnected' : faulty ? 'unhealthy' : 'healthy',
    healthSince: at,
    connected: !lost,
    lastContactAt: seenAt,
    onboardedAt,
    inCall: n % 5 === 0,
    signals: Object.fromEntries(
      reportedSignals.map((id, index) => {
        const bad = faulty && index === n % 5
        const since = bad ? at : index % 7 === n % 7 ? onboardedAt + pick(100 * day) : onboardedAt
        return [
          id,
          { value: bad ? 'unhealthy' : 'healthy', since, observedAt: seenAt, ...(bad && { detail: `${of(models, n)} not found` }) },
        ]
      }),
    ),
    incidents: { important: faulty ? 1 : 0, warning: 0, investigating: 0 },
    device: {
      id: uuid(2, n),
      profile: n % 3 === 0 ? 'windows-mtr' : 'generic',
      keyProtection: 'tpm',
      keyEvidence: 'claimed',
      platform: 'win32 x64',
      os: 'Windows 11 IoT Enterprise 23H2 (22631.4317)',
      manufacturer: 'Contoso Devices',
      model: of(models, n),
      serial: `SN${(n * 7919).toString(36).toUpperCase().padStart(8, '0')}`,
      agentVersion: '1.4.2',
      appVersion: '5.2.115.0',
      address: `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
      remote: { displays: ['console'], terminal: true, restart: true },
    },
  })
}

function incidentOf(number: number, room: Room, open: boolean, pick: Pick): Incident {
  const signal = of(reportedSignals, number)
  const since = now - pick(6 * day) - 3_600_000
  const taken = number % 4 === 0
  const owner = { id: uuid(3, number % 50), name: `Operator ${number % 50}` }
  return Incident.parse({
    id: uuid(4, number),
    number,
    room: room.id,
    signal,
    severity: signals[signal].severity,
    status: open ? (number % 10 === 0 ? 'investigating' : 'needAction') : 'resolved',
    value: open ? 'unhealthy' : 'healthy',
    detail: `${room.device.model} not found`,
    since,
    openedAt: since + 60_000,
    ...(open ? {} : { resolvedAt: since + 3_000_000 }),
    openings: 1,
    flapping: false,
    ...(taken ? { owner, acknowledged: { by: owner, at: since + 600_000, note: 'On the way' } } : {}),
    changedAt: since + 600_000,
  })
}

const entryOf = (n: number, incident: Incident, kind: 'investigating' | 'opened' | 'resolved'): Entry =>
  Entry.parse({
    id: uuid(5, n),
    incident: incident.id,
    room: incident.room,
    kind,
    actor: { kind: 'system' },
    at: incident.since + 60_000,
    receivedAt: incident.since + 60_400,
    value: incident.value,
  })

/** What of the tenant is synced, but for what the person and the tenant are. */
export function* liveSet(rooms: number): Generator<Piece> {
  const pick = chance(11)
  const faulty: Room[] = []
  for (let n = 0; n < rooms; n++) {
    const doc = roomOf(n, pick)
    if (isFaulty(n) || n % 8 === 4) faulty.push(doc)
    const { room, device } = splitRoom(doc)
    yield { kind: 'device', doc: device }
    yield { kind: 'room', doc: room }
  }
  const incidents = faulty.map((room, n) => incidentOf(n + 1, room, n % 2 === 0, pick))
  for (const doc of incidents) yield { kind: 'incident', doc }
  let entries = 0
  for (const incident of incidents) {
    yield { kind: 'entry', doc: entryOf(++entries, incident, 'investigating') }
    yield { kind: 'entry', doc: entryOf(++entries, incident, incident.status === 'resolved' ? 'resolved' : 'opened') }
  }
}

/** A room whose camera fails or comes back, as its next revision. */
export function turned(room: Room, healthy: boolean, at: number): Room {
  const value = healthy ? 'healthy' : 'unhealthy'
  return {
    ...room,
    health: value,
    healthSince: at,
    signals: { ...room.signals, 'peripherals.camera': { value, since: at, observedAt: at } },
  }
}

/** A piece as a row of the feed. */
export function rowOf({ kind, doc }: Piece, rev = 1): Record<string, unknown> {
  const room = kind === 'room' || kind === 'device' ? doc.id : 'room' in doc && typeof doc.room === 'string' ? doc.room : null
  return { kind, id: doc.id, room, rev, doc }
}
