import type { Person } from '../../contract/api.ts'
import type { Doc, Kind } from '../../contract/entities.ts'
import type { PersonId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { evidenceOf, reportedByHand, severityOrder, SignalId, signals } from '../../contract/signals.ts'
import type { Undo } from '../../contract/system.ts'
import { type IncidentView, type RoomRow, type RoomView, type SettingsView, stateSince } from '../../contract/views.ts'
import { incidentColumns, roomColumns } from '../cache/derive.ts'
import type { Change } from '../cache/messages.ts'
import type { CacheReader } from '../cache/reader.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { marksOf, newIncident, overlayIncident, overlayRoom, overlaySettings, type People, type Unsent } from '../outbox/overlay.ts'
import { Lists } from './lists.ts'
import { stormNow } from './storms.ts'

/** What changed in what is shown. Without `rooms` and `incidents`: too much to name. */
export interface ShownChange {
  kinds: readonly Kind[]
  rooms?: readonly string[]
  incidents?: readonly string[]
}

/** Whose data it is: the id never changes, the name may. */
export interface TenantName {
  id: TenantId
  name: string
}

/**
 * The cache with the operator's unsent changes laid over it: the one picture that every view reads. It hears of both
 * sides, keeps lists and overlay tables in step, and tells once what changed.
 */
export class Shown {
  readonly reader: CacheReader
  readonly outbox: Outbox
  readonly lists = new Lists(limits.listsKept)
  /** People to whom the service said that incidents can be given, under this scope, and when it last did. */
  owners: {
    readonly scope: number | null
    readonly people: ReadonlyMap<PersonId, { readonly person: Person; readonly at: number }>
  } | null = null
  readonly #listeners = new Set<(change: ShownChange) => void>()
  readonly #stop: Undo
  readonly #known: TenantName | null
  #me: Doc<'me'> | undefined
  #tenant: TenantName | null
  #remote = false

  /** `known`: whose data it is, where that is known before the first sync. */
  constructor(reader: CacheReader, outbox: Outbox, known: TenantName | null = null) {
    this.reader = reader
    this.outbox = outbox
    this.#known = known
    this.#me = reader.only('me')
    this.#tenant = this.#readTenant()
    outbox.confirm(
      outbox
        .rows()
        .filter(({ key }) => reader.has('receipt', key))
        .map(({ key }) => key),
    )
    this.#decide()
    for (const subject of outbox.subjects()) this.#overlay(subject)
    this.#stop = outbox.listen((subjects) => this.#outboxChanged(subjects))
  }

  get me(): Doc<'me'> | undefined {
    return this.#me
  }

  /** Null until it is known. */
  get tenant(): TenantName | null {
    return this.#tenant
  }

  /** Whether remote access is allowed in this tenant (REM-1), as far as is known. */
  get remote(): boolean {
    return this.#remote
  }

  #readTenant(): TenantName | null {
    const doc = this.reader.only('tenant')
    this.#remote = doc?.remote?.on ?? false
    return doc === undefined ? this.#known : { id: doc.id, name: doc.name }
  }

  /** Returns its undo. */
  listen(listener: (change: ShownChange) => void): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The cache committed a write. */
  cacheChanged(change: Change): void {
    if (change.kinds.includes('me')) {
      this.#me = this.reader.only('me')
      this.lists.touch()
    }
    if (change.kinds.includes('tenant')) {
      // Its name is a key of lists by customer.
      this.#tenant = this.#readTenant()
      this.lists.touch()
    }
    const { rooms, incidents } = change
    const touched =
      rooms === undefined || incidents === undefined
        ? undefined
        : new Set([...rooms.map((id) => `room:${id}`), ...incidents.map((id) => `incident:${id}`)])
    for (const subject of this.outbox.subjects()) if (touched === undefined || touched.has(subject)) this.#overlay(subject)
    if (touched === undefined) this.lists.touch()
    // Rooms give incidents their building and place in lists grouped by building; names rarely change, ids are few.
    else this.lists.touch([...(rooms ?? []), ...(incidents ?? []), ...this.#incidentsOf(rooms ?? [])])
    this.outbox.confirm(change.receipts)
    if (change.kinds.includes('request')) this.#decide()
    this.#tell({ kinds: change.kinds, ...(rooms === undefined ? {} : { rooms }), ...(incidents === undefined ? {} : { incidents }) })
  }

  /** Requests that the customer decided on (PAR-5). */
  #decide(): void {
    this.outbox.decided((key) => this.reader.get('request', key))
  }

  #outboxChanged(subjects: readonly string[]): void {
    const kinds = new Set<Kind>()
    const rooms: string[] = []
    const incidents: string[] = []
    for (const subject of subjects) {
      this.#overlay(subject)
      const [kind, id] = subject.split(':')
      if (kind === 'room' && id !== undefined) {
        kinds.add('room')
        rooms.push(id)
      } else if (kind === 'incident' && id !== undefined) {
        kinds.add('incident').add('entry')
        incidents.push(id)
      } else {
        kinds.add('settings')
      }
    }
    this.lists.touch([...rooms, ...incidents])
    this.#tell({ kinds: [...kinds], rooms, incidents })
    // The decision may be in the cache before the answer that it is waited for.
    this.#decide()
  }

  #tell(change: ShownChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  #incidentsOf(rooms: readonly string[]): string[] {
    if (rooms.length === 0) return []
    return this.reader
      .all<{ id: string }>('select id from incident_list where room in (select value from json_each(?))', JSON.stringify(rooms))
      .map(({ id }) => id)
  }

  /** Brings the overlay table up to date with what the outbox says of this thing now. */
  #overlay(subject: string): void {
    const [kind, id] = subject.split(':')
    if (id === undefined) return
    const unsent = this.#unsent(subject)
    if (kind === 'room') {
      const room = unsent.length === 0 ? undefined : this.reader.room(id)
      this.reader.overlayRoom(id, room === undefined ? null : roomColumns(overlayRoom(room, unsent, this.people)))
    } else {
      const incident = unsent.length === 0 ? undefined : this.incidentDoc(id)
      this.reader.overlayIncident(id, incident === undefined ? null : incidentColumns(overlayIncident(incident, unsent, this.people)))
    }
  }

  /** Commands about this thing whose receipt is not in the cache: the cache may be a moment ahead of its own news. */
  #unsent(subject: string): Unsent[] {
    return this.outbox.about(subject).filter(({ key }) => !this.reader.has('receipt', key))
  }

  get people(): People {
    const me = this.#me
    return {
      // Without a `me` row nothing was ever synced, and there is nothing to lay anything over.
      me: me === undefined ? { id: nobody, name: '' } : { id: me.id, name: me.name },
      nameOf: (person) => (person === me?.id ? me.name : (this.owners?.people.get(person)?.person.name ?? this.#knownName(person) ?? '')),
    }
  }

  #knownName(person: string): string | undefined {
    return this.reader.one<{ name: string }>(
      `select body ->> '$.owner.name' as name from document join incident_list using (docid) where incident_list.owner = ? limit 1`,
      person,
    )?.name
  }

  unsentAbout(kind: 'room' | 'incident', id: string): Unsent[] {
    return this.#unsent(`${kind}:${id}`)
  }

  room(id: string): RoomView | undefined {
    const room = this.reader.room(id)
    if (room === undefined) return undefined
    const unsent = this.unsentAbout('room', id)
    const laid = overlayRoom(room, unsent, this.people)
    return { ...laid, healthSince: stateSince(laid), ...marksOf(unsent) }
  }

  roomRow(id: string): RoomRow | undefined {
    const room = this.room(id)
    if (room === undefined) return undefined
    const { name, place, lifecycle, health, healthSince, connected, lastContactAt, incidents, suppressions, pending, asked } = room
    const problem = problemOf(room)
    return {
      id: room.id,
      name,
      place,
      lifecycle,
      health,
      healthSince,
      connected,
      lastContactAt,
      incidents,
      pending,
      asked,
      ...(room.device === undefined ? {} : { device: { serial: room.device.serial } }),
      ...(problem === undefined ? {} : { problem }),
      ...(suppressions === undefined ? {} : { suppressions }),
    }
  }

  /** An incident as the service said, or as the operator has just reported it. */
  incidentDoc(id: string): Doc<'incident'> | undefined {
    const known = this.reader.get('incident', id)
    return known ?? newIncident(id, this.unsentAbout('incident', id), this.people)
  }

  incident(id: string): IncidentView | undefined {
    const incident = this.incidentDoc(id)
    return incident === undefined ? undefined : this.incidentView(incident)
  }

  /** An incident with its room, and with what was done and is not sent yet; also one that is not in the copy any more. */
  incidentView(incident: Doc<'incident'>): IncidentView {
    const unsent = this.unsentAbout('incident', incident.id)
    const room = this.reader.get('room', incident.room)
    const together = incident.report && incident.report.rooms > 1 ? this.#together(incident.report.id, incident.id) : undefined
    return {
      ...overlayIncident(incident, unsent, this.people),
      roomName: room?.name ?? '',
      place: room?.place ?? nowhere,
      roomHealth: room?.health ?? 'unknown',
      ...(incident.storm ? { stormNow: stormNow(this.reader, incident.id, incident.storm) } : {}),
      ...(together === undefined ? {} : { together }),
      ...marksOf(unsent),
    }
  }

  /** The other incidents of a report, as far as they are here. There are few that people reported. */
  #together(report: string, but: string): IncidentView['together'] {
    const rows = this.reader.all<{ body: string }>(
      `select body from document join incident_list using (docid)
       where signalOrder = ? and body ->> '$.report.id' = ? and incident_list.id <> ?`,
      SignalId.options.indexOf(reportedByHand),
      report,
      but,
    )
    // Checked by its schema before it was stored.
    return rows.map(({ body }) => {
      const { id, room, status } = JSON.parse(body) as Doc<'incident'>
      return { id, room, roomName: this.reader.get('room', room)?.name ?? '', status }
    })
  }

  settings(): SettingsView | undefined {
    const settings = this.reader.only('settings')
    if (settings === undefined) return undefined
    const unsent = this.#unsent('settings')
    return { ...overlaySettings(settings, unsent), ...marksOf(unsent) }
  }

  close(): void {
    this.#stop()
    this.#listeners.clear()
  }
}

const nobody = '00000000-0000-7000-8000-000000000000' as Doc<'me'>['id']
/** An incident may arrive a page before its room. */
const nowhere: IncidentView['place'] = { country: '', city: '', building: '', floor: '', timeZone: 'UTC' }

/** The signal that best says what is wrong with a room: lost contact, else the oldest of the gravest. */
export function problemOf(room: Pick<Doc<'room'>, 'health' | 'signals' | 'incidents'>): SignalId | undefined {
  if (room.health === 'disconnected') return 'connectivity.agent'
  let worst: { id: SignalId; order: number; since: number } | undefined
  for (const id of SignalId.options) {
    const state = room.signals[id]
    if (state === undefined || evidenceOf(state.value) !== 'bad') continue
    const order = severityOrder(signals[id].severity)
    if (worst === undefined || order < worst.order || (order === worst.order && state.since < worst.since)) {
      worst = { id, order, since: state.since }
    }
  }
  return worst?.id ?? ((room.incidents.reported ?? 0) > 0 ? reportedByHand : undefined)
}
