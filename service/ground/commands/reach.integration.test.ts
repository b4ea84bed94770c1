import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { commandNeeds, type CommandType, commandTypes } from '../../../contract/commands.ts'
import type { RoomId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { Permission } from '../../../contract/permissions.ts'
import { AuditPage, Effect } from '../../../contract/policyApi.ts'
import { admin, invitation, World } from '../../testing/partners/world.ts'

/** What people who hold some of a tenant only can do to the rest of it: nothing, and they are not told of it. */

const boss = 'boss@contoso.example'
const deputy = 'one@contoso.example'
const other = 'two@contoso.example'

let world: World
let inside: RoomId
let outside: RoomId
/** Over the room outside. */
let theirs: string

const done = async (command: Record<string, unknown>): Promise<void> => {
  const answer = await world.command(boss, command)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}
const assignment = (changes: Record<string, unknown>) => ({
  type: 'assignment.save',
  assignment: v7(),
  role: 'siteTech',
  name: `A ${v7()}`,
  description: '',
  notify: false,
  members: [admin(other)],
  scope: 'all',
  ...changes,
})
/** The same as the first assignment of a role, which names neither. */
const first = (changes: Record<string, unknown>) => {
  const { type: _, role: __, ...rest } = assignment(changes)
  return rest
}
const role = (permissions: string[], changes: Record<string, unknown> = {}) => ({
  type: 'role.save',
  role: v7(),
  name: `R ${v7()}`,
  description: '',
  permissions,
  ...changes,
})
const over = (...rooms: RoomId[]) => ({ rooms, groups: [] })

/** The deputy holds these permissions over this, and nothing else. */
const own = v7()
async function become(permissions: string[], scope: unknown): Promise<void> {
  await world.command(boss, { type: 'assignment.delete', assignment: own })
  const made = role(permissions)
  await done(made)
  await done(assignment({ assignment: own, role: made.role, name: 'The deputy', members: [admin(deputy)], scope }))
}

beforeAll(async () => {
  world = await World.start()
  inside = await world.room('contoso')
  outside = await world.room('contoso')
  // Known to the service before their roles are.
  await world.ask(deputy, '/v1/me')
})
afterAll(async () => world.close())
beforeEach(async () => {
  theirs = v7()
  await done(assignment({ assignment: theirs, name: `Zugspitze ${theirs}`, scope: over(outside) }))
})

const manager = [
  'roles.view',
  'roles.modify',
  'rooms.view',
  'rooms.modify',
  'rooms.downloadKey',
  'rooms.unenroll',
  'incidents.create',
  'incidents.view',
  'incidents.update',
  'settings.view',
]

describe('[ACC-6] who manages the roles of some rooms', () => {
  beforeEach(() => become(manager, over(inside)))

  it('neither sees nor changes assignments over others', async () => {
    expect(JSON.stringify((await world.ask(deputy, '/v1/assignments')).body)).not.toContain('Zugspitze')
    expect((await world.command(deputy, { type: 'assignment.delete', assignment: theirs })).code).toBe('assignment.notFound')
    // As with any new id: it is another assignment, and theirs stays as it is.
    expect((await world.command(deputy, assignment({ assignment: theirs, members: [admin(deputy)], scope: over(inside) }))).status).toBe(
      200,
    )
    expect(JSON.stringify((await world.ask(boss, '/v1/assignments')).body)).toContain(`Zugspitze ${theirs}`)
    expect((await world.ask(other, `/v1/rooms/${outside}`)).status).toBe(200)
  })

  it('takes nothing over others from those who have it', async () => {
    const second = assignment({ role: 'proManager', members: [admin(other)] })
    await done(second)
    expect((await world.command(deputy, { type: 'assignment.delete', assignment: second.assignment })).code).toBe('access.denied')
    const both = assignment({ members: [admin(other), admin(boss)], scope: over(inside, outside) })
    await done(both)
    expect((await world.command(deputy, { ...both, members: [admin(boss)], scope: over(inside) })).code).toBe('access.denied')
    const everywhere = assignment({})
    await done(everywhere)
    expect((await world.command(deputy, { ...everywhere, scope: over(inside) })).code).toBe('access.denied')
    const wide = role(['rooms.view', 'incidents.view'])
    await done({ ...wide, first: first({ members: [admin(other)] }) })
    expect((await world.command(deputy, { ...wide, permissions: ['rooms.view'] })).code).toBe('access.denied')
    expect((await world.command(deputy, { type: 'role.delete', role: wide.role })).code).toBe('access.denied')
    for (const made of [second, both, everywhere]) await done({ type: 'assignment.delete', assignment: made.assignment })
    await done({ type: 'role.delete', role: wide.role })
  })

  it('gives, changes and takes what is over their own', async () => {
    const mine = assignment({ scope: over(inside) })
    expect((await world.command(deputy, mine)).status).toBe(200)
    const shared = { ...mine, scope: over(inside, outside) }
    await done(shared)
    // Rooms that they do not see stay; what it is called is said by who manages roles in those, too.
    const [renamed, smaller] = [
      { ...shared, scope: over(inside), name: `B ${v7()}` },
      { ...shared, scope: over(inside), members: [...shared.members, admin(deputy)] },
    ]
    expect((await world.command(deputy, renamed)).code).toBe('access.denied')
    expect((await world.command(deputy, smaller)).code).toBe('policy.escalation')
    expect((await world.command(deputy, { ...shared, scope: over(inside) })).status).toBe(200)
    expect((await world.command(deputy, { type: 'assignment.delete', assignment: mine.assignment })).code).toBe('access.denied')
    await done(mine)
    expect((await world.command(deputy, { type: 'assignment.delete', assignment: mine.assignment })).status).toBe(200)
  })

  it('is not told which room it is that they would give beyond theirs', async () => {
    const used = role(['rooms.view'])
    await done({ ...used, first: first({ scope: over(outside) }) })
    const refused = await world.command(deputy, { ...used, permissions: ['rooms.view', 'rooms.modify'] })
    expect(refused.code).toBe('access.denied')
    expect(JSON.stringify(refused.body)).not.toContain(outside)
    await done({ type: 'role.delete', role: used.role })
  })
})

describe('who holds every permission over some rooms', () => {
  it('[rule 14] has no power over what is about no room: neither by a command nor by a route', async () => {
    const invited = invitation([inside])
    await done(invited)
    await become([...Permission.options], over(inside, outside))
    const endpoint = v7()
    const whole: Record<string, unknown>[] = [
      { type: 'settings.change', changes: { flapCount: 5 } },
      { ...invitation([inside]), domain: 'northwind.example' },
      { type: 'partner.change', link: invited.link, changeControl: invited.changeControl, remoteAccess: false, multiFactor: true },
      { type: 'partner.remove', link: invited.link },
      { type: 'tenantManagers.set', members: [admin(deputy)] },
      {
        type: 'endpoints.save',
        endpoint,
        draft: { name: 'Hook', kind: 'webhook', url: 'https://hooks.example/', on: true, secret: `whsec_${'A'.repeat(43)}=` },
      },
      { type: 'endpoints.test', endpoint },
      { type: 'endpoints.delete', endpoint },
      { type: 'policy.import', yaml: String((await world.ask(boss, '/v1/policy')).body) },
    ]
    expect(whole.map(({ type }) => type).toSorted()).toEqual(commandTypes.filter((type) => aboutOf(type) === 'tenant').toSorted())
    for (const command of whole)
      expect([command['type'], (await world.command(deputy, command)).code]).toEqual([command['type'], 'access.denied'])
    expect((await world.ask(deputy, '/v1/enrolment/key/reset', {})).code).toBe('access.denied')
    expect((await world.ask(deputy, '/v1/policy')).code).toBe('access.denied')
    expect((await world.ask(deputy, '/v1/customers')).body).toMatchObject({ mayManage: false })
    await done({ type: 'partner.remove', link: invited.link })
  })

  it('[rule 14] makes no group beyond the rooms where they hold groups.create', async () => {
    const creator = role(['groups.create'])
    const helper = v7()
    await become(['groups.view', 'groups.modify'], over(inside, outside))
    await done({ ...creator, first: first({ assignment: helper, members: [admin(deputy)], scope: over(inside) }) })
    const group = (...rooms: RoomId[]) => ({ type: 'group.save', group: v7(), name: `G ${v7()}`, description: '', rooms, rule: null })
    expect((await world.command(deputy, group(inside, outside))).code).toBe('access.denied')
    expect((await world.command(deputy, group(inside))).status).toBe(200)
    await done({ type: 'role.delete', role: creator.role })
  })

  const aboutOf = (type: CommandType) => {
    const needs = commandNeeds[type]
    return typeof needs === 'string' ? needs : needs.about
  }
})

describe('the policy file', () => {
  const file = async (change: (yaml: string) => string) => ({
    type: 'policy.import',
    yaml: change(String((await world.ask(boss, '/v1/policy')).body)),
  })
  beforeEach(() => become([...manager, 'rooms.create', 'groups.view', 'groups.modify', 'groups.create'], 'all'))

  it('names nobody to manage customers whom its sender could not name by the command', async () => {
    const members = `[{ kind: person, id: ${admin(deputy).id} }]`
    const managers = `assignments:\n  - name: Managers\n    role: tenantManager\n    members: ${members}\n    scope: all\n`
    const wanted = await file((yaml) => yaml.replace('assignments:\n', managers))
    expect((await world.command(deputy, wanted)).code).toBe('access.denied')
    expect((await world.command(boss, wanted)).status).toBe(200)
    const gone = await file((yaml) => yaml.replace(/ {2}- id: [^\n]*\n {4}name: Managers\n[\s\S]*?(?= {2}- id|partners:)/, ''))
    expect((await world.command(deputy, gone)).code).toBe('access.denied')
    expect((await world.command(boss, gone)).status).toBe(200)
  })

  it('puts into no role what its sender may not give', async () => {
    const wanted = await file((yaml) => yaml.replace('roles:\n', 'roles:\n  - name: Later\n    permissions: [remoteAccess.modify]\n'))
    expect((await world.command(deputy, wanted)).code).toBe('policy.escalation')
  })

  it('makes no role with the id of a built-in one', async () => {
    const wanted = await file((yaml) =>
      yaml.replace('roles:\n', 'roles:\n  - id: primaryAdmin\n    name: Mine\n    permissions: [rooms.view]\n'),
    )
    expect((await world.command(boss, wanted)).code).toBe('policy.fileInvalid')
  })
})

describe('[ACC-7] the effect of a change, seen before', () => {
  it('names people to those only who see roles', async () => {
    const group = v7()
    const command = { type: 'group.save', group, name: `G ${group}`, description: '', rooms: [inside, outside], rule: null }
    await done(command)
    await done(assignment({ scope: { rooms: [], groups: [group] } }))
    await become(['groups.view', 'groups.modify', ...manager.filter((permission) => permission !== 'roles.view')], over(inside))
    const effect = async (email: typeof boss | typeof deputy, rooms: RoomId[]) =>
      Effect.parse((await world.ask(email, '/v1/commands/preview', { command: { ...command, rooms } })).body)
    expect(await effect(boss, [outside])).toMatchObject({ lose: { people: 1, rooms: 1 }, people: [{ person: { email: other } }] })
    expect(await effect(deputy, [])).toMatchObject({ lose: { people: 1, rooms: 1 }, people: [] })
  })
})

describe('[AUD-1] refusals of known people', () => {
  it('are in the audit wherever they were refused', async () => {
    await become(manager, over(inside))
    // What was refused alike before is counted; from here on it is recorded again.
    world.pass(limits.refusedEntriesMs)
    const before = await refused()
    await world.ask(deputy, `/v1/explain?permission=rooms.view&room=${outside}`)
    await world.ask(deputy, '/v1/policy')
    await world.ask(deputy, '/v1/commands/preview', { command: role(['remoteAccess.modify']) })
    await world.ask(deputy, '/v1/audit')
    await world.command(deputy, role(['remoteAccess.modify']))
    expect((await refused()).slice(0, -before.length || undefined).toReversed()).toEqual([
      'GET /v1/explain access.outOfScope',
      'GET /v1/policy access.denied',
      'POST /v1/commands/preview policy.escalation',
      'GET /v1/audit access.denied',
      'role.save policy.escalation',
    ])
  })

  async function refused(): Promise<string[]> {
    const { items } = AuditPage.parse((await world.ask(boss, '/v1/audit?resultStatus=Failed&limit=200')).body)
    return items
      .filter(({ detail }) => detail['count'] === undefined)
      .map(({ objectName, detail }) => `${objectName} ${String(detail['code'])}`)
  }
})
