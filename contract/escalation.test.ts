import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Access, isProManager, may, mayAudit, mayManageCustomers, tenantManagerRole } from './access.ts'
import { escalationOf } from './escalation.ts'
import { accessOf, type ResolvedPolicy, resolvePolicy } from './evaluate.ts'
import { AssignmentId, GroupId, type LinkId, PersonId, RoomId } from './ids.ts'
import { builtInRoles, Permission } from './permissions.ts'
import type { Assignment, Policy, RoomFacts, RoomGroup } from './policy.ts'
import { cases } from './testing/chance.ts'
import { aLink, assignment, role, roomIds, uuid } from './testing/parts.ts'
import { changedPolicies, rooms, subjects } from './testing/policies.ts'

/** Thousands of cases take their time on a busy machine (ms). */
const patient = 120_000

describe('escalation', () => {
  it(
    'lets nobody but a Pro Manager give, or take for themselves, what they do not hold',
    () => {
      let allowed = 0
      fc.assert(
        fc.property(changedPolicies, subjects, fc.array(subjects, { minLength: 1, maxLength: 3 }), ({ before, after }, maker, others) => {
          const [was, now] = [resolvePolicy(before, rooms), resolvePolicy(after, rooms)]
          const makersAccess = accessOf(was, maker)
          if (isProManager(makersAccess) || escalationOf(was, now, makersAccess)) return
          const remote = before.links.find(({ id }) => id === maker.link)?.remoteAccess === true
          // Over the rooms where they are primary admin, they may give what the customer allows.
          const primary: Access = { ...makersAccess, grants: makersAccess.grants.filter((grant) => grant.role === 'primaryAdmin') }
          const mayGive = (permission: Permission, room?: RoomId): boolean =>
            may(makersAccess, permission, room) || (remote && permission.startsWith('remoteAccess.') && may(primary, 'rooms.view', room))
          for (const person of [maker, ...others]) {
            const [had, has] = [accessOf(was, person), accessOf(now, person)]
            for (const permission of Permission.options) {
              if (may(has, permission) && !may(had, permission)) expect([permission, mayGive(permission)]).toEqual([permission, true])
              for (const room of roomIds) {
                if (!may(has, permission, room) || may(had, permission, room)) continue
                allowed += 1
                expect([permission, room, mayGive(permission, room)]).toEqual([permission, room, true])
              }
            }
          }
        }),
        { numRuns: cases(5_000) },
      )
      // Changes that are within bounds do pass, or this would say nothing.
      expect(allowed).toBeGreaterThan(0)
    },
    patient,
  )
})

describe('escalation of powers', () => {
  it(
    '[ACC-6] is one, too: nobody gives the powers of a built-in role who does not hold them, whatever permissions they hold',
    () => {
      let allowed = 0
      fc.assert(
        fc.property(changedPolicies, subjects, fc.array(subjects, { minLength: 1, maxLength: 3 }), ({ before, after }, maker, others) => {
          const [was, now] = [resolvePolicy(before, rooms), resolvePolicy(after, rooms)]
          const mine = accessOf(was, maker)
          if (isProManager(mine) || escalationOf(was, now, mine)) return
          for (const person of [maker, ...others]) {
            const [had, has] = [accessOf(was, person), accessOf(now, person)]
            for (const holds of [mayAudit, mayManageCustomers, isProManager]) {
              if (!holds(has) || holds(had)) continue
              allowed += 1
              // A Global Administrator appoints Pro Managers (ACC-3).
              expect([holds.name, holds(mine) || mine.globalAdministrator]).toEqual([holds.name, true])
            }
          }
        }),
        { numRuns: cases(5_000) },
      )
      expect(allowed).toBeGreaterThan(0)
    },
    patient,
  )

  const members = [{ kind: 'person' as const, id: 'maker' }]
  const makerOf = (policy: ResolvedPolicy, link: LinkId | null) =>
    accessOf(policy, { id: PersonId.parse(uuid(9)), objectId: 'maker', globalAdministrator: false, groups: [], link, removed: false })

  it.each(['proManager', tenantManagerRole])('[ACC-6] so a copy of Pro Manager does not make its holder %s', (wanted) => {
    const copy = { id: role('copy'), link: null, name: 'Copy', description: '', permissions: [...builtInRoles.proManager.permissions] }
    const policy = (given: Policy['assignments']) =>
      resolvePolicy(
        { roles: [copy], groups: [], links: [], assignments: [{ ...assignment(1, 'copy'), members, scope: 'all' as const }, ...given] },
        rooms,
      )
    const before = policy([])
    expect(escalationOf(before, policy([{ ...assignment(2, wanted), members, scope: 'all' }]), makerOf(before, null))).toMatchObject({
      room: 'all',
    })
    expect(escalationOf(before, policy([{ ...assignment(2, 'copy'), members, scope: 'all' }]), makerOf(before, null))).toBeUndefined()
  })

  it.each([true, false])('[PAR-3] and a copy of Primary Admin does not make its holder one; remote access allowed: %s', (remoteAccess) => {
    const link = { ...aLink, remoteAccess }
    const copy = { id: role('copy'), link: link.id, name: 'Copy', description: '', permissions: [...builtInRoles.primaryAdmin.permissions] }
    const assigned = {
      ...assignment(1, 'primaryAdmin'),
      link: link.id,
      members: [{ kind: 'person' as const, id: 'boss' }],
      scope: link.scope,
      builtIn: true,
    }
    const own = { ...assignment(2, 'copy'), link: link.id, members, scope: 'all' as const }
    const policy = (...given: Policy['assignments']) =>
      resolvePolicy({ roles: [copy], groups: [], links: [link], assignments: given }, rooms)
    const before = policy(assigned, own)
    const maker = makerOf(before, link.id)
    expect(escalationOf(before, policy({ ...assigned, members: [...assigned.members, ...members] }, own), maker)).toMatchObject({
      given: 'lendRemote',
    })
    expect(
      escalationOf(
        before,
        policy(assigned, own, {
          ...assignment(3, 'primaryAdmin'),
          link: link.id,
          members,
          scope: { rooms: roomIds.slice(0, 1), groups: [] },
        }),
        maker,
      ),
    ).toMatchObject({ given: 'lendRemote' })
    expect(escalationOf(before, policy(assigned, own, { ...own, id: AssignmentId.parse(uuid(3)) }), maker)).toBeUndefined()
  })

  it('[PAR-4] and rooms for primary admins who may lend remote access are given by who may give that', () => {
    const keeper = { id: role('keeper'), link: null, name: 'K', description: '', permissions: [...builtInRoles.proManager.permissions] }
    const remote = {
      ...keeper,
      id: role('remote'),
      permissions: [...keeper.permissions, 'remoteAccess.view' as const, 'remoteAccess.modify' as const],
    }
    for (const [held, remoteAccess, refused] of [
      [keeper, true, true],
      [keeper, false, false],
      [remote, true, false],
    ] as const) {
      const policy = (scope: Assignment['scope']) => {
        const link = { ...aLink, remoteAccess, scope }
        const assigned = {
          ...assignment(1, 'primaryAdmin'),
          link: link.id,
          members: [{ kind: 'person' as const, id: 'boss' }],
          scope,
          builtIn: true,
        }
        return resolvePolicy(
          { roles: [held], groups: [], links: [link], assignments: [assigned, { ...assignment(2, held.id), members, scope: 'all' }] },
          rooms,
        )
      }
      const before = policy(aLink.scope)
      expect(escalationOf(before, policy({ rooms: roomIds, groups: [] }), makerOf(before, null)) !== undefined).toBe(refused)
    }
  })
})

describe('escalation over what others may extend', () => {
  const later: RoomFacts = { id: RoomId.parse(uuid(6)), name: 'Later', place: { country: 'IS', city: 'Vik', building: 'Z', floor: '9' } }
  const more = (scope: Assignment['scope']): Assignment['scope'] =>
    scope === 'all' ? scope : { ...scope, rooms: [...scope.rooms, later.id] }
  /** Somebody else adds a room to every group and every link. */
  const extended = (policy: Policy): Policy => ({
    ...policy,
    links: policy.links.map((link) => ({ ...link, scope: more(link.scope) })),
    groups: policy.groups.map((group) => ({ ...group, rooms: [...group.rooms, later.id] })),
  })

  it(
    '[ACC-6] is one, too: a room that is added to groups later comes to nobody through whom it does not come to',
    () => {
      let allowed = 0
      fc.assert(
        fc.property(changedPolicies, subjects, fc.array(subjects, { minLength: 1, maxLength: 3 }), ({ before, after }, maker, others) => {
          const [was, now] = [resolvePolicy(before, rooms), resolvePolicy(after, rooms)]
          const mine = accessOf(was, maker)
          if (isProManager(mine) || escalationOf(was, now, mine)) return
          const [wasLater, nowLater] = [before, after].map((policy) => resolvePolicy(extended(policy), [...rooms, later]))
          if (!wasLater || !nowLater) throw new Error('two policies')
          for (const person of [maker, ...others]) {
            for (const permission of Permission.options) {
              if (permission.startsWith('remoteAccess.')) continue
              if (!may(accessOf(nowLater, person), permission, later.id) || may(accessOf(wasLater, person), permission, later.id)) continue
              allowed += 1
              expect([permission, may(accessOf(wasLater, maker), permission, later.id)]).toEqual([permission, true])
            }
          }
        }),
        { numRuns: cases(5_000) },
      )
      expect(allowed).toBeGreaterThan(0)
    },
    patient,
  )

  it('[PAR-4] so who holds the rooms of a link by name does not widen to all of it, nor to a group that holds the same', () => {
    const group: RoomGroup = { id: GroupId.parse(uuid(5)), name: 'G', description: '', rooms: aLink.scope.rooms, rule: null }
    const helper = {
      id: role('helper'),
      link: aLink.id,
      name: 'H',
      description: '',
      permissions: ['rooms.view' as const, 'roles.view' as const, 'roles.modify' as const],
    }
    const own = { ...assignment(2, 'helper'), link: aLink.id, members: [{ kind: 'person' as const, id: 'maker' }] }
    const policy = (scope: Assignment['scope']) =>
      resolvePolicy({ roles: [helper], groups: [group], links: [aLink], assignments: [{ ...own, scope }] }, rooms)
    const maker = (from: ResolvedPolicy) =>
      accessOf(from, {
        id: PersonId.parse(uuid(9)),
        objectId: 'maker',
        globalAdministrator: false,
        groups: [],
        link: aLink.id,
        removed: false,
      })
    const [byName, byGroup, whole] = [policy(aLink.scope), policy({ rooms: [], groups: [group.id] }), policy('all')]
    expect([whole, byGroup].map((wider) => escalationOf(byName, wider, maker(byName))?.room)).toEqual(['all', 'all'])
    expect(escalationOf(byGroup, whole, maker(byGroup))).toMatchObject({ room: 'all' })
    expect([byName, byGroup].map((narrower) => escalationOf(whole, narrower, maker(whole)))).toEqual([undefined, undefined])
  })
})

describe('escalation over rooms to come', () => {
  const fresh = fc
    .record({
      name: fc.constantFrom('Room 2', 'B1'),
      city: fc.constantFrom('Paris', 'Lyon'),
      building: fc.constantFrom('B0', 'B1'),
      floor: fc.constantFrom('0', '1'),
    })
    .map(({ name, ...place }): RoomFacts => ({ id: RoomId.parse(uuid(6)), name, place: { country: 'FR', ...place } }))

  it(
    'is one, too: a group by rule gives nobody a later room that its giver does not get',
    () => {
      let allowed = 0
      fc.assert(
        fc.property(
          changedPolicies,
          subjects,
          fc.array(subjects, { minLength: 1, maxLength: 3 }),
          fresh,
          ({ before, after }, maker, others, room) => {
            const [was, now] = [resolvePolicy(before, rooms), resolvePolicy(after, rooms)]
            const makersAccess = accessOf(was, maker)
            if (isProManager(makersAccess) || escalationOf(was, now, makersAccess)) return
            const [wasLater, nowLater] = [resolvePolicy(before, [...rooms, room]), resolvePolicy(after, [...rooms, room])]
            for (const person of [maker, ...others]) {
              for (const permission of Permission.options) {
                if (permission.startsWith('remoteAccess.')) continue
                if (!may(accessOf(nowLater, person), permission, room.id) || may(accessOf(wasLater, person), permission, room.id)) continue
                allowed += 1
                expect([permission, may(accessOf(wasLater, maker), permission, room.id)]).toEqual([permission, true])
              }
            }
          },
        ),
        { numRuns: cases(5_000) },
      )
      expect(allowed).toBeGreaterThan(0)
    },
    patient,
  )

  it('is not what somebody shares with a colleague over the same group', () => {
    const group: RoomGroup = {
      id: GroupId.parse(uuid(5)),
      name: 'G',
      description: '',
      rooms: [],
      rule: { match: 'all', conditions: [{ field: 'city', is: 'equal', value: 'Brest' }] },
    }
    const scope = { rooms: [], groups: [group.id] }
    const own: Assignment = { ...assignment(1, 'siteTech'), members: [{ kind: 'person' as const, id: 'maker' }], scope }
    const policy = (given: Policy['assignments'], first = own) =>
      resolvePolicy({ roles: [], groups: [group], links: [], assignments: [first, ...given] }, rooms)
    const colleague = { ...assignment(2, 'siteTech'), members: [{ kind: 'person' as const, id: 'a' }], scope }
    const maker = (before: ResolvedPolicy) =>
      accessOf(before, {
        id: PersonId.parse(uuid(9)),
        objectId: 'maker',
        globalAdministrator: false,
        groups: [],
        link: null,
        removed: false,
      })
    expect(escalationOf(policy([]), policy([colleague]), maker(policy([])))).toBeUndefined()
    const some = { ...own, scope: { rooms: roomIds, groups: [] } }
    expect(escalationOf(policy([], some), policy([colleague], some), maker(policy([], some)))).toMatchObject({ room: 'all' })
  })
})

describe('escalation over no room', () => {
  it('is one, too: what is about no room is given by an assignment that names none', () => {
    const policy = (members: Policy['assignments'][number]['members']): Policy => ({
      roles: [
        { id: role('settings'), link: null, name: 'S', description: '', permissions: ['settings.modify'] },
        { id: role('roles'), link: null, name: 'R', description: '', permissions: ['roles.modify'] },
      ],
      groups: [],
      links: [],
      assignments: [
        { ...assignment(1, 'settings'), members },
        { ...assignment(2, 'roles'), members: [{ kind: 'person', id: 'maker' }] },
      ],
    })
    const [before, after] = [
      policy([{ kind: 'person', id: 'a' }]),
      policy([
        { kind: 'person', id: 'a' },
        { kind: 'person', id: 'maker' },
      ]),
    ].map((made) => resolvePolicy(made, rooms))
    if (!before || !after) throw new Error('two policies')
    const maker = accessOf(before, {
      id: PersonId.parse(uuid(9)),
      objectId: 'maker',
      globalAdministrator: false,
      groups: [],
      link: null,
      removed: false,
    })
    expect(escalationOf(before, after, maker)).toMatchObject({ given: 'settings.modify', room: 'all' })
    expect(escalationOf(after, before, maker)).toBeUndefined()
  })
})
