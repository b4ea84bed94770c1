import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MeAnswer, RoomList } from '../../contract/api.ts'
import { AssignmentList, Effect, GroupList, RoleList } from '../../contract/policyApi.ts'
import { DemoService, type Who } from '../testing/demo.ts'
import { codeOf, type TestService } from '../testing/process.ts'
import { makeRooms } from '../testing/rooms.ts'

let running: DemoService
let service: TestService
let tokens: DemoService['tokens']
const roomOf = (index: number): string => running.roomOf(index)

beforeAll(async () => {
  running = await DemoService.start()
  ;({ service, tokens } = running)
})
afterAll(async () => running.close())

const command = (body: object) => ({ key: v7(), issuedAt: Date.now(), command: body })
const send = (who: Who, body: object) => service.ask('/v1/commands', { token: tokens[who], body: command(body) })

describe('[ACC-2] roles', () => {
  const all = [
    'rooms.view',
    'rooms.modify',
    'rooms.resetKey',
    'rooms.downloadKey',
    'rooms.unenroll',
    'rooms.create',
    'groups.view',
    'groups.modify',
    'groups.create',
    'rings.view',
    'rings.modify',
    'reports.view',
    'incidents.create',
    'incidents.view',
    'incidents.update',
    'settings.view',
    'settings.modify',
    'roles.view',
    'roles.modify',
  ]
  const techs = [
    'rooms.view',
    'rooms.modify',
    'rooms.downloadKey',
    'rooms.unenroll',
    'incidents.create',
    'incidents.view',
    'incidents.update',
  ]
  const matrix = {
    proManager: all,
    siteLead: [...techs, 'rooms.create', 'groups.view', 'groups.modify', 'groups.create', 'rings.view', 'rings.modify', 'reports.view'],
    siteTech: techs,
    primaryAdmin: [
      'rooms.view',
      'rooms.modify',
      'groups.view',
      'rings.view',
      'rings.modify',
      'reports.view',
      'incidents.create',
      'incidents.view',
      'incidents.update',
      'roles.view',
      'roles.modify',
    ],
  }

  it('hold exactly what the portal’s table says; none has remote access', async () => {
    const { items } = RoleList.parse((await service.ask('/v1/roles', { token: tokens.manager })).json)
    const held = Object.fromEntries(items.filter(({ builtIn }) => builtIn).map(({ id, permissions }) => [id, [...permissions].sort()]))
    expect(held).toEqual(Object.fromEntries(Object.entries(matrix).map(([role, permissions]) => [role, [...permissions].sort()])))
  })

  it('[ACC-3] keep the last Pro Manager assignment', async () => {
    const { items } = AssignmentList.parse((await service.ask('/v1/assignments', { token: tokens.manager })).json)
    const last = items.find(({ role }) => role === 'proManager')
    const answer = await service.ask('/v1/commands', {
      token: tokens.manager,
      body: command({ type: 'assignment.delete', assignment: last?.id }),
    })
    expect([answer.status, codeOf(answer)]).toEqual([409, 'assignment.lastProManager'])
  })
})

describe('[ACC-7] a change of policy, seen before it is saved', () => {
  const names = (assignment: { name: string; description: string; notify: boolean; members: readonly { kind: string; id: string }[] }) => ({
    name: assignment.name,
    description: assignment.description,
    notify: assignment.notify,
    members: assignment.members.map(({ kind, id }) => ({ kind, id })),
  })

  it('says who gains and loses what, and changes nothing', async () => {
    const { items } = AssignmentList.parse((await service.ask('/v1/assignments?role=siteTech', { token: tokens.manager })).json)
    const [assignment] = items
    if (!assignment) throw new Error('no assignment')
    expect(assignment).toMatchObject({ reaches: { people: 1, rooms: 1 }, members: [{ known: true }] })
    const wanted = {
      type: 'assignment.save',
      assignment: assignment.id,
      role: 'siteTech',
      ...names(assignment),
      scope: { rooms: [roomOf(0), roomOf(2)], groups: [] },
    }
    const effect = Effect.parse((await service.ask('/v1/commands/preview', { token: tokens.manager, body: { command: wanted } })).json)
    expect(effect).toMatchObject({ gain: { people: 1, rooms: 2 }, lose: { people: 1, rooms: 1 } })
    expect(effect.people).toMatchObject([{ person: { name: 'David Okafor' }, roomsGained: 2, roomsLost: 1, permissionsLost: [] }])
    expect(RoomList.parse((await service.ask('/v1/rooms', { token: tokens.tech })).json).items.map(({ id }) => String(id))).toEqual([
      roomOf(1),
    ])
    const everything = Effect.parse(
      (
        await service.ask('/v1/commands/preview', {
          token: tokens.manager,
          body: { command: { type: 'assignment.delete', assignment: assignment.id } },
        })
      ).json,
    )
    expect(everything.lose).toEqual({ people: 1, rooms: 1 })
    expect(everything.people[0]?.permissionsLost).toContain('incidents.update')
  })

  it('is refused alike before and after', async () => {
    const { items } = AssignmentList.parse((await service.ask('/v1/assignments?role=proManager', { token: tokens.manager })).json)
    const body = { command: { type: 'assignment.delete', assignment: items[0]?.id } }
    expect(codeOf(await service.ask('/v1/commands/preview', { token: tokens.manager, body }))).toBe('assignment.lastProManager')
  })
})

describe('groups of rooms', () => {
  const save = (who: Who, body: object) =>
    service.ask('/v1/commands', { token: tokens[who], body: command({ type: 'group.save', description: '', rule: null, ...body }) })
  const groupsOf = async (who: Who) => GroupList.parse((await service.ask('/v1/groups', { token: tokens[who] })).json).items

  it('are cut to the rooms of who looks, and whoever has some rooms changes those only', async () => {
    const group = v7()
    const name = `Both ${group}`
    expect((await save('manager', { group, name, rooms: [roomOf(0), roomOf(1)] })).status).toBe(200)
    const hidden = v7()
    await save('manager', { group: hidden, name: `Hidden ${hidden}`, rooms: [roomOf(1)] })
    expect((await groupsOf('lead')).find(({ id }) => id === group)).toMatchObject({ rooms: [{ id: roomOf(0) }], total: 1 })
    expect((await groupsOf('lead')).some(({ id }) => id === hidden)).toBe(false)
    // As with any new id: it is a group of their own, and the hidden one stays as it is.
    expect((await save('lead', { group: hidden, name: `Mine ${hidden}`, rooms: [roomOf(0)] })).status).toBe(200)
    expect((await groupsOf('manager')).find(({ id }) => id === hidden)).toMatchObject({
      name: `Hidden ${hidden}`,
      rooms: [{ id: roomOf(1) }],
    })
    expect(codeOf(await save('lead', { group, name, rooms: [roomOf(0), roomOf(2)] }))).toBe('group.invalid')
    expect(
      codeOf(
        await save('lead', {
          group,
          name,
          rooms: [roomOf(0)],
          rule: { match: 'all', conditions: [{ field: 'name', is: 'contains', value: 'R' }] },
        }),
      ),
    ).toBe('access.denied')
    expect((await save('lead', { group, name, rooms: [] })).status).toBe(200)
    expect((await groupsOf('manager')).find(({ id }) => id === group)?.rooms.map(({ id }) => String(id))).toEqual([roomOf(1)])
  })

  it('by rule find rooms that come later', async () => {
    const group = v7()
    const rule = { match: 'all', conditions: [{ field: 'name', is: 'startsWith', value: 'ROOM' }] }
    await save('manager', { group, name: `Rule ${group}`, rooms: [], rule })
    const before = (await groupsOf('manager')).find(({ id }) => id === group)?.total ?? 0
    expect(before).toBeGreaterThan(0)
    running.devices.push(...(await makeRooms(service, 1)))
    expect((await groupsOf('manager')).find(({ id }) => id === group)?.total).toBe(before + 1)
  })
})

describe('the header that names a customer', () => {
  it('is an id, and opens nothing that is not a customer', async () => {
    const ask = (tenant: string) => service.ask('/v1/rooms', { token: tokens.manager, tenant })
    expect([(await ask('nonsense')).status, codeOf(await ask('nonsense'))]).toEqual([400, 'request.invalid'])
    expect([(await ask(v7())).status, codeOf(await ask(v7()))]).toEqual([403, 'access.denied'])
  })
})

describe('[ACC-5] custom roles', () => {
  const role = (changes: object = {}) => ({
    type: 'role.save',
    role: v7(),
    name: `Role ${v7()}`,
    description: '',
    permissions: ['rooms.view'],
    ...changes,
  })
  const listed = async () => RoleList.parse((await service.ask('/v1/roles', { token: tokens.manager })).json).items

  it('are made with their first assignment, changed, and deleted with their assignments', async () => {
    const first = {
      assignment: v7(),
      name: `First ${v7()}`,
      description: '',
      notify: true,
      members: [{ kind: 'person', id: (await person('tech')).id }],
      scope: { rooms: [roomOf(2)], groups: [] },
    }
    const made = role()
    expect((await send('manager', { ...made, first })).status).toBe(200)
    expect((await listed()).find(({ id }) => id === made.role)).toMatchObject({
      builtIn: false,
      side: 'customer',
      permissions: ['rooms.view'],
      assignments: 1,
    })
    expect((await service.ask(`/v1/rooms/${roomOf(2)}`, { token: tokens.tech })).status).toBe(200)
    expect((await send('manager', { ...made, permissions: ['rooms.view', 'reports.view'] })).status).toBe(200)
    expect((await listed()).find(({ id }) => id === made.role)?.permissions).toEqual(['rooms.view', 'reports.view'])
    const lost = Effect.parse(
      (await service.ask('/v1/commands/preview', { token: tokens.manager, body: { command: { type: 'role.delete', role: made.role } } }))
        .json,
    )
    expect(lost).toMatchObject({ lose: { people: 1, rooms: 1 }, people: [{ permissionsLost: ['reports.view'] }] })
    expect((await send('manager', { type: 'role.delete', role: made.role })).status).toBe(200)
    expect((await service.ask(`/v1/rooms/${roomOf(2)}`, { token: tokens.tech })).status).toBe(404)
    expect(AssignmentList.parse((await service.ask(`/v1/assignments?role=${made.role}`, { token: tokens.manager })).json).items).toEqual([])
  })

  it('leave the built-in ones alone, and have names of their own', async () => {
    for (const id of ['proManager', 'primaryAdmin', 'tenantManager']) {
      expect(codeOf(await send('manager', role({ role: id })))).toBe('role.builtIn')
      expect(codeOf(await send('manager', { type: 'role.delete', role: id }))).toBe('role.builtIn')
    }
    const one = role()
    await send('manager', one)
    for (const name of [one.name.toUpperCase(), 'Site Lead', 'Responsable de site']) {
      const refused = await send('manager', role({ name }))
      expect([refused.status, refused.json]).toMatchObject([400, { code: 'role.invalid', field: 'name' }])
    }
    expect((await send('manager', role({ role: one.role, name: one.name }))).status).toBe(200)
  })
})

const person = async (who: Who) => MeAnswer.parse((await service.ask('/v1/me', { token: tokens[who] })).json)

describe('[ACC-4] assignments', () => {
  const assignment = async (changes: object = {}) => ({
    type: 'assignment.save',
    assignment: v7(),
    role: 'siteTech',
    name: `Assignment ${v7()}`,
    description: '',
    notify: false,
    members: [{ kind: 'person', id: (await person('tech')).id }],
    scope: { rooms: [roomOf(2)], groups: [] },
    ...changes,
  })

  it.each([
    ['a role that does not exist', { role: 'emperor' }, 'role'],
    ["a partner's role", { role: 'primaryAdmin' }, 'role'],
    ['the role that names who manages customers', { role: 'tenantManager' }, 'role'],
    ['no members', { members: [] }, 'members'],
    ['someone whom the directory does not know', { members: [{ kind: 'person', id: v7() }] }, 'members'],
    ['a Pro Manager of some rooms', { role: 'proManager' }, 'scope'],
    ['no scope', { scope: { rooms: [], groups: [] } }, 'scope'],
    ['a room that does not exist', { scope: { rooms: [v7()], groups: [] } }, 'scope'],
    ['a group that does not exist', { scope: { rooms: [], groups: [v7()] } }, 'scope'],
  ])('are refused with %s', async (_, changes, field) => {
    const refused = await send('manager', await assignment(changes))
    expect([refused.status, refused.json]).toMatchObject([400, { code: 'assignment.invalid', field }])
  })

  it('reach their people at once, and leave them with their deletion', async () => {
    const made = await assignment()
    expect((await send('manager', made)).status).toBe(200)
    expect((await service.ask(`/v1/rooms/${roomOf(2)}`, { token: tokens.tech })).status).toBe(200)
    expect((await send('manager', { type: 'assignment.delete', assignment: made.assignment })).status).toBe(200)
    expect((await service.ask(`/v1/rooms/${roomOf(2)}`, { token: tokens.tech })).status).toBe(404)
  })

  it('keep a group that they name', async () => {
    const group = v7()
    await send('manager', { type: 'group.save', group, name: `Kept ${group}`, description: '', rooms: [roomOf(2)], rule: null })
    const made = await assignment({ scope: { rooms: [], groups: [group] } })
    expect((await send('manager', made)).status).toBe(200)
    expect(codeOf(await send('manager', { type: 'group.delete', group }))).toBe('group.inUse')
    await send('manager', { type: 'assignment.delete', assignment: made.assignment })
    expect((await send('manager', { type: 'group.delete', group })).status).toBe(200)
  })
})

describe('update rings', () => {
  it('take rooms that are in scope, and there are three', async () => {
    expect(codeOf(await send('lead', { type: 'rooms.ring', rooms: [roomOf(0), roomOf(1)], ring: 'Staging' }))).toBe('room.notFound')
    expect(codeOf(await send('lead', { type: 'rooms.ring', rooms: [roomOf(0)], ring: 'Brass' }))).toBe('room.ringUnknown')
    expect((await send('lead', { type: 'rooms.ring', rooms: [roomOf(0)], ring: 'Executive' })).status).toBe(200)
    expect((await service.ask(`/v1/rooms/${roomOf(0)}`, { token: tokens.lead })).json).toMatchObject({ ring: 'Executive' })
  })
})

it('[ACC-8] the offline lease is told to everyone of the tenant', async () => {
  expect((await send('manager', { type: 'settings.change', changes: { offlineLeaseDays: 7 } })).status).toBe(200)
  expect((await service.ask('/v1/snapshot', { token: tokens.tech })).text).toContain('"offlineLeaseDays":7')
})

describe('a policy file', () => {
  const preview = async (yaml: string) =>
    Effect.parse(
      (await service.ask('/v1/commands/preview', { token: tokens.manager, body: { command: { type: 'policy.import', yaml } } })).json,
    )
  const exported = async () => (await fetch(`${service.url}/v1/policy`, { headers: { authorization: `Bearer ${tokens.manager}` } })).text()

  it('of a large tenant can be imported as it was exported', async () => {
    const groups = Array.from(
      { length: 400 },
      (_, n) => `  - { name: Large ${n}, description: "${'é'.repeat(3_900)}", rooms: [${roomOf(0)}] }\n`,
    ).join('')
    const large = (await exported()).replace(/^groups:(?: \[\])?\n/m, `groups:\n${groups}`)
    expect(large.length).toBeGreaterThan(1_500_000)
    expect((await preview(large)).changes).toHaveLength(400)
    expect((await send('manager', { type: 'policy.import', yaml: large })).json).toMatchObject({ outcome: 'applied' })
    const yaml = await exported()
    expect(yaml.length).toBeGreaterThan(1_500_000)
    expect(await preview(yaml)).toMatchObject({ changes: [], gain: { people: 0 }, lose: { people: 0 } })
    expect((await send('manager', { type: 'policy.import', yaml })).json).toMatchObject({ outcome: 'applied' })
  }, 60_000)

  it('is sent by those only who may import it', async () => {
    const body = JSON.stringify(command({ type: 'policy.import', yaml: 'x'.repeat(300_000) }))
    // A stream needs it; the DOM's types do not know it.
    const half = { duplex: 'half' }
    const post = async (who: Who, sent: BodyInit) =>
      (
        await fetch(`${service.url}/v1/commands`, {
          method: 'POST',
          headers: { authorization: `Bearer ${tokens[who]}`, 'content-type': 'application/json' },
          body: sent,
          ...half,
        })
      ).status
    const inParts = () => new ReadableStream({ start: (stream) => (stream.enqueue(new TextEncoder().encode(body)), stream.close()) })
    expect([await post('manager', body), await post('manager', inParts())]).toEqual([400, 400])
    expect([await post('lead', body), await post('tech', inParts())]).toEqual([413, 413])
  })
})
