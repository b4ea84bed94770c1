import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../contract/commands.ts'
import { AssignmentId, GroupId, RoleId } from '../../contract/ids.ts'
import type { Permission } from '../../contract/permissions.ts'
import { system } from '../ground/store/transaction.ts'
import { denied, group, grouped, inside, named, ofLink, outside, over, person, role, saved, ScopeRig } from '../testing/access/scopeRig.ts'
import { finn } from '../testing/directory/organisations.ts'

/** Ada holds some permissions over some rooms; what she shares with others is changed by who has power over all of it. */

const rig = new ScopeRig()
const { room, callerOf, give, said, holding, linked } = rig

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
  const assigned = () => give(rig.boss, saved(AssignmentId.parse(v7()), 'siteTech', { rooms: [], groups: [group] }))

  it('comes and goes by who manages roles there, and by nobody else, whatever it gives', async () => {
    const other = await room('Other')
    const leader = await holding(lead, over(inside, other))
    expect(await said(leader, grouped([inside, other]))).toBe('applied')
    await give(rig.boss, grouped([inside, outside]))
    await assigned()
    expect(await said(leader, grouped([]))).toEqual(denied)
    expect(await said(leader, grouped([inside, other]))).toEqual(denied)
    expect(await said(leader, grouped([inside]))).toBe('applied')
    const keeper = await holding(manager, over(inside, other))
    expect(await said(keeper, grouped([inside, other]))).toBe('applied')
    expect(await said(keeper, grouped([]))).toBe('applied')
  })

  it('to come is said by who manages roles everywhere', async () => {
    await give(rig.boss, grouped([], named('Inside')))
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
    await give(rig.boss, saved(AssignmentId.parse(v7()), 'siteTech', { rooms: [], groups: [group] }))
    const command = { type: 'group.delete', group } satisfies Command
    expect(await said(await holding(lead, over(inside, outside)), command)).toEqual(denied)
    expect(await said(await holding(['groups.modify', 'roles.view'], over(inside, outside)), command)).toEqual(['group.inUse', {}])
  })

  it('[PAR-4] nor is what a hidden assignment gives', async () => {
    const remote = RoleId.parse(v7())
    await give(rig.boss, role(remote, ['remoteAccess.modify']))
    await give(rig.boss, saved(AssignmentId.parse(v7()), remote, { rooms: [], groups: [group] }))
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
    for (const command of [role(shared, ['rooms.view'], 'Shared'), role(own, ['rooms.view'], 'Own'), both, one])
      await give(rig.boss, command)
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
    await give(rig.boss, { type: 'group.save', group: empty, name: 'Empty', description: '', rooms: [], rule: named('Nowhere') })
    expect(await said(rig.boss, ofLink({ rooms: [], groups: [empty] }))).toEqual(['partner.noRooms', { field: 'scope' }])
    expect(await said(rig.boss, ofLink({ rooms: [outside], groups: [empty] }))).toBe('applied')
  })

  it.each(['active', 'invited'] as const)('stay some, whatever changes a group: %s', async (status) => {
    await give(rig.boss, grouped([], named('Inside')))
    await linked({ rooms: [], groups: [group] }, status)
    expect(await said(rig.boss, grouped([], named('Nowhere')))).toEqual(['partner.noRooms', {}])
    // Who may not know of a partner is told nothing of it.
    expect(await said(await holding(['groups.modify', 'roles.modify'], 'all'), grouped([], named('Nowhere')))).toEqual(denied)
  })

  it('are the customer’s matter: its admins change also while its groups happen to hold no room', async () => {
    const scope = { rooms: [], groups: [group] }
    await linked(scope)
    await rig.made.store.write(rig.made.contoso, system, (tx) =>
      tx.update
        .roomGroup()
        .where('id', '=', group)
        .set({ rooms: '[]', rule: JSON.stringify(named('Nowhere')) })
        .execute(),
    )
    const caller = await callerOf(finn, rig.made.fabrikam, 'fabrikam')
    const members = [person(finn), { kind: 'group' as const, id: 'field' }]
    // Of the group they see nothing, as long as it holds no room of theirs.
    expect(await said(caller, { ...ofLink({ rooms: [], groups: [] }), members })).toBe('applied')
  })
})
