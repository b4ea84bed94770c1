import { ApprovalRequest, type Doc, Incident, Room } from '../../contract/entities.ts'
import type { NotifyRuleDraft } from '../../contract/notifications.ts'
import { splitRoom } from '../../contract/roomDocuments.ts'
import { signals, type SignalId } from '../../contract/signals.ts'
import { Transition } from '../../contract/transitions.ts'

/** Documents for tests, by number, each whole by its schema. */

const at = 1_800_000_000_000

/** A stable UUID for a thing of a test. */
export function idOf(what: string, n: number): string {
  const space = [...what].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 0xffff, 7)
  return `0190${space.toString(16).padStart(4, '0')}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
}

export function makeRoom(n: number, changes: Partial<Room> = {}): Room {
  return {
    ...Room.parse({
      id: idOf('room', n),
      name: `Room ${n}`,
      place: {
        country: 'France',
        city: 'Lyon',
        building: n % 2 === 0 ? 'Confluence' : 'Bishopsgate',
        floor: String(n % 5),
        timeZone: 'Europe/Paris',
      },
      lifecycle: 'enrolled',
      health: 'healthy',
      healthSince: at,
      connected: true,
      lastContactAt: at,
      onboardedAt: at - 86_400_000,
      inCall: false,
      signals: { 'peripherals.camera': { value: 'healthy', since: at, observedAt: at } },
      incidents: { important: 0, warning: 0, investigating: 0 },
      device: {
        id: idOf('device', n),
        profile: 'generic',
        keyProtection: 'software',
        platform: 'linux',
        os: 'Linux',
        manufacturer: 'Acme',
        model: 'Bar',
        serial: `SN${n}`,
        agentVersion: '1',
        appVersion: '1',
        address: '10.0.0.1',
      },
    }),
    ...changes,
  }
}

export function makeIncident(
  n: number,
  room: number,
  changes: Partial<Doc<'incident'>> = {},
  signal: SignalId = 'peripherals.camera',
): Doc<'incident'> {
  return {
    ...Incident.parse({
      id: idOf('incident', n),
      number: n,
      room: idOf('room', room),
      signal,
      severity: signals[signal].severity,
      status: 'needAction',
      value: 'unhealthy',
      since: at + n,
      openedAt: at + n,
      openings: 1,
      flapping: false,
      changedAt: at + n,
    }),
    ...changes,
  }
}

export const tenantId = idOf('tenant', 1)
export const personId = idOf('person', 1)

const operator = [
  'rooms.view',
  'rooms.create',
  'rooms.unenroll',
  'rooms.downloadKey',
  'incidents.view',
  'incidents.update',
  'settings.view',
]

/** The `me` row of somebody who may see and do the usual things on all rooms, or on some. */
export function makeMe(
  permissions: readonly string[] = operator,
  scope: 'all' | readonly string[] = 'all',
  role = 'siteLead',
): Record<string, unknown> & { id: string } {
  return {
    id: personId,
    tenant: tenantId,
    name: 'Amélie Laurent',
    email: 'amelie.laurent@contoso.example',
    access: { globalAdministrator: false, grants: [{ assignment: idOf('assignment', 1), role, permissions, scope }] },
  }
}

export function makeEntry(n: number, incident: Doc<'incident'>, text = `Comment ${n}`): Record<string, unknown> & { id: string } {
  return {
    id: idOf('entry', n),
    incident: incident.id,
    room: incident.room,
    kind: 'comment',
    actor: { kind: 'person', id: personId, name: 'Amélie Laurent' },
    at: at + n,
    receivedAt: at + n,
    text,
  }
}

export function makeTransition(n: number, room: number, changes: Partial<Transition>): Transition {
  return Transition.parse({
    room: idOf('room', room),
    kind: 'connected',
    actor: { kind: 'system' },
    at: at + n,
    number: 0,
    receivedAt: at + n,
    ...changes,
  })
}

/** What a partner asked for with the command of this key. */
export function makeRequest(key: string, changes: Record<string, unknown> = {}): Doc<'request'> {
  return ApprovalRequest.parse({
    id: key,
    link: idOf('link', 1),
    partner: 'Fabrikam',
    by: { id: personId, name: 'Amélie Laurent', organisation: 'Fabrikam' },
    kind: 'incidents',
    command: 'incident.comment',
    subjects: ['#1'],
    subjectCount: 1,
    at,
    expiresAt: at + 86_400_000,
    status: 'waiting',
    ...changes,
  })
}

/** A row of the feed around a document; of a room, the one without its device (`deviceRowOf`). */
export function rowOf(kind: string, doc: { id: string; room?: unknown }, rev = 1): Record<string, unknown> {
  const room = kind === 'room' || kind === 'device' ? doc.id : typeof doc.room === 'string' ? doc.room : null
  return { kind, id: doc.id, room, rev, doc: isRoom(kind, doc) ? splitRoom(doc).room : doc }
}

const isRoom = (kind: string, doc: { id: string }): doc is Room => kind === 'room' && 'device' in doc

export function deviceRowOf(room: Room, rev = 1): Record<string, unknown> {
  return { kind: 'device', id: room.id, room: room.id, rev, doc: splitRoom(room).device }
}

export const removalOf = (kind: string, id: string, room: string | null, rev: number): Record<string, unknown> => ({ kind, id, room, rev })

/** A rule of notification of the person's own, as it is typed. */
export const makeRuleDraft = (): NotifyRuleDraft => ({
  name: 'Mine',
  on: true,
  what: { events: ['opened'], severities: ['important'], groups: [], mine: false },
  when: { timeZone: 'UTC' },
  language: 'en',
  to: { kind: 'me', console: true, desktop: false, email: false },
})
