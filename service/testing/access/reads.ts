import { z } from 'zod'
import { AssignmentId, GroupId, RoleId } from '../../../contract/ids.ts'
import { ghost, incidentOf, keyOf, type Organisation, people, type Person } from './cast.ts'
import { assignmentsOf, type Facts, holds, isProManager, type Power, powers, roomsHeld, roomsOf, type Subject, subjectOf } from './facts.ts'
import { isHidden } from './hidden.ts'
import { ownerIsTold } from './laws.ts'
import type { Answer } from './surface.ts'
import type { World } from './world.ts'

/**
 * Every route by which people read: who is let in by it, that its answer is cut to what they may know, and that what is hidden
 * from them is answered like what there is not (PAR-4).
 */

type Has = (power: Power, over?: 'all' | 'any') => boolean

/** Who is let in by each route; one that is not named here is a mistake of this table. */
const letsIn: Readonly<Record<string, (has: Has, asker: { readonly own: boolean; readonly audits: boolean }) => boolean>> = {
  'GET /v1/me': () => true,
  'GET /v1/snapshot': () => true,
  'GET /v1/customers': (_, { own }) => own,
  'GET /v1/people': (has) => has('incidents.view'),
  'POST /v1/people/owners': (has) => has('incidents.view'),
  'GET /v1/rooms': (has) => has('rooms.view'),
  'GET /v1/rooms/:room': (has) => has('rooms.view'),
  'GET /v1/rooms/:room/transitions': (has) => has('rooms.view'),
  'GET /v1/rooms/:room/state': (has) => has('rooms.view'),
  'GET /v1/suppressions': (has) => has('rooms.view'),
  'GET /v1/suppressions/:suppression/hidden': (has) => has('rooms.view'),
  'GET /v1/incidents': (has) => has('incidents.view'),
  'GET /v1/incidents/:incident': (has) => has('incidents.view'),
  'GET /v1/incidents/:incident/entries': (has) => has('incidents.view'),
  'GET /v1/roles': (has) => has('roles.view'),
  'GET /v1/assignments': (has) => has('roles.view'),
  'GET /v1/explain': (has) => has('roles.view'),
  'GET /v1/explain/people/:person': (has) => has('roles.view'),
  'GET /v1/groups': (has) => has('groups.view') || has('roles.view'),
  'POST /v1/groups/preview': (has) => has('groups.view'),
  'GET /v1/partners': (has) => has('settings.view') || has('roles.view'),
  'GET /v1/policy': (has, { own }) => own && has('roles.view', 'all'),
  'GET /v1/directory': (has, { own }) =>
    has('roles.modify') || (own && (has('settings.modify', 'all') || has('managing customers', 'all'))),
  'GET /v1/enrolment/key': (has) => has('rooms.downloadKey'),
  'GET /v1/enrolment/installer': (has) => has('rooms.create') || has('settings.view'),
  'GET /v1/audit': (_, { audits }) => audits,
  'GET /v1/audit.csv': (_, { audits }) => audits,
  'GET /v1/audit/check': (_, { audits }) => audits,
  'GET /v1/incidents/:incident/notifications': (has) => has('incidents.view'),
  'POST /v1/notifications/try': (has) => has('incidents.view'),
  'GET /v1/notifications/rules': (has) => has('incidents.view'),
  'GET /v1/notifications/endpoints': (has, { own }) => own && has('settings.modify', 'all'),
  'GET /v1/sessions': (_, { audits }) => audits,
  'GET /v1/sessions.csv': (_, { audits }) => audits,
}
/** What changes something, is not asked by people, or is its own file's matter: it has no place among reads. */
const others = new Set(['POST /v1/enrolment/key/reset', 'POST /v1/enrolments', 'POST /v1/notifications/read'])

const nobody = '00000000-0000-7000-8000-000000099998'
/** What each is asked with, where it takes something: for a thing of each kind, there or not. */
const askedWith: Readonly<Record<string, (ids: Ids) => { readonly path?: string; readonly body?: object }>> = {
  'POST /v1/people/owners': ({ room }) => ({ body: { rooms: [room] } }),
  'GET /v1/rooms/:room': ({ room }) => ({ path: `/v1/rooms/${room}` }),
  'GET /v1/rooms/:room/transitions': ({ room }) => ({ path: `/v1/rooms/${room}/transitions` }),
  'GET /v1/rooms/:room/state': ({ room }) => ({ path: `/v1/rooms/${room}/state?at=1` }),
  'GET /v1/incidents': ({ room }) => ({ path: `/v1/incidents?room=${room}` }),
  'GET /v1/incidents/:incident': ({ incident }) => ({ path: `/v1/incidents/${incident}` }),
  'GET /v1/incidents/:incident/entries': ({ incident }) => ({ path: `/v1/incidents/${incident}/entries` }),
  'GET /v1/incidents/:incident/notifications': ({ incident }) => ({ path: `/v1/incidents/${incident}/notifications` }),
  'POST /v1/notifications/try': ({ group }) => ({
    body: {
      rule: {
        name: 'Mine',
        on: true,
        what: { events: ['opened'], severities: ['important'], groups: [group], mine: false },
        when: { timeZone: 'UTC' },
        language: 'en',
        to: { kind: 'me', console: true, desktop: false, email: false },
      },
    },
  }),
  'GET /v1/assignments': ({ role }) => ({ path: `/v1/assignments?role=${role}` }),
  'GET /v1/explain': ({ room }) => ({ path: `/v1/explain?permission=rooms.view&room=${room}` }),
  'GET /v1/explain/people/:person': ({ person }) => ({ path: `/v1/explain/people/${person}` }),
  'GET /v1/groups': ({ group }) => ({ path: `/v1/groups?group=${group}` }),
  'POST /v1/groups/preview': ({ room }) => ({ body: { rooms: [room], rule: null } }),
  'GET /v1/directory': () => ({ path: '/v1/directory?text=a' }),
  'GET /v1/audit.csv': () => ({ path: '/v1/audit.csv?from=0&to=9999999999999' }),
  'GET /v1/sessions.csv': () => ({ path: '/v1/sessions.csv?from=0&to=9999999999999' }),
}
interface Ids {
  readonly room: string
  readonly incident: string
  readonly role: string
  readonly group: string
  readonly person: string
}
const missing: Ids = {
  room: ghost,
  incident: incidentOf({ id: ghost }),
  role: 'role-99',
  group: '00000000-0000-7000-8000-000000099999',
  person: nobody,
}

const Items = z.object({ items: z.array(z.object({ id: z.string(), email: z.string().optional(), room: z.string().optional() })) })
function itemsOf({ status, text }: Answer): z.infer<typeof Items>['items'] {
  if (status !== 200) throw new Error(`A list answered ${status}: ${text}`)
  return Items.parse(JSON.parse(text)).items
}
const sorted = (ids: Iterable<string>): string => [...ids].sort().join()

export async function checkReads(world: World, facts: Facts, at: Organisation, person: Person): Promise<string | undefined> {
  const viewer = subjectOf(person, facts)
  if (!viewer || typeof (await world.caller(person, at)) === 'string') return undefined
  const said = await new Reader(world, facts, at, person, viewer).check()
  return said === undefined ? undefined : `${keyOf(person)} at ${at}: ${said}`
}

class Reader {
  readonly #world: World
  readonly #facts: Facts
  readonly #at: Organisation
  readonly #person: Person
  readonly #viewer: Subject

  constructor(world: World, facts: Facts, at: Organisation, person: Person, viewer: Subject) {
    this.#world = world
    this.#facts = facts
    this.#at = at
    this.#person = person
    this.#viewer = viewer
  }

  async check(): Promise<string | undefined> {
    const { routes } = await this.#world.surface()
    for (const { method, path } of routes) {
      const name = `${method} ${path}`
      if (method === 'HEAD' || others.has(name)) continue
      const rule = letsIn[name]
      if (!rule) return `${name} is not known here`
      const wrong = await this.#route(name, rule)
      if (wrong !== undefined) return `${name}: ${wrong}`
    }
    return (await this.#listed()) ?? (await this.#owners())
  }

  #has: Has = (power, over = 'any') => holds(this.#facts, this.#at, this.#viewer, power, over)

  async #route(name: string, rule: (typeof letsIn)[string]): Promise<string | undefined> {
    const own = this.#viewer.home === this.#at
    const audits = own && (isProManager(this.#facts, this.#at, this.#viewer) || this.#viewer.globalAdministrator)
    const gone = await this.#ask(name, missing)
    if ((gone.status === 403) === rule(this.#has, { own, audits })) return `answered ${gone.status}, which is not for them to get`
    const hidden = await this.#hiddenIds()
    for (const [kind, ids] of Object.entries(hidden)) {
      for (const id of ids) {
        const there = await this.#ask(name, { ...missing, [kind]: id })
        const alike = ({ text }: Answer): string => [id, ...Object.values(missing)].reduce((some, one) => some.replaceAll(one, 'ID'), text)
        if (there.status !== gone.status || alike(there) !== alike(gone))
          return `of a hidden ${kind}: ${there.status} ${there.text}; of none: ${gone.status} ${gone.text}`
      }
    }
    const told = [gone, ...(name in askedWith ? [await this.#world.ask(this.#person, this.#at, ...plain(name))] : [])]
    for (const { text } of told) {
      const leak = this.#secrets(hidden).find((secret) => text.includes(secret))
      if (leak !== undefined) return `names ${leak}, which is hidden`
    }
    return undefined
  }

  async #ask(name: string, ids: Ids): Promise<Answer> {
    const [method, path] = plain(name)
    const { path: asked = path, body } = askedWith[name]?.(ids) ?? {}
    return this.#world.ask(this.#person, this.#at, method, asked, body)
  }

  /** Rooms on which they hold nothing at all, and what else they may not know of. */
  async #hiddenIds(): Promise<Record<keyof Ids, string[]>> {
    const tenant = this.#facts.tenants[this.#at]
    const rooms = roomsOf(this.#facts, this.#at).filter(
      (room) => !powers.some((power) => holds(this.#facts, this.#at, this.#viewer, power, room)),
    )
    const persons = people.filter((person) => {
      const other = subjectOf(person, this.#facts)
      return this.#viewer.home !== this.#at && other && other.home === this.#at
    })
    const ids = await Promise.all(persons.map((person) => this.#world.idOf(person, this.#at)))
    const unseen = (of: Power): string[] =>
      roomsOf(this.#facts, this.#at).flatMap((room) => (holds(this.#facts, this.#at, this.#viewer, of, room) ? [] : incidentOf(room)))
    return {
      room: rooms.map(({ id }) => id),
      incident: unseen('incidents.view'),
      role: Object.keys(tenant.roles).filter((role) =>
        isHidden(this.#facts, this.#at, this.#viewer, { type: 'role.delete', role: RoleId.parse(role) }),
      ),
      group: Object.keys(tenant.groups).filter((group) =>
        isHidden(this.#facts, this.#at, this.#viewer, { type: 'group.delete', group: GroupId.parse(group) }),
      ),
      person: ids.flatMap((id) => id ?? []),
    }
  }

  /** Texts that must stand in no answer. */
  #secrets({ room, group, role }: Record<keyof Ids, string[]>): string[] {
    const { rooms, assignments } = this.#facts.tenants[this.#at]
    const seen = new Set(Object.values(rooms).flatMap(({ id, name }) => (room.includes(id) ? [] : name)))
    /** What a hidden room is called, where none that they see is called so. */
    const nameOf = (id: string): string | undefined => {
      const name = rooms[id]?.name
      return name === undefined || seen.has(name) ? undefined : `"${name}"`
    }
    // Of one's own the id is known.
    const own = new Set(assignmentsOf(this.#facts, this.#at, this.#viewer))
    const unseen = Object.entries(assignments)
      .flatMap(([id, one]) => (own.has(one) ? [] : id))
      .filter((assignment) =>
        isHidden(this.#facts, this.#at, this.#viewer, { type: 'assignment.delete', assignment: AssignmentId.parse(assignment) }),
      )
    return [...room, ...room.flatMap((id) => nameOf(id) ?? []), ...group, ...role.map((id) => `"${id}"`), ...unseen]
  }

  /** What lists hold, exactly. */
  async #listed(): Promise<string | undefined> {
    const list = async (path: string) => itemsOf(await this.#world.ask(this.#person, this.#at, 'GET', path))
    if (this.#has('rooms.view')) {
      const [is, wanted] = [
        sorted((await list('/v1/rooms')).map(({ id }) => id)),
        sorted(roomsHeld(this.#facts, this.#at, this.#viewer, 'rooms.view')),
      ]
      if (is !== wanted) return `is told of the rooms ${is} and not ${wanted}`
    }
    if (!this.#has('incidents.view')) return undefined
    const [is, wanted] = [
      sorted((await list('/v1/incidents')).map(({ room }) => room ?? '')),
      sorted(roomsHeld(this.#facts, this.#at, this.#viewer, 'incidents.view')),
    ]
    if (is !== wanted) return `is told of incidents in ${is} and not ${wanted}`
    return this.#people(await list('/v1/people'), () => true)
  }

  /** Whom incidents of each room that they see can be given to. */
  async #owners(): Promise<string | undefined> {
    for (const room of roomsOf(this.#facts, this.#at)) {
      if (!holds(this.#facts, this.#at, this.#viewer, 'incidents.view', room)) continue
      const answer = await this.#world.ask(this.#person, this.#at, 'POST', '/v1/people/owners', { rooms: [room.id] })
      const wrong = await this.#people(itemsOf(answer), (other) => holds(this.#facts, this.#at, other, 'incidents.view', room))
      if (wrong !== undefined) return `of owners for ${room.id}: ${wrong}`
    }
    return undefined
  }

  async #people(items: z.infer<typeof Items>['items'], wants: (other: Subject) => boolean): Promise<string | undefined> {
    const told = new Map(items.map(({ id, email }) => [id, email]))
    for (const person of people) {
      const id = await this.#world.idOf(person, this.#at)
      const other = subjectOf(person, this.#facts)
      if (!id) continue
      const isTold = other !== undefined && wants(other) && ownerIsTold({ before: this.#facts, at: this.#at, maker: this.#viewer }, other)
      if (told.has(id) !== isTold) return `is ${isTold ? 'not ' : ''}told of ${keyOf(person)}`
      const addressed =
        id === (await this.#world.idOf(this.#person, this.#at)) ||
        (other !== undefined &&
          roomsOf(this.#facts, this.#at).some(
            (room) =>
              holds(this.#facts, this.#at, this.#viewer, 'roles.view', room) && holds(this.#facts, this.#at, other, 'incidents.view', room),
          ))
      if (isTold && (told.get(id) !== '') !== addressed) return `is ${addressed ? 'not ' : ''}told the address of ${keyOf(person)}`
    }
    return undefined
  }
}

function plain(name: string): ['GET' | 'POST', string] {
  const [method = '', path = ''] = name.split(' ')
  return [method === 'POST' ? 'POST' : 'GET', path]
}
