import type { Subject } from '../contract/evaluate.ts'
import { AssignmentId, GroupId, PersonId, RoleId, RoomId } from '../contract/ids.ts'
import type { Assignment, Policy, RoomFacts } from '../contract/policy.ts'

/** A large organisation, the same at every run: rooms in buildings, people in security groups, assignments over both. */

export const size = { rooms: 100_000, assignments: 5_000, people: 20_000, roomGroups: 1_000, securityGroups: 2_000 } as const
const roomsPerBuilding = 200

export const uuid = (kind: number, n: number): string =>
  `00000000-0000-7000-8${kind.toString(16).padStart(3, '0')}-${n.toString(16).padStart(12, '0')}`

/** Numbers that look like chance and are the same every time (a linear congruence). */
export function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export interface Organisation {
  readonly policy: Policy
  readonly rooms: readonly RoomFacts[]
  readonly people: readonly Subject[]
}

export function makeOrganisation(): Organisation {
  const pick = chance(7)
  const rooms = Array.from({ length: size.rooms }, (_, n): RoomFacts => ({
    id: RoomId.parse(uuid(1, n)),
    name: `Room ${n}`,
    place: { country: 'FR', city: `City ${n % 40}`, building: `Building ${Math.floor(n / roomsPerBuilding)}`, floor: String(n % 9) },
  }))
  const groups = Array.from({ length: size.roomGroups }, (_, n) => ({
    id: GroupId.parse(uuid(2, n)),
    name: `Group ${n}`,
    description: '',
    // One in ten is found by a rule; the others name the rooms of half a building.
    rooms: n % 10 === 0 ? [] : rooms.slice((n * 100) % size.rooms, ((n * 100) % size.rooms) + 100).map(({ id }) => id),
    rule:
      n % 10 === 0
        ? { match: 'all' as const, conditions: [{ field: 'building' as const, is: 'equal' as const, value: `Building ${n % 500}` }] }
        : null,
  }))
  const people = Array.from({ length: size.people }, (_, n): Subject => ({
    id: PersonId.parse(uuid(3, n)),
    objectId: uuid(4, n),
    globalAdministrator: false,
    groups: [uuid(5, n % size.securityGroups)],
    link: null,
    removed: false,
  }))
  const assignments = Array.from({ length: size.assignments }, (_, n): Assignment => ({
    id: AssignmentId.parse(uuid(6, n)),
    link: null,
    role: RoleId.parse(n === 0 ? 'proManager' : n % 3 === 0 ? 'siteLead' : 'siteTech'),
    name: `Assignment ${n}`,
    description: '',
    notify: false,
    builtIn: false,
    members: [
      { kind: 'group', id: uuid(5, pick(size.securityGroups)) },
      { kind: 'person', id: uuid(4, pick(size.people)) },
    ],
    scope: {
      rooms: Array.from({ length: 5 }, () => RoomId.parse(uuid(1, pick(size.rooms)))),
      groups: [GroupId.parse(uuid(2, pick(size.roomGroups)))],
    },
  }))
  return { policy: { roles: [], groups, assignments, links: [] }, rooms, people }
}
