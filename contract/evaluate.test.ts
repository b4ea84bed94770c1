import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Access, isProManager, may, mayAudit, mayManageCustomers, scopeOf, tenantManagerRole } from './access.ts'
import { accessChange, accessOf, escalationOf, type ResolvedPolicy, resolvePolicy } from './evaluate.ts'
import { AssignmentId, GroupId, LinkId, PersonId, RoleId, RoomId, TenantId } from './ids.ts'
import { builtInRoles, Permission } from './permissions.ts'
import type { Assignment, Policy, RoomFacts, RoomGroup } from './policy.ts'
import { modelMay } from './testing/model.ts'
import { changedPolicies, policies, requests, rooms, subjects } from './testing/policies.ts'

const roomIds = rooms.map(({ id }) => id)
const uuid = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`
const automatic = 'automatic' as const
/** Over the first two rooms, by name. */
const aLink = {
  ...{ id: LinkId.parse(uuid(8)), tenant: TenantId.parse(uuid(7)), domain: 'p.example', status: 'active' as const, partner: null, partnerName: 'P', invitedAt: 0, expiresAt: 1, acceptedAt: 1 },
  ...{ changeControl: { rooms: automatic, rings: automatic, incidents: automatic, roles: automatic }, scope: { rooms: roomIds.slice(0, 2), groups: [] }, remoteAccess: false, multiFactor: false },
}
/** Thousands of cases take their time on a busy machine (ms). */
const patient = 120_000

describe('the rule of access', () => {
  it('answers as the slow model does, 10,000 times', () => {
    fc.assert(
      fc.property(policies, subjects, fc.array(requests, { minLength: 1, maxLength: 6 }), (policy, subject, asked) => {
        const access = accessOf(resolvePolicy(policy, rooms), subject)
        for (const { permission, room } of asked) {
          expect([permission, room, may(access, permission, room)]).toEqual([permission, room, modelMay(policy, rooms, subject, permission, room)])
        }
      }),
      { numRuns: 10_000 },
    )
  }, patient)

  it('gives the same answer after its way through JSON', () => {
    fc.assert(
      fc.property(policies, subjects, requests, (policy, subject, { permission, room }) => {
        const access = accessOf(resolvePolicy(policy, rooms), subject)
        const synced: Access = JSON.parse(JSON.stringify(access))
        expect(may(synced, permission, room)).toBe(may(access, permission, room))
      }),
    )
  })

  it('names as its scope just the rooms that it allows', () => {
    fc.assert(
      fc.property(policies, subjects, fc.constantFrom(...Permission.options), (policy, subject, permission) => {
        const access = accessOf(resolvePolicy(policy, rooms), subject)
        const scope = scopeOf(access, permission)
        expect(roomIds.filter((room) => scope === 'all' || scope.has(room))).toEqual(roomIds.filter((room) => may(access, permission, room)))
      }),
    )
  })

  it('keeps a partner within the rooms and permissions of its link, whatever its roles say', () => {
    fc.assert(
      fc.property(policies, subjects, requests, (policy, subject, { permission, room }) => {
        fc.pre(subject.link !== null && room !== undefined)
        const resolved = resolvePolicy(policy, rooms)
        if (!may(accessOf(resolved, subject), permission, room)) return
        const link = subject.link === null ? undefined : resolved.links.get(subject.link)
        expect(link?.link.status).toBe('active')
        expect(link?.scope === 'all' || (room !== undefined && link?.scope.includes(room))).toBe(true)
        expect(permission.startsWith('settings.')).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  }, patient)
})

describe('escalation', () => {
  it('lets nobody but a Pro Manager give, or take for themselves, what they do not hold', () => {
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
      { numRuns: 5_000 },
    )
    // Changes that are within bounds do pass, or this would say nothing.
    expect(allowed).toBeGreaterThan(0)
  }, patient)
})

describe('escalation of powers', () => {
  it('[ACC-6] is one, too: nobody gives the powers of a built-in role who does not hold them, whatever permissions they hold', () => {
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
      { numRuns: 5_000 },
    )
    expect(allowed).toBeGreaterThan(0)
  }, patient)

  const members = [{ kind: 'person' as const, id: 'maker' }]
  const makerOf = (policy: ResolvedPolicy, link: LinkId | null) => accessOf(policy, { id: PersonId.parse(uuid(9)), objectId: 'maker', globalAdministrator: false, groups: [], link, removed: false })

  it.each(['proManager', tenantManagerRole])('[ACC-6] so a copy of Pro Manager does not make its holder %s', (wanted) => {
    const copy = { id: role('copy'), link: null, name: 'Copy', description: '', permissions: [...builtInRoles.proManager.permissions] }
    const policy = (given: Policy['assignments']) => resolvePolicy({ roles: [copy], groups: [], links: [], assignments: [{ ...assignment(1, 'copy'), members, scope: 'all' as const }, ...given] }, rooms)
    const before = policy([])
    expect(escalationOf(before, policy([{ ...assignment(2, wanted), members, scope: 'all' }]), makerOf(before, null))).toMatchObject({ room: 'all' })
    expect(escalationOf(before, policy([{ ...assignment(2, 'copy'), members, scope: 'all' }]), makerOf(before, null))).toBeUndefined()
  })

  it.each([true, false])('[PAR-3] and a copy of Primary Admin does not make its holder one; remote access allowed: %s', (remoteAccess) => {
    const link = { ...aLink, remoteAccess }
    const copy = { id: role('copy'), link: link.id, name: 'Copy', description: '', permissions: [...builtInRoles.primaryAdmin.permissions] }
    const assigned = { ...assignment(1, 'primaryAdmin'), link: link.id, members: [{ kind: 'person' as const, id: 'boss' }], scope: link.scope, builtIn: true }
    const own = { ...assignment(2, 'copy'), link: link.id, members, scope: 'all' as const }
    const policy = (...given: Policy['assignments']) => resolvePolicy({ roles: [copy], groups: [], links: [link], assignments: given }, rooms)
    const before = policy(assigned, own)
    const maker = makerOf(before, link.id)
    expect(escalationOf(before, policy({ ...assigned, members: [...assigned.members, ...members] }, own), maker)).toMatchObject({ given: 'lendRemote' })
    expect(escalationOf(before, policy(assigned, own, { ...assignment(3, 'primaryAdmin'), link: link.id, members, scope: { rooms: roomIds.slice(0, 1), groups: [] } }), maker)).toMatchObject({ given: 'lendRemote' })
    expect(escalationOf(before, policy(assigned, own, { ...own, id: AssignmentId.parse(uuid(3)) }), maker)).toBeUndefined()
  })

  it('[PAR-4] and rooms for primary admins who may lend remote access are given by who may give that', () => {
    const keeper = { id: role('keeper'), link: null, name: 'K', description: '', permissions: [...builtInRoles.proManager.permissions] }
    const remote = { ...keeper, id: role('remote'), permissions: [...keeper.permissions, 'remoteAccess.view' as const, 'remoteAccess.modify' as const] }
    for (const [held, remoteAccess, refused] of [[keeper, true, true], [keeper, false, false], [remote, true, false]] as const) {
      const policy = (scope: Assignment['scope']) => {
        const link = { ...aLink, remoteAccess, scope }
        const assigned = { ...assignment(1, 'primaryAdmin'), link: link.id, members: [{ kind: 'person' as const, id: 'boss' }], scope, builtIn: true }
        return resolvePolicy({ roles: [held], groups: [], links: [link], assignments: [assigned, { ...assignment(2, held.id), members, scope: 'all' }] }, rooms)
      }
      const before = policy(aLink.scope)
      expect(escalationOf(before, policy({ rooms: roomIds, groups: [] }), makerOf(before, null)) !== undefined).toBe(refused)
    }
  })
})

describe('escalation over what others may extend', () => {
  const later: RoomFacts = { id: RoomId.parse(uuid(6)), name: 'Later', place: { country: 'IS', city: 'Vik', building: 'Z', floor: '9' } }
  const more = (scope: Assignment['scope']): Assignment['scope'] => (scope === 'all' ? scope : { ...scope, rooms: [...scope.rooms, later.id] })
  /** Somebody else adds a room to every group and every link. */
  const extended = (policy: Policy): Policy => ({
    ...policy,
    links: policy.links.map((link) => ({ ...link, scope: more(link.scope) })),
    groups: policy.groups.map((group) => ({ ...group, rooms: [...group.rooms, later.id] })),
  })

  it('[ACC-6] is one, too: a room that is added to groups later comes to nobody through whom it does not come to', () => {
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
      { numRuns: 5_000 },
    )
    expect(allowed).toBeGreaterThan(0)
  }, patient)

  it('[PAR-4] so who holds the rooms of a link by name does not widen to all of it, nor to a group that holds the same', () => {
    const group: RoomGroup = { id: GroupId.parse(uuid(5)), name: 'G', description: '', rooms: aLink.scope.rooms, rule: null }
    const helper = { id: role('helper'), link: aLink.id, name: 'H', description: '', permissions: ['rooms.view' as const, 'roles.view' as const, 'roles.modify' as const] }
    const own = { ...assignment(2, 'helper'), link: aLink.id, members: [{ kind: 'person' as const, id: 'maker' }] }
    const policy = (scope: Assignment['scope']) => resolvePolicy({ roles: [helper], groups: [group], links: [aLink], assignments: [{ ...own, scope }] }, rooms)
    const maker = (from: ResolvedPolicy) => accessOf(from, { id: PersonId.parse(uuid(9)), objectId: 'maker', globalAdministrator: false, groups: [], link: aLink.id, removed: false })
    const [byName, byGroup, whole] = [policy(aLink.scope), policy({ rooms: [], groups: [group.id] }), policy('all')]
    expect([whole, byGroup].map((wider) => escalationOf(byName, wider, maker(byName))?.room)).toEqual(['all', 'all'])
    expect(escalationOf(byGroup, whole, maker(byGroup))).toMatchObject({ room: 'all' })
    expect([byName, byGroup].map((narrower) => escalationOf(whole, narrower, maker(whole)))).toEqual([undefined, undefined])
  })
})

describe('escalation over rooms to come', () => {
  const fresh = fc.record({ name: fc.constantFrom('Room 2', 'B1'), city: fc.constantFrom('Paris', 'Lyon'), building: fc.constantFrom('B0', 'B1'), floor: fc.constantFrom('0', '1') }).map(
    ({ name, ...place }): RoomFacts => ({ id: RoomId.parse(uuid(6)), name, place: { country: 'FR', ...place } }),
  )

  it('is one, too: a group by rule gives nobody a later room that its giver does not get', () => {
    let allowed = 0
    fc.assert(
      fc.property(changedPolicies, subjects, fc.array(subjects, { minLength: 1, maxLength: 3 }), fresh, ({ before, after }, maker, others, room) => {
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
      }),
      { numRuns: 5_000 },
    )
    expect(allowed).toBeGreaterThan(0)
  }, patient)

  it('is not what somebody shares with a colleague over the same group', () => {
    const group: RoomGroup = { id: GroupId.parse(uuid(5)), name: 'G', description: '', rooms: [], rule: { match: 'all', conditions: [{ field: 'city', is: 'equal', value: 'Brest' }] } }
    const scope = { rooms: [], groups: [group.id] }
    const own: Assignment = { ...assignment(1, 'siteTech'), members: [{ kind: 'person' as const, id: 'maker' }], scope }
    const policy = (given: Policy['assignments'], first = own) => resolvePolicy({ roles: [], groups: [group], links: [], assignments: [first, ...given] }, rooms)
    const colleague = { ...assignment(2, 'siteTech'), members: [{ kind: 'person' as const, id: 'a' }], scope }
    const maker = (before: ResolvedPolicy) => accessOf(before, { id: PersonId.parse(uuid(9)), objectId: 'maker', globalAdministrator: false, groups: [], link: null, removed: false })
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
    const [before, after] = [policy([{ kind: 'person', id: 'a' }]), policy([{ kind: 'person', id: 'a' }, { kind: 'person', id: 'maker' }])].map((made) => resolvePolicy(made, rooms))
    if (!before || !after) throw new Error('two policies')
    const maker = accessOf(before, { id: PersonId.parse(uuid(9)), objectId: 'maker', globalAdministrator: false, groups: [], link: null, removed: false })
    expect(escalationOf(before, after, maker)).toMatchObject({ given: 'settings.modify', room: 'all' })
    expect(escalationOf(after, before, maker)).toBeUndefined()
  })
})

describe('an invitation', () => {
  it('[PAR-1, PAR-4] grows like a link: what it is over is widened by nobody who could not give that to a partner', () => {
    const [first, second] = roomIds
    if (!first || !second) throw new Error('two rooms')
    const scope = { rooms: [], groups: [GroupId.parse(uuid(5))] }
    const lead = { ...assignment(1, 'siteLead'), members: [{ kind: 'person' as const, id: 'maker' }], scope: 'all' as const }
    const inviter = { ...assignment(1, 'inviter'), members: lead.members, scope: 'all' as const }
    const policy = (own: Assignment, over: Pick<RoomGroup, 'rooms' | 'rule'>) =>
      resolvePolicy({ roles: [{ id: role('inviter'), link: null, name: 'I', description: '', permissions: ['settings.modify', 'groups.modify'] }], groups: [{ id: GroupId.parse(uuid(5)), name: 'G', description: '', ...over }], links: [{ ...aLink, status: 'invited', acceptedAt: null, scope }], assignments: [own] }, rooms)
    const change = (own: Assignment, over: Pick<RoomGroup, 'rooms' | 'rule'>) => {
      const before = policy(own, { rooms: [first], rule: null })
      return escalationOf(before, policy(own, over), accessOf(before, { id: PersonId.parse(uuid(9)), objectId: 'maker', globalAdministrator: false, groups: [], link: null, removed: false }))
    }
    expect(change(lead, { rooms: [first, second], rule: null })).toMatchObject({ given: 'roles.view', room: second })
    expect(change(lead, { rooms: [first], rule: { match: 'all', conditions: [{ field: 'city', is: 'equal', value: 'Nowhere' }] } })).toMatchObject({ room: 'all' })
    expect(change(lead, { rooms: [], rule: null })).toBeUndefined()
    expect(change(inviter, { rooms: [first, second], rule: null })).toBeUndefined()
  })
})

describe('remote access that a customer allows a partner', () => {
  it("is a primary admin's to give over the rooms where they are one", () => {
    const [mine, other] = aLink.scope.rooms
    if (!mine || !other) throw new Error('two rooms')
    const { id } = aLink
    const link = { ...aLink, remoteAccess: true }
    const members = [{ kind: 'person' as const, id: 'maker' }]
    const some = { ...assignment(1, 'primaryAdmin'), link: id, members, scope: { rooms: [mine], groups: [] } }
    const policy = (given: Policy['assignments']) => resolvePolicy({ roles: [{ id: role('remote'), link: id, name: 'R', description: '', permissions: ['remoteAccess.modify'] }], groups: [], links: [link], assignments: [some, ...given] }, rooms)
    const before = policy([])
    const maker = accessOf(before, { id: PersonId.parse(uuid(9)), objectId: 'maker', globalAdministrator: false, groups: [], link: id, removed: false })
    const over = (room: RoomId) => policy([{ ...assignment(2, 'remote'), link: id, members, scope: { rooms: [room], groups: [] } }])
    expect(escalationOf(before, over(mine), maker)).toBeUndefined()
    expect(escalationOf(before, over(other), maker)).toMatchObject({ given: 'remoteAccess.modify', room: other })
  })
})

const role = (id: string) => RoleId.parse(id)
const assignment = (n: number, of: string) => ({
  id: AssignmentId.parse(uuid(n)),
  link: null,
  role: role(of),
  name: of,
  description: '',
  notify: false,
  scope: { rooms: [], groups: [] },
  builtIn: false,
})

describe('the effect of a change', () => {
  it('is what the two answers differ in', () => {
    fc.assert(
      fc.property(changedPolicies, subjects, ({ before, after }, subject) => {
        const [had, has] = [accessOf(resolvePolicy(before, rooms), subject), accessOf(resolvePolicy(after, rooms), subject)]
        const change = accessChange(had, has, roomIds)
        const differs = (from: Access, to: Access) => roomIds.filter((room) => Permission.options.some((permission) => may(to, permission, room) && !may(from, permission, room)))
        expect([...(change?.roomsGained ?? [])].sort()).toEqual(differs(had, has))
        expect([...(change?.roomsLost ?? [])].sort()).toEqual(differs(has, had))
        expect(change?.permissionsLost ?? []).toEqual(Permission.options.filter((permission) => may(had, permission) && !may(has, permission)))
      }),
      { numRuns: 2_000 },
    )
  }, patient)
})
