import type { LinkId } from '../../../contract/ids.ts'
import type { Permission } from '../../../contract/permissions.ts'
import type { Organisation, Person } from './cast.ts'

/**
 * Access by the words of the requirements (ACC-2 to ACC-6, PAR-3, PAR-4), over plain data: no index, no set that is kept,
 * one question at a time. It shares nothing with the product but the names of permissions.
 */

export interface Member {
  readonly kind: 'person' | 'group'
  readonly id: string
}

export type Scope = 'all' | { readonly rooms: readonly string[]; readonly groups: readonly string[] }

export interface Role {
  readonly link: string | null
  readonly name: string
  readonly permissions: readonly string[]
}

export interface Group {
  readonly name: string
  readonly rooms: readonly string[]
  /** The building that its rule asks for; null: it has no rule. */
  readonly building: string | null
}

export interface Assignment {
  readonly link: string | null
  readonly role: string
  readonly name: string
  readonly description: string
  readonly members: readonly Member[]
  readonly scope: Scope
  readonly builtIn: boolean
}

export interface Link {
  readonly id: LinkId
  readonly active: boolean
  readonly scope: Scope
  readonly manual: boolean
  readonly remoteAccess: boolean
  readonly multiFactor: boolean
}

/** A room as it is called, where it is, and whose device stands in it. */
export interface RoomFact {
  readonly id: string
  readonly name: string
  readonly building: string
  readonly lifecycle: string
  readonly device: string
}

/** What an organisation's tenant says. */
export interface TenantFacts {
  readonly rooms: Readonly<Record<string, RoomFact>>
  /** Whose open incidents are: by the incident's id, the key of a person. */
  readonly owners: Readonly<Record<string, string>>
  readonly roles: Readonly<Record<string, Role>>
  readonly groups: Readonly<Record<string, Group>>
  readonly assignments: Readonly<Record<string, Assignment>>
  /** The one link of the customer with its partner. */
  readonly link: Link | null
}

/** Who is in a directory, and in which security groups. */
export interface DirectoryFacts {
  readonly people: readonly string[]
  readonly groups: Readonly<Record<string, readonly string[]>>
}

export interface Facts {
  readonly tenants: Readonly<Record<Organisation, TenantFacts>>
  readonly directories: Readonly<Record<Organisation, DirectoryFacts>>
}

/** The table of permissions: Pro Manager, Site Lead, Site Tech, Primary Admin. */
const table: Readonly<Record<Permission, string>> = {
  'rooms.view': 'PLTA',
  'rooms.modify': 'PLTA',
  'rooms.resetKey': 'P',
  'rooms.downloadKey': 'PLT',
  'rooms.unenroll': 'PLT',
  'rooms.create': 'PL',
  'groups.view': 'PLA',
  'groups.modify': 'PL',
  'groups.create': 'PL',
  'rings.view': 'PLA',
  'rings.modify': 'PLA',
  'reports.view': 'PLA',
  'incidents.create': 'PLTA',
  'incidents.view': 'PLTA',
  'incidents.update': 'PLTA',
  'settings.view': 'P',
  'settings.modify': 'P',
  'roles.view': 'PA',
  'roles.modify': 'PA',
  'remoteAccess.view': '',
  'remoteAccess.modify': '',
}
const letters: Readonly<Record<string, string>> = { proManager: 'P', siteLead: 'L', siteTech: 'T', primaryAdmin: 'A' }

/** What built-in roles give beyond their permissions; judged like permissions when something is given away. */
export type Power = Permission | 'being Pro Manager' | 'being Primary Admin' | 'managing customers'

const isKey = (text: string): text is Permission => text in table
export const permissions: readonly Permission[] = Object.keys(table).filter(isKey)
export const powers: readonly Power[] = [...permissions, 'being Pro Manager', 'being Primary Admin', 'managing customers']

export const isRemote = (power: string): boolean => power.startsWith('remoteAccess.')
/** What a Primary Admin holds. */
export const isOfPrimaryAdmin = (power: string): boolean => isKey(power) && table[power].includes('A')

/** Who asks or is asked about: a person, or whoever may come into a security group. */
export interface Subject {
  readonly home: Organisation
  readonly id: string
  readonly globalAdministrator: boolean
  readonly groups: readonly string[]
}

/** A person as a directory has them; of one that it does not know (any more) nothing counts. */
export function subjectOf({ home, id, globalAdministrator }: Person, { directories }: Pick<Facts, 'directories'>): Subject | undefined {
  const directory = directories[home]
  if (!directory.people.includes(id)) return undefined
  return { home, id, globalAdministrator, groups: Object.keys(directory.groups).filter((group) => directory.groups[group]?.includes(id)) }
}

/** A room, or one to come: `added` stands in a link's scope whatever that says, `group` in a group. */
export interface Place {
  readonly id: string
  readonly building: string
  readonly added?: boolean
  readonly group?: string
}

export const roomsOf = ({ tenants }: Pick<Facts, 'tenants'>, at: Organisation): readonly RoomFact[] => Object.values(tenants[at].rooms)

export function covers({ groups }: TenantFacts, scope: Scope, place: Place): boolean {
  if (scope === 'all' || scope.rooms.includes(place.id)) return true
  for (const id of scope.groups) {
    const group = groups[id]
    if (id === place.group || group?.rooms.includes(place.id) || (group?.building != null && group.building === place.building)) return true
  }
  return false
}

export const reachesRoom = (tenant: TenantFacts, scope: Scope): boolean =>
  scope === 'all' || scope.rooms.length > 0 || Object.values(tenant.rooms).some((room) => covers(tenant, scope, room))

const names = ({ members }: Assignment, { id, groups }: Subject): boolean =>
  members.some((member) => (member.kind === 'person' ? member.id === id : groups.includes(member.id)))

function gives(tenant: TenantFacts, { link, role }: Assignment, power: Power): boolean {
  if (role === 'tenantManager') return link === null && power === 'managing customers'
  const letter = letters[role]
  if (letter === undefined) {
    const custom = tenant.roles[role]
    if (!custom || custom.link !== link || !custom.permissions.includes(power)) return false
    return link === null || isOfPrimaryAdmin(power) || (isRemote(power) && tenant.link?.remoteAccess === true)
  }
  if ((letter === 'A') !== (link !== null)) return false
  if (power === 'being Pro Manager' || power === 'managing customers') return letter === 'P'
  if (power === 'being Primary Admin') return letter === 'A'
  return table[power].includes(letter)
}

/** Of which side someone is in a tenant: their own, under the active link, or none. */
export function sideOf({ tenants }: Facts, at: Organisation, { home }: Pick<Subject, 'home'>): string | null | undefined {
  if (home === at) return null
  const { link } = tenants[at]
  return link?.active ? link.id : undefined
}

/** The assignments that reach someone. */
export function assignmentsOf(facts: Facts, at: Organisation, subject: Subject): Assignment[] {
  const side = sideOf(facts, at, subject)
  if (side === undefined) return []
  return Object.values(facts.tenants[at].assignments).filter((assignment) => assignment.link === side && names(assignment, subject))
}

/**
 * Does this person hold it (ACC-6): on a room; over all rooms, those to come included; or at all, be it over no room?
 */
export function holds(facts: Facts, at: Organisation, subject: Subject, power: Power, over: Place | 'all' | 'any'): boolean {
  const tenant = facts.tenants[at]
  if (subject.globalAdministrator && subject.home === at && !isRemote(power) && !power.startsWith('being ')) return true
  for (const assignment of assignmentsOf(facts, at, subject)) {
    if (!gives(tenant, assignment, power)) continue
    // A room is where this tenant has it.
    const place = typeof over === 'string' ? over : (tenant.rooms[over.id] ?? over)
    const scope: Scope = assignment.builtIn || assignment.role === 'proManager' ? 'all' : assignment.scope
    const within: Scope = assignment.link === null ? 'all' : (tenant.link?.scope ?? { rooms: [], groups: [] })
    if (place === 'any') return true
    if (place === 'all') {
      if (scope === 'all' && within === 'all') return true
    } else if (covers(tenant, scope, place) && (('added' in place && place.added) || covers(tenant, within, place))) return true
  }
  return false
}

/** A Pro Manager of the tenant itself, who may give anything to anyone. */
export const isProManager = (facts: Facts, at: Organisation, subject: Subject): boolean =>
  subject.home === at && holds(facts, at, subject, 'being Pro Manager', 'all')

/** A Pro Manager or Global Administrator of the tenant itself. */
export const manages = (facts: Facts, at: Organisation, subject: Subject): boolean =>
  isProManager(facts, at, subject) || (subject.globalAdministrator && subject.home === at)

/** The rooms on which someone holds it, by name. */
export const roomsHeld = (facts: Facts, at: Organisation, subject: Subject, power: Power): string[] =>
  roomsOf(facts, at)
    .filter((room) => holds(facts, at, subject, power, room))
    .map(({ id }) => id)
