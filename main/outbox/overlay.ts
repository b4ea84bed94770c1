import type { Command } from '../../contract/commands.ts'
import type { Doc, PersonRef } from '../../contract/entities.ts'
import { type CommandKey, EntryId, type PersonId } from '../../contract/ids.ts'

/**
 * What the operator did and the service has not confirmed yet, laid over what the service said (CON-3). Pure: the same
 * document and commands give the same picture, and laying them on twice, or over a document that has the change
 * already, changes nothing more.
 */

export interface Unsent {
  readonly key: CommandKey
  readonly issuedAt: number
  readonly command: Command
}

/** Who is acting, and what other people are called as far as the cache knows. */
export interface People {
  readonly me: PersonRef
  nameOf(person: PersonId): string
}

/** The things a command is about, as keys for "in order per thing". */
export function subjectsOf(command: Command): string[] {
  switch (command.type) {
    case 'incident.acknowledge':
    case 'incident.unacknowledge':
    case 'incident.assign':
    case 'incident.comment':
      return [`incident:${command.incident}`]
    case 'rooms.enrol':
    case 'rooms.unenrol':
      return command.rooms.map((room) => `room:${room}`)
    case 'settings.change':
      return ['settings']
  }
}

export function overlayIncident(incident: Doc<'incident'>, unsent: readonly Unsent[], people: People): Doc<'incident'> {
  return unsent.reduce((shown, { command, issuedAt }) => {
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
      case 'rooms.enrol':
      case 'rooms.unenrol':
      case 'settings.change':
        return shown
    }
  }, incident)
}

/** Comments that are not in the incident's history yet, newest first. Their id is the key of their command. */
export function pendingEntries(incident: Doc<'incident'>, unsent: readonly Unsent[], people: People): Doc<'entry'>[] {
  return unsent
    .flatMap(({ key, issuedAt, command }): Doc<'entry'>[] =>
      command.type === 'incident.comment'
        ? [
            {
              id: EntryId.parse(key),
              incident: incident.id,
              room: incident.room,
              kind: 'comment',
              actor: { kind: 'person', ...people.me },
              at: issuedAt,
              receivedAt: issuedAt,
              text: command.text,
            },
          ]
        : [],
    )
    .reverse()
}

/** Enrol makes a room that is onboarding enrolled; unenrol ends either. Anything else the service would refuse. */
export function overlayRoom(room: Doc<'room'>, unsent: readonly Unsent[]): Doc<'room'> {
  return unsent.reduce((shown, { command }) => {
    if (command.type === 'rooms.enrol' && shown.lifecycle === 'onboarding') return { ...shown, lifecycle: 'enrolled' }
    if (command.type === 'rooms.unenrol' && shown.lifecycle !== 'unenrolled') return { ...shown, lifecycle: 'unenrolled' }
    return shown
  }, room)
}

export function overlaySettings(settings: Doc<'settings'>, unsent: readonly Unsent[]): Doc<'settings'> {
  return unsent.reduce((shown, { command }) => (command.type === 'settings.change' ? { ...shown, ...command.changes } : shown), settings)
}

/** Types of the unsent commands, each once, in order: the `pending` of a view. */
export const pendingTypes = (unsent: readonly Unsent[]): string[] => [...new Set(unsent.map(({ command }) => command.type))]
