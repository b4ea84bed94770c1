import type { Command } from '../../../contract/commands.ts'
import type { Effect } from '../../../contract/policyApi.ts'
import type { Caller } from '../../ground/caller.ts'
import { type Organisation, people } from './cast.ts'
import { type Facts, holds, permissions, roomsOf, subjectOf } from './facts.ts'

/** What a preview said, against what became of it (ACC-7). */
export interface Previewed {
  readonly effect: Effect
  readonly at: Organisation
  readonly before: Facts
  readonly after: Facts
  readonly caller: Caller
  readonly command: Command
}

interface Change {
  readonly people: number
  readonly rooms: number
}

export function checkEffect({ effect, at, before, after, caller, command }: Previewed): string | undefined {
  if (!/^(role|assignment|group)\.|^partner\.remove$|^policy\./.test(command.type)) return undefined
  const told = people.filter(({ home }) => caller.link === undefined || home !== at)
  const gain = changeOf(told, at, before, after)
  const lose = changeOf(told, at, after, before)
  const text = (one: { gain: Change; lose: Change }): string =>
    `${one.gain.people} people gain ${one.gain.rooms} rooms, ${one.lose.people} lose ${one.lose.rooms}`
  const [said, is] = [text(effect), text({ gain, lose })]
  return said === is ? undefined : `its preview says that ${said}, and ${is}`
}

/** Who has afterwards, of any permission, what they had not before. */
function changeOf(some: typeof people, at: Organisation, before: Facts, after: Facts): Change {
  const gaining = new Set<string>()
  const gained = new Set<string>()
  for (const person of some) {
    const [was, now] = [subjectOf(person, before), subjectOf(person, after)]
    if (!was || !now) continue
    for (const permission of permissions) {
      if (holds(after, at, now, permission, 'any') && !holds(before, at, was, permission, 'any')) gaining.add(`${person.home}/${person.id}`)
      for (const room of roomsOf(after, at)) {
        if (!holds(after, at, now, permission, room) || holds(before, at, was, permission, room)) continue
        gaining.add(`${person.home}/${person.id}`)
        gained.add(room.id)
      }
    }
  }
  return { people: gaining.size, rooms: gained.size }
}
