import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PeopleList } from '../../../contract/api.ts'
import { type CommandType, commandTypes } from '../../../contract/commands.ts'
import { Permission } from '../../../contract/permissions.ts'
import { GroupList, PartnerList } from '../../../contract/policyApi.ts'
import { admin, invitation, World } from '../../testing/partners/world.ts'

/**
 * What is hidden is answered exactly like what does not exist: every command and route that takes an id or a name is asked
 * about both, by people of small scopes, and the answers are compared byte for byte.
 */

const boss = 'boss@contoso.example'
const deputy = 'one@contoso.example'
const colleague = 'two@contoso.example'
const partner = 'one@fabrikam.example'

interface Asker {
  readonly email: typeof deputy | typeof partner
  readonly customer?: 'contoso'
}
const askers: readonly Asker[] = [{ email: deputy }, { email: partner, customer: 'contoso' }]

let world: World
let inside: string
let partnerRoom: string
/** Ids of what neither asker sees, each beside nothing at all. */
let hidden: {
  room: string
  group: string
  role: string
  assignment: string
  link: string
  person: string
  name: string
  suppression: string
  place: string
}

const done = async (command: Record<string, unknown>, email: Parameters<World['command']>[0] = boss): Promise<void> => {
  const answer = await world.command(email, command)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}
const saved = (changes: Record<string, unknown>) => ({
  type: 'assignment.save',
  assignment: v7(),
  role: 'siteTech',
  name: `A ${v7()}`,
  description: '',
  notify: false,
  members: [admin(colleague)],
  scope: 'all',
  ...changes,
})
const suppression = (changes: Record<string, unknown>) => ({
  suppression: v7(),
  rooms: [],
  groups: [],
  place: null,
  signals: null,
  reason: 'Works',
  owner: null,
  from: null,
  until: null,
  recurrence: null,
  ...changes,
})
const over = (...rooms: string[]) => ({ rooms, groups: [] })

beforeAll(async () => {
  world = await World.start()
  inside = await world.room('contoso')
  partnerRoom = await world.room('contoso')
  hidden = {
    room: await world.room('contoso'),
    group: v7(),
    role: v7(),
    assignment: v7(),
    link: '',
    person: '',
    name: `London ${v7()}`,
    suppression: v7(),
    place: `London tower ${v7()}`,
  }
  for (const email of [deputy, colleague] as const) await world.ask(email, '/v1/me')
  await done({ type: 'group.save', group: hidden.group, name: hidden.name, description: '', rooms: [hidden.room], rule: null })
  await done(saved({ assignment: hidden.assignment, name: hidden.name, scope: over(hidden.room) }))
  await done({ type: 'rooms.move', rooms: [hidden.room], place: { building: hidden.place } })
  await done({ type: 'suppression.save', ...suppression({ suppression: hidden.suppression, rooms: [hidden.room] }) })
  const far = invitation([], { domain: 'northwind.example', scope: over(hidden.room) })
  await done(far)
  await done({ type: 'invitation.accept', link: far.link, admins: [admin('boss@northwind.example')] }, 'boss@northwind.example')
  hidden.link = far.link
  const made = await world.command(
    'boss@northwind.example',
    { type: 'role.save', role: hidden.role, name: hidden.name, description: '', permissions: ['rooms.view'] },
    { customer: 'contoso' },
  )
  expect(made.status).toBe(200)
  const role = v7()
  const { type: _, role: __, ...first } = saved({ members: [admin(deputy)], scope: over(inside) })
  await done({ type: 'role.save', role, name: 'Deputy', description: '', permissions: [...Permission.options], first })
  const near = invitation([], { scope: over(partnerRoom) })
  await done(near)
  await done({ type: 'invitation.accept', link: near.link, admins: [admin(partner)] }, 'boss@fabrikam.example')
  const everyone = PeopleList.parse((await world.ask(boss, '/v1/people')).body).items
  hidden.person = everyone.find(({ name }) => name === 'boss@northwind.example')?.id ?? ''
  expect(hidden.person).not.toBe('')
}, 60_000)
afterAll(async () => world.close())

const ownRule = {
  name: 'Mine',
  on: true,
  what: { events: ['opened'], severities: ['important'], groups: [] as string[], mine: false },
  when: { timeZone: 'UTC' },
  language: 'en',
  to: { kind: 'me', console: true, desktop: false, email: false },
}
type Thing = 'suppression' | 'place' | 'room' | 'group' | 'role' | 'assignment' | 'link' | 'person' | 'name'
const control = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' }

/** For each command its kinds of ids and names, each in a command that is good but for it. `own`: a room of the asker. */
const commands: {
  readonly [T in CommandType]: (own: string) => readonly { readonly of: Thing; readonly make: (id: string) => Record<string, unknown> }[]
} = {
  // Incidents have one rule for all of their commands, and are asked about in everyRoute.
  'incident.acknowledge': () => [{ of: 'room', make: (incident) => ({ incident }) }],
  'incident.unacknowledge': () => [{ of: 'room', make: (incident) => ({ incident }) }],
  'incident.assign': () => [{ of: 'room', make: (incident) => ({ incident, owner: null }) }],
  'incident.comment': () => [{ of: 'room', make: (incident) => ({ incident, text: 'Hello' }) }],
  'incident.standAlone': () => [{ of: 'room', make: (incident) => ({ incident, alone: true }) }],
  'issue.report': (own) => [
    { of: 'room', make: (room) => ({ report: v7(), rooms: [own, room], incidents: [v7(), v7()], text: 'Dark', high: false }) },
  ],
  'issue.close': () => [{ of: 'room', make: (incident) => ({ incident, reason: 'Over' }) }],
  'rooms.enrol': (own) => [{ of: 'room', make: (room) => ({ rooms: [own, room] }) }],
  'rooms.unenrol': (own) => [{ of: 'room', make: (room) => ({ rooms: [own, room] }) }],
  'rooms.ring': (own) => [{ of: 'room', make: (room) => ({ rooms: [own, room], ring: 'Staging' }) }],
  'rooms.licence': (own) => [{ of: 'room', make: (room) => ({ rooms: [own, room], licence: 'pro' }) }],
  'rooms.rename': () => [{ of: 'room', make: (room) => ({ rooms: [room], name: 'Taken' }) }],
  'rooms.move': (own) => [{ of: 'room', make: (room) => ({ rooms: [own, room], place: { floor: '9' } }) }],
  'rooms.replace': (own) => [
    { of: 'room', make: (room) => ({ rooms: [own, room] }) },
    { of: 'room', make: (room) => ({ rooms: [room, own] }) },
  ],
  'suppression.save': (own) => [
    { of: 'room', make: (room) => suppression({ rooms: [own, room] }) },
    { of: 'group', make: (group) => suppression({ rooms: [own], groups: [group] }) },
    { of: 'place', make: (building) => suppression({ place: { building } }) },
    { of: 'person', make: (owner) => suppression({ rooms: [own], owner }) },
    { of: 'suppression', make: (id) => suppression({ rooms: [own], suppression: id }) },
  ],
  'suppression.end': (own) => [
    { of: 'suppression', make: (id) => ({ suppression: id }) },
    { of: 'suppression', make: (id) => ({ suppression: id, within: [own] }) },
  ],
  'suppression.confirm': () => [{ of: 'suppression', make: (id) => ({ suppression: id }) }],
  'settings.change': () => [],
  'role.save': () => [
    { of: 'role', make: (role) => ({ role, name: `R ${v7()}`, description: '', permissions: ['rooms.view'] }) },
    { of: 'name', make: (name) => ({ role: v7(), name: `${name.toUpperCase()} `, description: '', permissions: ['rooms.view'] }) },
  ],
  'role.delete': () => [{ of: 'role', make: (role) => ({ role }) }],
  'assignment.save': (own) => [
    { of: 'assignment', make: (assignment) => ({ ...saved({ assignment, scope: over(own) }) }) },
    { of: 'name', make: (name) => ({ ...saved({ name: name.toUpperCase(), scope: over(own) }) }) },
    { of: 'role', make: (role) => ({ ...saved({ role, scope: over(own) }) }) },
    { of: 'room', make: (room) => ({ ...saved({ scope: over(own, room) }) }) },
    { of: 'group', make: (group) => ({ ...saved({ scope: { rooms: [own], groups: [group] } }) }) },
  ],
  'assignment.delete': () => [{ of: 'assignment', make: (assignment) => ({ assignment }) }],
  'group.save': (own) => [
    { of: 'group', make: (group) => ({ group, name: `G ${v7()}`, description: '', rooms: [own], rule: null }) },
    { of: 'name', make: (name) => ({ group: v7(), name: name.toUpperCase(), description: '', rooms: [own], rule: null }) },
    { of: 'room', make: (room) => ({ group: v7(), name: `G ${v7()}`, description: '', rooms: [own, room], rule: null }) },
  ],
  'group.delete': () => [{ of: 'group', make: (group) => ({ group }) }],
  'partner.invite': (own) => [
    { of: 'room', make: (room) => ({ ...invitation([], { domain: 'adatum.example', scope: over(own, room) }) }) },
    { of: 'group', make: (group) => ({ ...invitation([], { domain: 'adatum.example', scope: { rooms: [own], groups: [group] } }) }) },
    { of: 'link', make: (link) => ({ ...invitation([], { link, domain: 'adatum.example', scope: over(own) }) }) },
  ],
  'partner.change': () => [{ of: 'link', make: (link) => ({ link, changeControl: control, remoteAccess: false, multiFactor: false }) }],
  'partner.remove': () => [{ of: 'link', make: (link) => ({ link }) }],
  'invitation.accept': () => [{ of: 'link', make: (link) => ({ link, admins: [admin(deputy)] }) }],
  'invitation.deny': () => [{ of: 'link', make: (link) => ({ link }) }],
  'customer.leave': () => [{ of: 'link', make: (link) => ({ link }) }],
  'tenantManagers.set': () => [{ of: 'person', make: (id) => ({ members: [{ kind: 'person', id }] }) }],
  // Requests that are out of reach are asked about in approvals.
  'request.decide': () => [{ of: 'room', make: (request) => ({ request, approve: true }) }],
  'request.withdraw': () => [{ of: 'room', make: (request) => ({ request }) }],
  'policy.import': () => [],
  // A group that is hidden is named like one that there is not: a rule tells of what its owner sees, whatever it names.
  'notifications.saveRule': () => [
    { of: 'group', make: (group) => ({ rule: v7(), draft: { ...ownRule, what: { ...ownRule.what, groups: [group] } } }) },
  ],
  'notifications.deleteRule': () => [],
  'endpoints.save': () => [],
  'endpoints.delete': () => [],
  'endpoints.test': () => [],
}

const routes: readonly { readonly of: Thing; readonly path: (id: string) => string; readonly body?: (id: string) => unknown }[] = [
  { of: 'room', path: (room) => `/v1/rooms/${room}` },
  { of: 'name', path: (name) => `/v1/rooms?name=${encodeURIComponent(name)}` },
  { of: 'room', path: (room) => `/v1/rooms/${room}/state?at=1` },
  { of: 'room', path: (room) => `/v1/incidents?room=${room}` },
  { of: 'room', path: (incident) => `/v1/incidents/${incident}` },
  { of: 'room', path: (incident) => `/v1/incidents/${incident}/entries` },
  { of: 'room', path: (room) => `/v1/explain?permission=rooms.view&room=${room}` },
  { of: 'person', path: (person) => `/v1/explain/people/${person}` },
  { of: 'group', path: (group) => `/v1/groups?group=${group}` },
  { of: 'room', path: () => '/v1/groups/preview', body: (room) => ({ rooms: [room], rule: null }) },
  { of: 'role', path: (role) => `/v1/assignments?role=${role}` },
  { of: 'link', path: (link) => `/v1/assignments?link=${link}` },
  { of: 'room', path: () => '/v1/sessions', body: (room) => ({ session: v7(), room, mode: 'view', key: 'a'.repeat(43) }) },
  { of: 'room', path: (session) => `/v1/sessions/${session}` },
  { of: 'suppression', path: (suppression) => `/v1/suppressions/${suppression}/hidden` },
  { of: 'room', path: () => '/v1/people/owners', body: (room) => ({ rooms: [room] }) },
]

const ghost = (of: Thing): string => (of === 'name' || of === 'place' ? `Oslo ${v7()}` : v7())
/** The answer without the id that was asked about, and without when it was. */
const said = ({ status, body }: { status: number; body: unknown }, id: string): string =>
  `${status} ${JSON.stringify(body)
    .replaceAll(id, 'ID')
    .replaceAll(/"at":\d+/g, '"at":0')}`

describe.each(askers)('[PAR-4] for $email, what is hidden is answered like what does not exist', ({ email, customer }) => {
  const within = customer === undefined ? {} : { customer }
  const own = () => (customer === undefined ? inside : partnerRoom)

  it.each(commandTypes)('by %s', async (type) => {
    for (const { of, make } of commands[type](own())) {
      const nothing = ghost(of)
      const [one, other] = [
        await world.command(email, { ...make(hidden[of]), type }, within),
        await world.command(email, { ...make(nothing), type }, within),
      ]
      expect([of, said(one, hidden[of])]).toEqual([of, said(other, nothing)])
      expect(one.code).not.toBe('request.invalid')
    }
  })

  it.each(routes)('by a route about a $of', async ({ of, path, body }) => {
    const nothing = ghost(of)
    const asked = async (id: string) => said(await world.ask(email, path(id), body?.(id), customer), id)
    expect(await asked(hidden[of])).toBe(await asked(nothing))
  })

  it('and what they can list names nothing of it', async () => {
    for (const path of ['/v1/roles', '/v1/assignments', '/v1/groups', '/v1/partners', '/v1/people', '/v1/rooms', '/v1/suppressions']) {
      const text = JSON.stringify((await world.ask(email, path, undefined, customer)).body)
      expect([path, /London|northwind/.test(text)]).toEqual([path, false])
    }
  })
})

it('[ACC-6] a hidden room that a group of one’s own holds is like one that there is not, and stays in it', async () => {
  const group = v7()
  const saving = (rooms: readonly string[]) => ({ type: 'group.save', group, name: `Both ${group}`, description: '', rooms, rule: null })
  await done(saving([inside, hidden.room]))
  const [there, missing] = [await world.command(deputy, saving([inside, hidden.room])), await world.command(deputy, saving([inside, v7()]))]
  expect([there.status, there.code]).toEqual([missing.status, missing.code])
  expect(missing.code).toBe('group.invalid')
  const described = { ...saving([inside]), description: 'Seen by the deputy' }
  // What it is called is said by whoever has all of it.
  expect((await world.command(deputy, described)).code).toBe('access.denied')
  await done({ ...described, rooms: [inside, hidden.room] })
  await done(described, deputy)
  const { items } = GroupList.parse((await world.ask(boss, `/v1/groups?group=${group}`)).body)
  const kept = items.map(({ description, rooms }) => [description, rooms.map(({ id }) => id).sort()])
  expect(kept).toEqual([[described.description, [inside, hidden.room].sort()]])
})

describe('[PAR-4] who is told of people', () => {
  it('[INC-5] for incidents of some rooms: those who see all of them', async () => {
    const names = async (...rooms: string[]) =>
      PeopleList.parse((await world.ask(boss, '/v1/people/owners', { rooms })).body).items.map(({ name }) => name)
    const [near, far, both] = [await names(inside), await names(partnerRoom), await names(inside, partnerRoom)]
    expect([near.includes(deputy), far.includes(deputy), both.includes(deputy)]).toEqual([true, false, false])
    expect([near.includes(partner), far.includes(partner)]).toEqual([false, true])
    expect(both).toContain(boss)
  })

  it('a technician: of those who see incidents of the same rooms, by name and of their own side', async () => {
    const own = v7()
    await done(saved({ assignment: own, members: [admin(colleague)], scope: over(partnerRoom) }))
    const items = PeopleList.parse((await world.ask(colleague, '/v1/people')).body).items
    expect(items.map(({ name }) => name)).toContain(boss)
    expect(items.filter(({ name }) => !name.endsWith('@contoso.example'))).toEqual([])
    expect(items.filter(({ email }) => email !== '').map(({ name }) => name)).toEqual([colleague])
    await done({ type: 'assignment.delete', assignment: own })
    expect(PartnerList.parse((await world.ask(boss, '/v1/partners')).body).items).toHaveLength(2)
  })
})
