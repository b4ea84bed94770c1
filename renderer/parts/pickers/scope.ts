import type { GroupId, RoomId } from '../../../contract/ids.ts'
import type { AssignmentScope } from '../../../contract/policy.ts'

export interface NamedRoom {
  readonly id: RoomId
  readonly name: string
  readonly building: string
}
export interface NamedGroup {
  readonly id: GroupId
  readonly name: string
  readonly rooms: number
}

/** A scope as it is chosen, with names. What was chosen by name stays chosen while "all" is on, for going back. */
export interface NamedScope {
  all: boolean
  rooms: NamedRoom[]
  groups: NamedGroup[]
}

export const noScope = (): NamedScope => ({ all: false, rooms: [], groups: [] })

/** As commands want it. */
export const scopeToSend = ({ all, rooms, groups }: NamedScope): AssignmentScope =>
  all ? 'all' : { rooms: rooms.map(({ id }) => id), groups: groups.map(({ id }) => id) }

export const isEmptyScope = ({ all, rooms, groups }: NamedScope): boolean => !all && rooms.length === 0 && groups.length === 0

/** The scope of an assignment or a link, with the names that came with it; what has none any more keeps its id. */
export function namedScope({
  scope,
  rooms,
  groups,
}: {
  scope: AssignmentScope
  rooms: readonly NamedRoom[]
  groups: readonly NamedGroup[]
}): NamedScope {
  if (scope === 'all') return { all: true, rooms: [], groups: [] }
  const knownRooms = new Map(rooms.map((room) => [room.id, room]))
  const knownGroups = new Map(groups.map((group) => [group.id, group]))
  return {
    all: false,
    rooms: scope.rooms.map((id) => knownRooms.get(id) ?? { id, name: id.slice(-12), building: '' }),
    groups: scope.groups.map((id) => knownGroups.get(id) ?? { id, name: id.slice(-12), rooms: 0 }),
  }
}
