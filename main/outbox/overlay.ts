import type { QueuedCommand } from '../../contract/commands.ts'
import type { Doc, PersonRef, Place, Room, RoomSuppression } from '../../contract/entities.ts'
import { type CommandKey, EntryId, type PersonId } from '../../contract/ids.ts'
import { changedSettings } from '../../contract/settings.ts'
import { reportedByHand } from '../../contract/signals.ts'
import type { OutboxRow } from './store.ts'

/**
 * What the operator did and the service has not confirmed yet, laid over what the service said (CON-3). Pure: the same
 * document and commands give the same picture, and laying them on twice, or over a document that has the change
 * already, changes nothing more. What waits for the customer's approval (PAR-5) is marked as asked for, and not
 * shown as done: it may never be.
 */

export interface Unsent {
  readonly key: CommandKey
  readonly issuedAt: number
  readonly command: QueuedCommand
  readonly state?: OutboxRow['state']
}

const isShown = ({ state }: Unsent): boolean => state !== 'requested'

/** Who is acting, and what other people are called as far as the cache knows. */
export interface People {
  readonly me: PersonRef
  nameOf(person: PersonId): string
}

/** The things a command is about, as keys for "in order per thing". */
export function subjectsOf(command: QueuedCommand): string[] {
  switch (command.type) {
    case 'incident.acknowledge':
    case 'incident.unacknowledge':
    case 'incident.assign':
    case 'incident.comment':
    case 'incident.standAlone':
    case 'issue.close':
      return [`incident:${command.incident}`]
    case 'issue.report':
      return [...command.incidents.map((incident) => `incident:${incident}`), ...command.rooms.map((room) => `room:${room}`)]
    case 'rooms.enrol':
    case 'rooms.unenrol':
    case 'rooms.ring':
    case 'rooms.licence':
    case 'rooms.rename':
    case 'rooms.move':
    case 'rooms.replace':
      return command.rooms.map((room) => `room:${room}`)
    case 'suppression.save':
      return [`suppression:${command.suppression}`, ...command.rooms.map((room) => `room:${room}`)]
    case 'suppression.end':
      return [`suppression:${command.suppression}`, ...(command.within ?? []).map((room) => `room:${room}`)]
    case 'suppression.confirm':
      return [`suppression:${command.suppression}`]
    case 'settings.change':
      return ['settings']
  }
}

/** What the operator has reported by hand (INC-4) and the service has not said yet; undefined: this is no such incident. */
export function newIncident(id: string, unsent: readonly Unsent[], people: People): Doc<'incident'> | undefined {
  for (const { command, issuedAt } of unsent.filter(isShown)) {
    if (command.type !== 'issue.report') continue
    const n = command.incidents.findIndex((incident) => incident === id)
    const [incident, room] = [command.incidents[n], command.rooms[n]]
    if (incident === undefined || room === undefined) continue
    const { report, text, high, rooms } = command
    return {
      id: incident,
      number: 0,
      room,
      signal: reportedByHand,
      severity: high ? 'critical' : 'important',
      status: 'needAction',
      value: 'unhealthy',
      since: issuedAt,
      openedAt: issuedAt,
      openings: 1,
      flapping: false,
      report: { id: report, by: people.me, text, rooms: rooms.length },
      changedAt: issuedAt,
    }
  }
  return undefined
}

export function overlayIncident(incident: Doc<'incident'>, unsent: readonly Unsent[], people: People): Doc<'incident'> {
  return unsent.filter(isShown).reduce((shown, { command, issuedAt }) => {
    switch (command.type) {
      case 'incident.acknowledge': {
        const { note } = command
        return { ...shown, acknowledged: { by: people.me, at: issuedAt, ...(note === undefined ? {} : { note }) } }
      }
      case 'incident.unacknowledge': {
        const { acknowledged: _taken, ...rest } = shown
        return rest
      }
      case 'incident.assign': {
        const { owner: _former, ...rest } = shown
        if (command.owner === null) return rest
        return { ...rest, owner: { id: command.owner, name: people.nameOf(command.owner) } }
      }
      case 'incident.comment':
        return { ...shown, lastComment: { by: people.me, at: issuedAt, text: command.text } }
      case 'incident.standAlone': {
        const { alone: _, storm, ...rest } = shown
        return command.alone ? { ...rest, alone: true } : { ...rest, ...(storm ? { storm } : {}) }
      }
      case 'issue.close': {
        const { acknowledged: _taken, ...rest } = shown
        return { ...rest, status: 'resolved', value: 'healthy', resolvedAt: issuedAt }
      }
      case 'issue.report':
      case 'rooms.enrol':
      case 'rooms.unenrol':
      case 'rooms.ring':
      case 'rooms.licence':
      case 'rooms.rename':
      case 'rooms.move':
      case 'rooms.replace':
      case 'suppression.save':
      case 'suppression.end':
      case 'suppression.confirm':
      case 'settings.change':
        return shown
    }
  }, incident)
}

/** What people wrote that is not in the incident's history yet, newest first. Its id is the key of its command. */
export function pendingEntries(incident: Doc<'incident'>, unsent: readonly Unsent[], people: People): Doc<'entry'>[] {
  return unsent
    .filter(isShown)
    .flatMap(({ key, issuedAt, command }): Doc<'entry'>[] =>
      isWritten(command)
        ? [
            {
              id: EntryId.parse(key),
              incident: incident.id,
              room: incident.room,
              kind: writes[command.type],
              actor: { kind: 'person', ...people.me },
              at: issuedAt,
              receivedAt: issuedAt,
              text: command.type === 'issue.close' ? command.reason : command.text,
            },
          ]
        : [],
    )
    .reverse()
}

/** Commands that leave what was typed in the history, and as what. */
const writes = { 'incident.comment': 'comment', 'issue.report': 'opened', 'issue.close': 'closed' } as const
type Written = Extract<QueuedCommand, { type: keyof typeof writes }>
const isWritten = (command: QueuedCommand): command is Written => command.type in writes

/** What of a room commands change, and by what a suppression that ends leaves it. */
type Overlaid = Pick<Room, 'name' | 'place' | 'lifecycle' | 'ring' | 'licence' | 'health' | 'suppressions' | 'connected' | 'incidents'> & {
  id: string
}

/** Enrol makes a room that is onboarding enrolled; unenrol ends either; a ring is what it is said to be. */
export function overlayRoom<R extends Overlaid>(room: R, unsent: readonly Unsent[], people: People): R {
  return unsent.filter(isShown).reduce((shown, { command, issuedAt }) => {
    if (command.type === 'suppression.save') return suppressed(shown, suppressionsWith(shown, command, issuedAt, people))
    if (command.type === 'suppression.end')
      return suppressed(
        shown,
        (shown.suppressions ?? []).filter(({ id }) => id !== command.suppression),
      )
    if (command.type === 'issue.report') return reported(shown, command.high)
    if (command.type === 'rooms.ring') return { ...shown, ring: command.ring }
    if (command.type === 'rooms.licence') return { ...shown, licence: command.licence }
    if (command.type === 'rooms.rename') return { ...shown, name: command.name }
    if (command.type === 'rooms.move') return { ...shown, place: placed(shown.place, command.place) }
    if (command.type === 'rooms.enrol' && shown.lifecycle === 'onboarding') return { ...shown, lifecycle: 'enrolled' }
    if (command.type === 'rooms.unenrol' && shown.lifecycle !== 'unenrolled') return { ...shown, lifecycle: 'unenrolled' }
    return shown
  }, room)
}

type Save = Extract<QueuedCommand, { type: 'suppression.save' }>

/** What suppresses the room with this one. A window that comes again is the service's to work out. */
function suppressionsWith(room: Overlaid, command: Save, issuedAt: number, people: People): RoomSuppression[] {
  const others = (room.suppressions ?? []).filter(({ id }) => id !== command.suppression)
  const { suppression: id, signals, reason, from, until, owner } = command
  const begins = from ?? issuedAt
  if (command.recurrence !== null || begins > issuedAt || !command.rooms.some((one) => one === room.id)) return room.suppressions ?? []
  const of = signals === null ? {} : { signals }
  const by = owner === null || owner === people.me.id ? people.me : { id: owner, name: people.nameOf(owner) }
  return [...others, { id, ...of, reason, owner: by, from: begins, ...(until === null ? {} : { until }) }]
}

function suppressed<R extends Overlaid>(room: R, all: RoomSuppression[]): R {
  const isAll = all.some(({ signals }) => signals === undefined)
  const bare = room.connected ? (room.incidents.important > 0 ? 'unhealthy' : 'healthy') : 'disconnected'
  const health = isAll ? 'suppressed' : room.health === 'suppressed' ? bare : room.health
  const shown = { ...room, health, suppressions: all }
  if (all.length > 0) return shown
  const bareRoom: R = { ...room, health }
  delete bareRoom.suppressions
  return bareRoom
}

/** It has an issue that somebody reported (INC-4); how many, the service counts. */
function reported<R extends Overlaid>(room: R, high: boolean): R {
  if (room.lifecycle !== 'enrolled') return room
  const { incidents } = room
  const counted = high ? { critical: Math.max(1, incidents.critical ?? 0) } : { important: Math.max(1, incidents.important) }
  const health = room.health === 'healthy' || room.health === 'unknown' ? 'unhealthy' : room.health
  return { ...room, health, incidents: { ...incidents, ...counted, reported: Math.max(1, incidents.reported ?? 0) } }
}

/** A place with what is said of it; the rest stays. */
function placed(place: Place, { country, city, building, floor, timeZone }: Partial<Place>): Place {
  return {
    country: country ?? place.country,
    city: city ?? place.city,
    building: building ?? place.building,
    floor: floor ?? place.floor,
    timeZone: timeZone ?? place.timeZone,
  }
}

export function overlaySettings(settings: Doc<'settings'>, unsent: readonly Unsent[]): Doc<'settings'> {
  return unsent
    .filter(isShown)
    .reduce((shown, { command }) => (command.type === 'settings.change' ? changedSettings(shown, command.changes) : shown), settings)
}

/** Types of the unsent commands, each once, in order: `pending` and `asked` of a view. */
export function marksOf(unsent: readonly Unsent[]): { pending: string[]; asked: string[] } {
  const typesOf = (some: readonly Unsent[]): string[] => [...new Set(some.map(({ command }) => command.type))]
  return { pending: typesOf(unsent.filter(isShown)), asked: typesOf(unsent.filter((one) => !isShown(one))) }
}
