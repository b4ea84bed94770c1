import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { IncidentList } from '../../../contract/api.ts'
import { Command, commandTypes, PolicyCommand } from '../../../contract/commands.ts'
import { until } from '../../../contract/testing/wait.ts'
import { TestDevice } from '../../testing/agents/device.ts'
import { type Answered, invitation, objectIdOf, World } from '../../testing/partners/world.ts'

/**
 * Every route of the service's own description, asked by every role about what is within its scope, outside of it, and
 * about what there is not: the last two must not be told apart, and no answer may name what lies outside.
 */

const OpenApi = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ security: z.array(z.unknown()).optional() }).loose())),
})

/** Nothing of the room outside may be read by those who may not see it. */
const secret = 'Zugspitze'

interface Asker {
  readonly name: string
  readonly email: 'one@contoso.example' | 'two@contoso.example' | 'one@fabrikam.example' | 'boss@adatum.example' | 'two@adatum.example'
  readonly customer?: 'contoso'
  /** Custom permissions over the room inside, or a built-in role; none: no role at all. */
  readonly role?: string
}

const askers: readonly Asker[] = [
  { name: 'Site Lead', email: 'one@contoso.example', role: 'siteLead' },
  { name: 'Site Tech', email: 'one@contoso.example', role: 'siteTech' },
  { name: 'a custom role with all but settings, over one room', email: 'one@contoso.example', role: 'custom' },
  { name: 'nobody', email: 'two@contoso.example' },
  { name: 'a primary admin of a partner', email: 'one@fabrikam.example', customer: 'contoso' },
  { name: 'a Pro Manager of another customer', email: 'boss@adatum.example' },
  { name: 'a Pro Manager of another customer, naming this one', email: 'boss@adatum.example', customer: 'contoso' },
]

let world: World
let inside: string
let outside: string
let incidentOutside: string
/** A session that somebody was refused with the room outside: its row names the room. */
let sessionOutside: string
let customRole: string
let assignment: string
let operations: { method: string; path: string }[]

async function roomOf(name: string): Promise<string> {
  const place = { country: 'France', city: name, building: name, floor: '1', timeZone: 'Europe/Paris' }
  const device = await TestDevice.enrol(world.url, { room: { name, place } }, 'key-of-contoso-0123456789')
  const { room } = device.enrolment
  await done(world.command('boss@contoso.example', { type: 'rooms.enrol', rooms: [room] }))
  await device.connect()
  await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }, { full: true }))
  device.drop()
  return room
}

async function done(answer: Promise<Answered>): Promise<Answered> {
  const given = await answer
  if (given.status !== 200) throw new Error(JSON.stringify(given.body))
  return given
}

beforeAll(async () => {
  world = await World.start()
  inside = await roomOf('Boardroom')
  outside = await roomOf(secret)
  await done(world.command('boss@contoso.example', { type: 'settings.change', changes: { openHoldMs: 0 } }))
  const incidents = await until('both incidents', async () => {
    const { items } = IncidentList.parse((await world.ask('boss@contoso.example', '/v1/incidents')).body)
    return items.length === 2 ? items : undefined
  })
  incidentOutside = incidents.find(({ room }) => room === outside)?.id ?? ''
  customRole = v7()
  assignment = v7()
  const permissions = [
    'rooms.view',
    'rooms.modify',
    'rooms.create',
    'rooms.unenroll',
    'groups.view',
    'groups.modify',
    'groups.create',
    'rings.view',
    'rings.modify',
    'reports.view',
    'incidents.view',
    'incidents.update',
    'roles.view',
    'roles.modify',
  ]
  await done(world.command('boss@contoso.example', { type: 'role.save', role: customRole, name: 'Deputy', description: '', permissions }))
  // A group, a role and an assignment that only the room outside is in.
  const group = v7()
  await done(
    world.command('boss@contoso.example', {
      type: 'group.save',
      group,
      name: `${secret} rooms`,
      description: '',
      rooms: [outside],
      rule: null,
    }),
  )
  const rooms = z.array(z.string()).parse([inside])
  const invited = { ...invitation([]), scope: { rooms, groups: [] } }
  await done(world.command('boss@contoso.example', invited))
  await done(
    world.command('boss@fabrikam.example', {
      type: 'invitation.accept',
      link: invited.link,
      admins: [{ kind: 'person', id: objectIdOf('one@fabrikam.example') }],
    }),
  )
  sessionOutside = v7()
  const refused = await world.ask('boss@contoso.example', '/v1/sessions', sessionWith(outside, sessionOutside))
  expect(refused.code).toBe('access.denied')
  expect(JSON.stringify((await done(world.ask('boss@contoso.example', `/v1/sessions/${sessionOutside}`))).body)).toContain(secret)
  const description = OpenApi.parse((await world.ask('boss@contoso.example', '/v1/openapi.json')).body)
  operations = Object.entries(description.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method, path })))
})

afterAll(async () => world.close())

/** Gives the asker's role, over the room inside only. */
async function become({ role, email }: Asker): Promise<void> {
  if (!role) return
  const members = [{ kind: 'person', id: objectIdOf(email) }]
  const made = {
    type: 'assignment.save',
    assignment,
    role: role === 'custom' ? customRole : role,
    name: 'The one',
    description: '',
    notify: false,
    members,
    scope: { rooms: [inside], groups: [] },
  }
  await world.command('boss@contoso.example', { type: 'assignment.delete', assignment })
  await done(world.command('boss@contoso.example', made))
}

const sessionWith = (room: string, session: string) => ({ session, room, mode: 'view', key: 'a'.repeat(43) })

/** The address with its parameters filled, and a query that it takes. */
function addressOf(path: string, room: string, incident: string, session: string): string {
  const filled = path
    .replace('{room}', room)
    .replace('{incident}', incident)
    .replace('{session}', session)
    .replace('{number}', '1')
    .replace('{person}', v7())
    .replace('{suppression}', v7())
  if (path === '/v1/explain') return `${filled}?permission=rooms.view&room=${room}`
  if (path.endsWith('.csv')) return `${filled}?from=0&to=9999999999999`
  return filled
}

const suppression = { groups: [], place: null, signals: null, reason: 'Works', owner: null, from: null, until: null, recurrence: null }

/** One command of each type that names this room or incident, where it names any. */
function commandsAbout(room: string, incident: string): Record<string, unknown>[] {
  const members = [{ kind: 'person', id: objectIdOf('two@contoso.example') }]
  const scope = { rooms: [room], groups: [] }
  const automatic = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' }
  return [
    { type: 'incident.acknowledge', incident },
    { type: 'incident.unacknowledge', incident },
    { type: 'incident.assign', incident, owner: null },
    { type: 'incident.comment', incident, text: 'hello' },
    { type: 'incident.standAlone', incident, alone: true },
    { type: 'issue.report', report: v7(), rooms: [room], incidents: [v7()], text: 'dark', high: false },
    { type: 'issue.close', incident, reason: 'over' },
    { type: 'rooms.enrol', rooms: [room] },
    { type: 'rooms.unenrol', rooms: [room] },
    { type: 'rooms.ring', rooms: [room], ring: 'Staging' },
    { type: 'rooms.licence', rooms: [room], licence: 'basic' },
    { type: 'rooms.rename', rooms: [room], name: 'Otherwise' },
    { type: 'rooms.move', rooms: [room], place: { floor: '9' } },
    { type: 'rooms.replace', rooms: [room, inside] },
    { type: 'suppression.save', ...suppression, suppression: v7(), rooms: [room] },
    { type: 'suppression.end', suppression: incident },
    { type: 'suppression.confirm', suppression: incident },
    { type: 'settings.change', changes: { openHoldMs: 0 } },
    { type: 'role.save', role: v7(), name: v7(), description: '', permissions: ['remoteAccess.modify'] },
    { type: 'role.delete', role: v7() },
    { type: 'assignment.save', assignment: v7(), role: customRole, name: v7(), description: '', notify: false, members, scope },
    { type: 'assignment.delete', assignment: v7() },
    { type: 'group.save', group: v7(), name: v7(), description: '', rooms: [room], rule: null },
    { type: 'group.delete', group: v7() },
    {
      type: 'partner.invite',
      link: v7(),
      domain: 'litware.example',
      days: 3,
      changeControl: automatic,
      scope,
      remoteAccess: false,
      multiFactor: false,
      agreed: true,
    },
    { type: 'partner.change', link: v7(), changeControl: automatic, remoteAccess: false, multiFactor: false },
    { type: 'partner.remove', link: v7() },
    { type: 'invitation.accept', link: v7(), admins: members },
    { type: 'invitation.deny', link: v7() },
    { type: 'customer.leave', link: v7() },
    { type: 'tenantManagers.set', members: [{ kind: 'person', id: 'nobody' }] },
    { type: 'request.decide', request: v7(), approve: true },
    { type: 'request.withdraw', request: v7() },
    { type: 'policy.import', yaml: 'roomkeeper: policy\nversion: 1\n' },
    { type: 'notifications.saveRule', rule: v7(), draft: tenantRule },
    { type: 'notifications.deleteRule', rule: v7() },
    { type: 'endpoints.save', endpoint: v7(), draft: { name: v7(), kind: 'webhook', url: 'https://hooks.example/', on: true } },
    { type: 'endpoints.delete', endpoint: v7() },
    { type: 'endpoints.test', endpoint: v7() },
  ]
}

/** A rule of the tenant, which tells others. */
const tenantRule = {
  name: 'Others',
  on: true,
  what: { events: ['opened'], severities: ['important'], groups: [], mine: false },
  when: { timeZone: 'UTC' },
  language: 'en',
  to: { kind: 'others', addresses: ['mallory@hooks.example'], endpoints: [] },
}

/** What a refusal says, without the ids that were asked about. */
function said({ status, body }: Answered, ...ids: string[]): string {
  let text = JSON.stringify(body) ?? ''
  for (const id of ids) text = text.replaceAll(id, '…')
  return `${status} ${text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{22}/g, '…')}`
}

describe.each(askers)('$name', (asker) => {
  it('reads nothing of what lies outside, and cannot tell it from what there is not', async () => {
    await become(asker)
    const asked = operations.filter(({ method, path }) => method === 'get' && path !== '/v1/enrolment/installer')
    expect(asked.length).toBeGreaterThan(12)
    for (const { path } of asked) {
      const [hidden, none, never] = [v7(), v7(), v7()]
      const there = await world.ask(asker.email, addressOf(path, outside, incidentOutside, sessionOutside), undefined, asker.customer)
      const nowhere = await world.ask(asker.email, addressOf(path, hidden, none, never), undefined, asker.customer)
      expect([path, there.status < 500]).toEqual([path, true])
      expect([path, JSON.stringify(there.body ?? '').includes(secret)]).toEqual([path, false])
      expect([path, JSON.stringify(there.body ?? '').includes(outside) && !path.includes('explain')]).toEqual([path, false])
      if (/[{]room|[{]incident|[{]session|explain$/.test(path))
        expect([path, said(there, outside, incidentOutside, sessionOutside)]).toEqual([path, said(nowhere, hidden, none, never)])
    }
  })

  it('changes nothing of what lies outside, by no command, nor by a preview', async () => {
    await become(asker)
    const [hidden, none] = [v7(), v7()]
    const about = commandsAbout(outside, incidentOutside)
    expect(about.map(({ type }) => type).sort()).toEqual([...commandTypes].sort())
    const elsewhere = commandsAbout(hidden, none)
    for (const [index, command] of about.entries()) {
      expect(Command.safeParse(command).success, String(command['type'])).toBe(true)
      const refused = await world.command(asker.email, command, asker)
      const nowhere = await world.command(asker.email, elsewhere[index] ?? {}, asker)
      const own = asker.email === 'boss@adatum.example' && asker.customer === undefined
      // Elsewhere, a Pro Manager may do at home what is about no room at all.
      if (own && refused.status === 200) continue
      expect([command['type'], refused.status >= 400 && refused.status < 500]).toEqual([command['type'], true])
      expect([command['type'], said(refused, outside, incidentOutside)]).toEqual([command['type'], said(nowhere, hidden, none)])
      if (!PolicyCommand.safeParse(command).success) continue
      const previewed = await world.ask(asker.email, '/v1/commands/preview', { command }, asker.customer)
      expect([command['type'], JSON.stringify(previewed.body).includes(secret)]).toEqual([command['type'], false])
    }
  })
})

it.each(askers)(
  '$name begins no session with the room outside, nor does anything to one, and cannot tell either from what there is not',
  async (asker) => {
    await become(asker)
    const [hidden, never] = [v7(), v7()]
    const ask = (path: string, body: unknown): Promise<Answered> => world.ask(asker.email, path, body, asker.customer)
    expect(said(await ask('/v1/sessions', sessionWith(outside, v7())), outside)).toEqual(
      said(await ask('/v1/sessions', sessionWith(hidden, v7())), hidden),
    )
    for (const what of ['ticket', 'end']) {
      const there = await ask(`/v1/sessions/${sessionOutside}/${what}`, {})
      expect([what, there.status >= 400 && there.status < 500]).toEqual([what, true])
      expect([what, said(there, sessionOutside)]).toEqual([what, said(await ask(`/v1/sessions/${never}/${what}`, {}), never)])
    }
  },
)

it('whoever has not signed in is refused by every route that is not public', async () => {
  const open = ['/.well-known/roomkeeper', '/healthz', '/v1/relay/key', '/v1/setup', '/v1/enrolments', '/v1/openapi.json']
  for (const { method, path } of operations) {
    if (open.includes(path)) continue
    const { status } = await fetch(`${world.url}${addressOf(path, inside, incidentOutside, sessionOutside)}`, {
      method: method.toUpperCase(),
      headers: { 'content-type': 'application/json' },
      ...(method === 'post' ? { body: '{}' } : {}),
    })
    expect([path, status]).toEqual([path, 401])
  }
})
