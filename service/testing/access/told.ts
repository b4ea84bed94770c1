import { GroupId } from '../../../contract/ids.ts'
import type { Deed } from './deed.ts'
import { isHidden } from './hidden.ts'
import { isOnOwn } from './laws.ts'
import type { Told } from './world.ts'

/** What whoever sent a command is told, and what a refusal must not say. */

export const textOf = (told: Told): string => (told.outcome === 'refused' ? `refused: ${told.code}` : JSON.stringify(told))

/** 5xx are no outcomes. */
export const isUnavailable = ({ code }: Extract<Told, { outcome: 'refused' }>): boolean =>
  code === 'directory.unavailable' || code === 'service.unavailable'
export const isOutcome = (told: Told): boolean => told.outcome !== 'refused' || !isUnavailable(told)

/** A room out of reach is answered like one that is not there. */
export function hiddenOrMissing(deeds: readonly Deed[], { code }: Extract<Told, { outcome: 'refused' }>): string | undefined {
  const isAboutRooms = deeds.every(({ command }) => command.type.startsWith('rooms.') || command.type.startsWith('incident.'))
  // Of rooms that are theirs to change they may be told more.
  if (!isAboutRooms || deeds.length === 0 || deeds.every(isOnOwn) || ['room.notFound', 'incident.notFound', 'access.denied'].includes(code))
    return undefined
  return 'what is hidden is to be answered like what is missing'
}

/** A refusal does not say how something is called that its sender cannot see. */
export function nameGivenAway(deeds: readonly Deed[], { said }: Extract<Told, { outcome: 'refused' }>): string | undefined {
  for (const { at, maker, command, before } of deeds) {
    for (const [id, { name }] of Object.entries(before.tenants[at].groups)) {
      const isTyped = 'name' in command && command.name === name
      if (!isTyped && said.includes(name) && isHidden(before, at, maker, { type: 'group.delete', group: GroupId.parse(id) }))
        return `it names ${name}, which is hidden`
    }
  }
  return undefined
}
