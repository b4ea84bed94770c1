import { may, scopeOf } from '../../contract/access.ts'
import { alsoNeeded, commandNeeds, mayCommand, type QueuedCommand } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { CommandKey, RoomId } from '../../contract/ids.ts'
import { lacksContact, mayChangeSettings } from '../../contract/settings.ts'
import type { Shown } from '../views/shown.ts'

/**
 * The checks that the service will make too and that the console can make without it (ACC-6), with the same codes.
 * Errors: `access.denied`, `incident.notFound`, `room.notFound`, `remote.contactMissing`.
 */
export function checkCommand(shown: Shown, command: QueuedCommand): void {
  const { me } = shown
  const { permission } = commandNeeds[command.type]
  if (me === undefined || !mayCommand(me.access, command.type)) throw new RoomkeeperError('access.denied')
  switch (command.type) {
    case 'incident.acknowledge':
    case 'incident.unacknowledge':
    case 'incident.assign':
    case 'incident.comment':
    case 'incident.standAlone':
    case 'issue.close': {
      const incident = shown.incidentDoc(command.incident)
      if (incident === undefined || !may(me.access, permission, incident.room)) throw new RoomkeeperError('incident.notFound')
      break
    }
    case 'rooms.enrol':
    case 'rooms.unenrol':
    case 'rooms.ring':
    case 'rooms.licence':
    case 'rooms.rename':
    case 'rooms.move':
    case 'rooms.replace': {
      const scopes = [permission, alsoNeeded[command.type] ?? []].flat().map((needed) => scopeOf(me.access, needed))
      const missing = command.rooms.find(
        (room) => !shown.reader.has('room', room) || scopes.some((scope) => scope !== 'all' && !scope.has(room)),
      )
      if (missing !== undefined) throw new RoomkeeperError('room.notFound', { params: { room: missing } })
      break
    }
    case 'issue.report':
    case 'suppression.save': {
      const scope = scopeOf(me.access, permission)
      const missing = command.rooms.find((room) => !shown.reader.has('room', room) || (scope !== 'all' && !scope.has(room)))
      if (missing !== undefined) throw new RoomkeeperError('room.notFound', { params: { room: missing } })
      break
    }
    case 'suppression.end':
    case 'suppression.confirm':
      // Which rooms they are over, the service knows.
      break
    case 'settings.change': {
      if (!mayChangeSettings(me.access, command.changes)) throw new RoomkeeperError('access.denied')
      const settings = shown.settings()
      if (settings !== undefined && lacksContact(settings, command.changes))
        throw new RoomkeeperError('remote.contactMissing', { field: 'remoteContact' })
      break
    }
  }
}

/** Puts a command into the outbox after its checks. Errors: as `checkCommand`, `outbox.full`, `outbox.locked`, `disk.failed`. */
export function submitCommand(shown: Shown, command: QueuedCommand): CommandKey {
  checkCommand(shown, command)
  return shown.outbox.submit(command)
}

const roomsNamed = 3

function namesOf(shown: Shown, rooms: readonly RoomId[]): string {
  const names = rooms.slice(0, roomsNamed).flatMap((room) => shown.reader.get('room', room)?.name ?? [])
  const more = rooms.length - names.length
  return more === 0 ? names.join(', ') : `${names.join(', ')} +${more}`.trim()
}

/** What a command is about, in the words of the cache: "#12 Boardroom", "Lab 1, Lab 2 +3"; '' for the tenant. */
export function subjectOf(shown: Shown, command: QueuedCommand): string {
  switch (command.type) {
    case 'incident.acknowledge':
    case 'incident.unacknowledge':
    case 'incident.assign':
    case 'incident.comment':
    case 'incident.standAlone':
    case 'issue.close': {
      const incident = shown.incidentDoc(command.incident)
      if (incident === undefined) return ''
      return `${incident.number === 0 ? '' : `#${incident.number} `}${shown.reader.get('room', incident.room)?.name ?? ''}`.trim()
    }
    case 'rooms.enrol':
    case 'rooms.unenrol':
    case 'rooms.ring':
    case 'rooms.licence':
    case 'rooms.rename':
    case 'rooms.move':
    case 'rooms.replace':
    case 'issue.report':
      return namesOf(shown, command.rooms)
    case 'suppression.save':
      return command.rooms.length === 0 ? command.reason : namesOf(shown, command.rooms)
    case 'suppression.end':
      return command.within === undefined ? '' : namesOf(shown, command.within)
    case 'suppression.confirm':
    case 'settings.change':
      return ''
  }
}
