import { AssignmentId, GroupId, IncidentId, LinkId, RoleId, RoomId } from '../../../contract/ids.ts'

/**
 * Who and what the model of access plays with: a customer, its partner, and ids that mean the same in every run. Both
 * directories know a Sam and a group "crew" by the same object ids: who takes one for the other is found out.
 */

export const organisations = ['contoso', 'fabrikam'] as const
export type Organisation = (typeof organisations)[number]

/** A person of a directory: the organisation, and the object id there. */
export interface Person {
  readonly home: Organisation
  readonly id: string
  /** What their tokens say. */
  readonly globalAdministrator: boolean
}

const person = (home: Organisation, id: string, globalAdministrator = false): Person => ({ home, id, globalAdministrator })

export const people: readonly Person[] = [
  person('contoso', 'ada'),
  person('contoso', 'ben'),
  person('contoso', 'cleo'),
  person('contoso', 'dan'),
  person('contoso', 'gil', true),
  person('contoso', 'sam'),
  person('fabrikam', 'pia'),
  person('fabrikam', 'pat'),
  person('fabrikam', 'quin'),
  person('fabrikam', 'sam'),
]

export const keyOf = ({ home, id }: Pick<Person, 'home' | 'id'>): string => `${home}/${id}`
/** What tokens and directories call them. */
export const nameOf = ({ home, id }: Pick<Person, 'home' | 'id'>): string => `${id} of ${home}`

export const firstGroups: Readonly<Record<Organisation, Readonly<Record<string, readonly string[]>>>> = {
  contoso: { crew: ['dan'], night: ['sam'] },
  fabrikam: { crew: ['pat', 'sam'], night: ['quin'] },
}
export const securityGroups = ['crew', 'night'] as const

const uuid = (kind: number, n: number): string => `00000000-0000-7000-8000-0000000${kind}000${n}`

export interface Room {
  readonly id: RoomId
  readonly name: string
  readonly building: string
}

const room = (n: number, building: string): Room => ({ id: RoomId.parse(uuid(1, n)), name: `Room ${n}`, building })

export const rooms: Readonly<Record<Organisation, readonly Room[]>> = {
  contoso: [room(1, 'East'), room(2, 'East'), room(3, 'West')],
  fabrikam: [room(5, 'East'), room(6, 'West')],
}
/** The incident of a room. */
export const incidentOf = ({ id }: { readonly id: string }): IncidentId => IncidentId.parse(id.replace('000000010', '000000060'))
/** An id that no room has. */
export const ghost = RoomId.parse(uuid(1, 9))

export const assignmentIds = [1, 2, 3, 4, 5, 6, 7].map((n) => AssignmentId.parse(uuid(2, n)))
export const groupIds = [1, 2, 3].map((n) => GroupId.parse(uuid(3, n)))
export const linkIds = [1, 2].map((n) => LinkId.parse(uuid(4, n)))
export const roleIds = ['role-1', 'role-2', 'role-3', 'role-4'].map((id) => RoleId.parse(id))
export const builtIn = (id: 'proManager' | 'siteLead' | 'siteTech' | 'primaryAdmin') => RoleId.parse(id)

/** The nth, from the start again after the last. */
export function nth<T>(items: readonly T[], n: number): T {
  const item = items[n % items.length]
  if (item === undefined) throw new Error('There is none to choose from.')
  return item
}
