import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Command } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { AssignmentId, CommandKey, DeviceId, GroupId, LinkId, RoleId, RoomId } from '../../contract/ids.ts'
import type { Permission } from '../../contract/permissions.ts'
import type { AssignmentScope, GroupRule, Link } from '../../contract/policy.ts'
import { saveAssignment } from '../access/assignments.ts'
import { savePerson } from '../access/people.ts'
import { changePolicy } from '../access/policies.ts'
import { type Caller, callerWithin } from '../access/service.ts'
import { Refusals } from '../audit/refusals.ts'
import { EmbeddedDirectory } from '../directory/embedded.ts'
import { ada, bela, cyd, finn, makeOrganisations, type Organisations } from '../directory/testing/organisations.ts'
import { embeddedIssuerName } from '../identity/directory.ts'
import { Rooms } from '../incidents/rooms.ts'
import { makeMetrics } from '../ops/metrics.ts'
import { linkRow } from '../partners/links.ts'
import { system } from '../store/transaction.ts'
import { submit } from './submit.ts'

/** Ada holds some permissions over some rooms; what she shares with others is changed by who has power over all of it. */

let made: Organisations
let refusals: Refusals
let inside: RoomId
let outside: RoomId
let group: GroupId
let boss: Caller
/** Called as a write begins: what it sends waits behind that one. */
let atWrite: (() => void) | undefined
const rooms = new Rooms()
const link = LinkId.parse(v7())

beforeEach(async () => {
  atWrite = undefined
  made = await makeOrganisations(() => {
    atWrite?.()
    return Date.now()
  })
  refusals = new Refusals({ store: made.store, now: Date.now, log: pino({ level: 'silent' }) })
  inside = await room('Inside')
  outside = await room('Outside')
  group = GroupId.parse(v7())
  boss = await callerOf(cyd)
  await give(boss, grouped([inside, outside]))
})
afterEach(async () => {
  await refusals.stop()
  await made.close()
})

async function room(name: string): Promise<RoomId> {
  const id = RoomId.parse(v7())
  const text = { platform: '', os: '', manufacturer: '', model: '', serial: '', agentVersion: '', appVersion: '', address: '' }
  await made.store.write(made.contoso, system, async (tx) => {
    const work = rooms.within(tx)
    const place = { country: '', city: '', building: '', floor: '', timeZone: 'UTC' }
    await work.create({
      ...{ id, name, place, onboardedAt: 0, inCall: false },
      device: { id: DeviceId.parse(v7()), profile: 'generic', keyProtection: 'software', ...text },
    })
    await work.flush()
  })
  return id
}

/** Somebody in Contoso: one of its own people, or of a partner's. */
async function callerOf({ id: objectId, name, email }: typeof ada, home = made.contoso, directory = 'contoso'): Promise<Caller> {
  const { id } = await made.store.write(home, system, (tx) =>
    savePerson(tx, {
      ...{ issuer: embeddedIssuerName, directory, objectId, name, email },
      ...{ globalAdministrator: false, groups: [], issuedAt: 1_000 },
    }),
  )
  const caller = await made.store.write(made.contoso, system, (tx) => callerWithin(tx, id))
  if (!caller) throw new Error('nobody')
  return caller
}

const person = ({ id }: { id: string }) => ({ kind: 'person' as const, id })
const over = (...some: RoomId[]): AssignmentScope => ({ rooms: some, groups: [] })
const grouped = (named: RoomId[], rule: GroupRule | null = null, name = 'G'): Command => ({
  type: 'group.save',
  group,
  name,
  description: '',
  rooms: named,
  rule,
})
const saved = (assignment: AssignmentId, role: string, scope: AssignmentScope, name: string = assignment, member = bela) =>
  ({
    type: 'assignment.save',
    assignment,
    role: RoleId.parse(role),
    name,
    description: '',
    notify: false,
    members: [person(member)],
    scope,
  }) satisfies Command
const role = (id: RoleId, permissions: Permission[], name = 'Technician') =>
  ({ type: 'role.save', role: id, name, description: '', permissions }) satisfies Command
const named = (value: string): GroupRule => ({ match: 'all', conditions: [{ field: 'name', is: 'equal', value }] })

const send = (caller: Caller, command: Command, key = CommandKey.parse(v7())) => {
  const deps = { store: made.store, rooms, metrics: makeMetrics(), directory: new EmbeddedDirectory(made.store), refusals, now: Date.now }
  return submit(deps, caller, { key, issuedAt: Date.now(), command })
}
const give = async (caller: Caller, command: Command): Promise<void> => void (await send(caller, command))
/** The code, with what it says beside it. */
const said = (caller: Caller, command: Command): Promise<unknown> =>
  send(caller, command).then(
    () => 'applied',
    (error: unknown) => (error instanceof RoomkeeperError ? [error.code, error.details] : error),
  )
const denied = ['access.denied', {}]

/** Ada, who holds these and no others. */
async function holding(permissions: Permission[], scope: AssignmentScope): Promise<Caller> {
  await made.store.write(made.contoso, system, async (tx) => {
    const id = RoleId.parse(v7())
    await tx.insert.role({ id, link: null, name: id, description: '', permissions: JSON.stringify(permissions) }).execute()
    await saveAssignment(tx, { id: AssignmentId.parse(v7()), name: id, role: id, members: [person(ada)], scope })
  })
  return callerOf(ada)
}

/** Fabrikam is linked, or invited, over this. */
async function linked(scope: AssignmentScope, status: Link['status'] = 'active'): Promise<void> {
  await made.store.write(made.contoso, system, (tx) =>
    changePolicy(tx, 'system', async () => {
      const changeControl = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' } as const
      const terms = { changeControl, scope, remoteAccess: false, multiFactor: false }
      const { tenant: _, ...row } = linkRow({
        id: link,
        tenant: tx.tenant,
        domain: 'fabrikam.example',
        status,
        partner: status === 'active' ? made.fabrikam : null,
        partnerName: 'Fabrikam',
        invitedAt: 0,
        expiresAt: Date.now() + 1_000_000,
        acceptedAt: null,
        ...terms,
      })
      await tx.insert.link(row).execute()
      if (status !== 'active') return
      await tx.insert
        .assignment({
          id: admins,
          link,
          role: RoleId.parse('primaryAdmin'),
          name: 'Assigned admins',
          description: '',
          notify: 0,
          builtIn: 1,
          members: JSON.stringify([person(finn)]),
          scope: JSON.stringify(scope),
        })
        .execute()
    }),
  )
}
const admins = AssignmentId.parse(v7())
const ofLink = (scope: AssignmentScope) => saved(admins, 'primaryAdmin', scope, 'Assigned admins', finn)

const lead: Permission[] = [
  'rooms.view',
  'rooms.modify',
  'rooms.downloadKey',
  'rooms.unenroll',
  'groups.view',
  'groups.modify',
  'incidents.create',
  'incidents.view',
  'incidents.update',
]
const manager: Permission[] = [...lead, 'roles.view', 'roles.modify']

describe('[ACC-6] a room of a group that something is assigned over', () => {
  const assigned = () => give(boss, saved(AssignmentId.parse(v7()), 'siteTech', { rooms: [], groups: [group] }))

  it('comes and goes by who manages roles there, and by nobody else, whatever it gives', async () => {
    const other = await room('Other')
    const leader = await holding(lead, over(inside, other))
    expect(await said(leader, grouped([inside, other]))).toBe('applied')
    await give(boss, grouped([inside, outside]))
    await assigned()
    expect(await said(leader, grouped([]))).toEqual(denied)
    expect(await said(leader, grouped([inside, other]))).toEqual(denied)
    expect(await said(leader, grouped([inside]))).toBe('applied')
    const keeper = await holding(manager, over(inside, other))
    expect(await said(keeper, grouped([inside, other]))).toBe('applied')
    expect(await said(keeper, grouped([]))).toBe('applied')
  })

  it('to come is said by who manages roles everywhere', async () => {
    await give(boss, grouped([], named('Inside')))
    await assigned()
    const leader = await holding(lead, 'all')
    expect(await said(leader, grouped([], named('Nowhere yet')))).toEqual(denied)
    expect(await said(leader, grouped([inside], named('Inside'), 'Renamed'))).toBe('applied')
    expect(await said(await holding(manager, 'all'), grouped([], named('Nowhere yet')))).toBe('applied')
  })

  it.each(['active', 'invited'] as const)('[PAR-4] or a partner named: %s', async (status) => {
    await linked({ rooms: [inside], groups: [group] }, status)
    const leader = await holding(lead, 'all')
    expect(await said(leader, grouped([inside]))).toEqual(denied)
    expect(await said(leader, grouped([outside]))).toBe('applied')
  })
})

describe('[PAR-4] what names a group', () => {
  it('is said to whoever is shown it, and nothing of it to others', async () => {
    await give(boss, saved(AssignmentId.parse(v7()), 'siteTech', { rooms: [], groups: [group] }))
    const command = { type: 'group.delete', group } satisfies Command
    expect(await said(await holding(lead, over(inside, outside)), command)).toEqual(denied)
    expect(await said(await holding(['groups.modify', 'roles.view'], over(inside, outside)), command)).toEqual(['group.inUse', {}])
  })

  it('[PAR-4] nor is what a hidden assignment gives', async () => {
    const remote = RoleId.parse(v7())
    await give(boss, role(remote, ['remoteAccess.modify']))
    await give(boss, saved(AssignmentId.parse(v7()), remote, { rooms: [], groups: [group] }))
    const other = await room('Other')
    const unseeing = await holding(
      manager.filter((permission) => permission !== 'roles.view'),
      over(inside, other),
    )
    expect(await said(unseeing, grouped([inside, other]))).toEqual(['policy.escalation', {}])
    const refused = ['policy.escalation', { params: { permission: 'remoteAccess.modify' } }]
    expect(await said(await holding(manager, over(inside, other)), grouped([inside, other]))).toMatchObject(refused)
  })
})

describe('[ACC-6] what a group, an assignment or a role is called', () => {
  it('and a role itself, is changed by who manages all that it is over', async () => {
    const [shared, own] = [RoleId.parse(v7()), RoleId.parse(v7())]
    const both = saved(AssignmentId.parse(v7()), shared, over(inside, outside), 'Both')
    const one = saved(AssignmentId.parse(v7()), own, over(inside), 'One')
    for (const command of [role(shared, ['rooms.view'], 'Shared'), role(own, ['rooms.view'], 'Own'), both, one]) await give(boss, command)
    const keeper = await holding(manager, over(inside))
    for (const command of [
      role(shared, ['rooms.view'], 'Renamed'),
      role(shared, ['rooms.view', 'rooms.modify'], 'Shared'),
      { ...role(shared, ['rooms.view'], 'Shared'), description: 'Other' },
      { type: 'role.delete', role: shared } satisfies Command,
      { ...both, name: 'Renamed', scope: over(inside) },
      { ...both, description: 'Other', scope: over(inside) },
      { ...both, notify: true, scope: over(inside) },
      { ...both, role: own, scope: over(inside) },
      grouped([inside], null, 'Renamed'),
    ]) {
      expect([command, await said(keeper, command)]).toEqual([command, denied])
    }
    for (const command of [
      role(shared, ['rooms.view'], 'Shared'),
      { ...both, scope: over(inside) },
      { ...one, name: 'Renamed' },
      role(own, ['rooms.view', 'rooms.modify'], 'Renamed'),
      { type: 'role.delete', role: own } satisfies Command,
    ]) {
      expect([command, await said(keeper, command)]).toEqual([command, 'applied'])
    }
  })
})

describe('[PAR-1] the rooms of a link', () => {
  it('are at least one, also when they are changed later: a group without rooms is none', async () => {
    await linked(over(inside))
    const empty = GroupId.parse(v7())
    await give(boss, { type: 'group.save', group: empty, name: 'Empty', description: '', rooms: [], rule: named('Nowhere') })
    expect(await said(boss, ofLink({ rooms: [], groups: [empty] }))).toEqual(['partner.noRooms', { field: 'scope' }])
    expect(await said(boss, ofLink({ rooms: [outside], groups: [empty] }))).toBe('applied')
  })

  it.each(['active', 'invited'] as const)('stay some, whatever changes a group: %s', async (status) => {
    await give(boss, grouped([], named('Inside')))
    await linked({ rooms: [], groups: [group] }, status)
    expect(await said(boss, grouped([], named('Nowhere')))).toEqual(['partner.noRooms', {}])
    // Who may not know of a partner is told nothing of it.
    expect(await said(await holding(['groups.modify', 'roles.modify'], 'all'), grouped([], named('Nowhere')))).toEqual(denied)
  })

  it('are the customer’s matter: its admins change also while its groups happen to hold no room', async () => {
    const scope = { rooms: [], groups: [group] }
    await linked(scope)
    await made.store.write(made.contoso, system, (tx) =>
      tx.update
        .roomGroup()
        .where('id', '=', group)
        .set({ rooms: '[]', rule: JSON.stringify(named('Nowhere')) })
        .execute(),
    )
    const caller = await callerOf(finn, made.fabrikam, 'fabrikam')
    const members = [person(finn), { kind: 'group' as const, id: 'field' }]
    // Of the group they see nothing, as long as it holds no room of theirs.
    expect(await said(caller, { ...ofLink({ rooms: [], groups: [] }), members })).toBe('applied')
  })
})

describe('[PAR-5] what a partner’s person asks for', () => {
  const control = (kind: 'automatic' | 'manual') =>
    made.store.write(made.contoso, system, (tx) =>
      tx.update
        .link()
        .where('id', '=', link)
        .set({ changeControl: JSON.stringify({ rooms: kind, rings: kind, incidents: kind, roles: kind }) })
        .execute(),
    )

  it.each(
    [1, 2, 3].flatMap(
      (turn) =>
        [
          ['manual', 'automatic', turn],
          ['automatic', 'manual', turn],
        ] as const,
    ),
  )('is refused by nobody where %s approval becomes %s behind write %i of it', async (was, becomes, turn) => {
    await linked('all')
    const caller = await callerOf(finn, made.fabrikam, 'fabrikam')
    await control(was)
    let writes = 0
    let changed: Promise<unknown> | undefined
    atWrite = () => {
      writes += 1
      if (writes === turn) changed = control(becomes)
    }
    const command = { ...ofLink('all'), members: [person(finn), { kind: 'group' as const, id: 'field' }] }
    const { outcome } = await send(caller, command)
    await changed
    expect(['applied', 'requested']).toContain(outcome)
    const { members } = await made.store
      .read(made.contoso, 'wholeTenant')
      .tables.assignment()
      .select('members')
      .where('id', '=', admins)
      .executeTakeFirstOrThrow()
    expect(JSON.parse(members)).toEqual(outcome === 'applied' ? command.members : [person(finn)])
  })
})

describe('[AUD-1] a command that finds everything as it wants it', () => {
  it('is applied and leaves its receipt alone: no record, and nothing for screens to read again', async () => {
    await linked(over(inside, outside))
    const custom = RoleId.parse(v7())
    const assignment = saved(AssignmentId.parse(v7()), custom, { rooms: [inside, outside], groups: [group] })
    const members = [person(bela), person(ada)]
    const manual = { rooms: 'manual', rings: 'manual', incidents: 'manual', roles: 'manual' } as const
    const { type: _, role: __, ...first } = { ...assignment, members }
    const reversed = { members: members.toReversed(), scope: { rooms: [outside, inside], groups: [group, group] } }
    const [kept, other] = [role(custom, ['rooms.view', 'rooms.modify']), role(custom, ['rooms.modify', 'rooms.view'])]
    const twice = (command: Command): [Command, Command] => [command, command]
    const pairs: [Command, Command][] = [
      [kept, other],
      [
        { ...kept, first },
        { ...other, first: { ...first, ...reversed } },
      ],
      [
        { ...assignment, members },
        { ...assignment, ...reversed },
      ],
      [ofLink(over(outside, inside)), ofLink(over(inside, outside, inside))],
      [grouped([inside, outside]), grouped([outside, inside, outside])],
      [
        { type: 'tenantManagers.set', members },
        { type: 'tenantManagers.set', members: members.toReversed() },
      ],
      twice({ type: 'partner.change', link, changeControl: manual, remoteAccess: false, multiFactor: false }),
      twice({ type: 'settings.change', changes: { flapCount: 5 } }),
      twice({ type: 'rooms.licence', rooms: [inside, inside], licence: 'basic' }),
      twice({ type: 'rooms.ring', rooms: [inside, inside], ring: 'Executive' }),
    ]
    const read = made.store.read(made.contoso, 'wholeTenant')
    for (const [command, again] of pairs) {
      await give(boss, command)
      const [seq, records] = [await read.lastSeq(), (await read.tables.audit().select('number').execute()).length]
      expect(await send(boss, again)).toMatchObject({ outcome: 'applied' })
      const kinds = (await read.changesAfter(seq, 10)).map(({ kind }) => kind)
      expect([again.type, kinds, (await read.tables.audit().select('number').execute()).length]).toEqual([again.type, ['receipt'], records])
    }
  })
})

describe('[CON-3] somebody whose right came after the directory was to be asked', () => {
  it('is told to send it again, and not that the directory does not know whom they name', async () => {
    const before = await callerOf(ada)
    await made.store.write(made.contoso, system, (tx) =>
      saveAssignment(tx, {
        id: AssignmentId.parse(v7()),
        name: 'Second',
        role: RoleId.parse('proManager'),
        members: [person(ada)],
        scope: 'all',
      }),
    )
    const key = CommandKey.parse(v7())
    const command = saved(AssignmentId.parse(v7()), 'siteTech', over(inside))
    await expect(send(before, command, key)).rejects.toMatchObject({ code: 'directory.unavailable' })
    expect(await send(await callerOf(ada), command, key)).toMatchObject({ outcome: 'applied' })
  })
})
