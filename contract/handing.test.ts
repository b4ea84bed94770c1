import { describe, expect, it } from 'vitest'
import { escalationOf } from './escalation.ts'
import { accessOf, resolvePolicy } from './evaluate.ts'
import { GroupId, PersonId, type RoomId } from './ids.ts'
import { builtInRoles, type Permission } from './permissions.ts'
import type { Assignment, Policy, RoomGroup } from './policy.ts'
import { aLink, assignment, role, roomIds, uuid } from './testing/parts.ts'
import { rooms } from './testing/policies.ts'

/** What a customer hands to its partners, and what those hand on, is at most what its giver holds. */

describe('an invitation', () => {
  it('[PAR-1, PAR-4] grows like a link: what it is over is widened by nobody who could not give that to a partner', () => {
    const [first, second] = roomIds
    if (!first || !second) throw new Error('two rooms')
    const scope = { rooms: [], groups: [GroupId.parse(uuid(5))] }
    const lead = { ...assignment(1, 'siteLead'), members: [{ kind: 'person' as const, id: 'maker' }], scope: 'all' as const }
    const inviter = { ...assignment(1, 'inviter'), members: lead.members, scope: 'all' as const }
    const policy = (own: Assignment, over: Pick<RoomGroup, 'rooms' | 'rule'>) =>
      resolvePolicy(
        {
          roles: [{ id: role('inviter'), link: null, name: 'I', description: '', permissions: ['settings.modify', 'groups.modify'] }],
          groups: [{ id: GroupId.parse(uuid(5)), name: 'G', description: '', ...over }],
          links: [{ ...aLink, status: 'invited', acceptedAt: null, scope }],
          assignments: [own],
        },
        rooms,
      )
    const change = (own: Assignment, over: Pick<RoomGroup, 'rooms' | 'rule'>) => {
      const before = policy(own, { rooms: [first], rule: null })
      return escalationOf(
        before,
        policy(own, over),
        accessOf(before, {
          id: PersonId.parse(uuid(9)),
          objectId: 'maker',
          globalAdministrator: false,
          groups: [],
          link: null,
          removed: false,
        }),
      )
    }
    expect(change(lead, { rooms: [first, second], rule: null })).toMatchObject({ given: 'roles.view', room: second })
    expect(
      change(lead, { rooms: [first], rule: { match: 'all', conditions: [{ field: 'city', is: 'equal', value: 'Nowhere' }] } }),
    ).toMatchObject({ room: 'all' })
    expect(change(lead, { rooms: [], rule: null })).toBeUndefined()
    expect(change(inviter, { rooms: [first, second], rule: null })).toMatchObject({ given: 'rooms.view', room: second })
  })
})

describe('whoever invites', () => {
  const primaryAdmin = builtInRoles.primaryAdmin.permissions
  const first = roomIds.slice(0, 1)
  /** Holds settings.modify over all rooms, and these over some, and invites. */
  const inviting = (held: readonly Permission[], over: Assignment['scope'], scope: Assignment['scope'], remoteAccess = false) => {
    const members = [{ kind: 'person' as const, id: 'maker' }]
    const roles = [
      { id: role('inviter'), link: null, name: 'I', description: '', permissions: ['settings.modify' as const] },
      { id: role('held'), link: null, name: 'H', description: '', permissions: [...held] },
    ]
    const own = [
      { ...assignment(1, 'inviter'), members, scope: 'all' as const },
      { ...assignment(2, 'held'), members, scope: over },
    ]
    const group: RoomGroup = { id: GroupId.parse(uuid(5)), name: 'G', description: '', rooms: [...first], rule: null }
    const policy = (links: Policy['links']) => resolvePolicy({ roles, groups: [group], links, assignments: own }, rooms)
    const before = policy([])
    const maker = accessOf(before, {
      id: PersonId.parse(uuid(9)),
      objectId: 'maker',
      globalAdministrator: false,
      groups: [],
      link: null,
      removed: false,
    })
    return escalationOf(before, policy([{ ...aLink, status: 'invited', acceptedAt: null, scope, remoteAccess }]), maker)
  }

  it('[PAR-1, ACC-6] hands a partner no right that they do not hold over its rooms, today and later', () => {
    const byName = { rooms: [...first], groups: [] }
    const byGroup = { rooms: [], groups: [GroupId.parse(uuid(5))] }
    expect(inviting(['rooms.view'], 'all', byName)).toMatchObject({ given: 'rooms.modify' })
    for (const left of primaryAdmin) {
      expect(
        inviting(
          primaryAdmin.filter((one) => one !== left),
          'all',
          byName,
        ),
      ).toMatchObject({ given: left })
    }
    expect(inviting(primaryAdmin, byName, 'all')).toMatchObject({ room: 'all' })
    expect(inviting(primaryAdmin, byName, { rooms: roomIds, groups: [] })).toMatchObject({ room: roomIds[1] })
    expect(inviting(primaryAdmin, byName, byGroup)).toMatchObject({ room: 'all' })
    expect(inviting(primaryAdmin, 'all', byName, true)).toMatchObject({ given: 'lendRemote' })
    expect(inviting(primaryAdmin, byName, byName)).toBeUndefined()
    expect(inviting(primaryAdmin, byGroup, byGroup)).toBeUndefined()
    expect(inviting(primaryAdmin, 'all', 'all')).toBeUndefined()
    expect(inviting([...primaryAdmin, 'remoteAccess.modify'], 'all', 'all', true)).toBeUndefined()
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
    const policy = (given: Policy['assignments']) =>
      resolvePolicy(
        {
          roles: [{ id: role('remote'), link: id, name: 'R', description: '', permissions: ['remoteAccess.modify'] }],
          groups: [],
          links: [link],
          assignments: [some, ...given],
        },
        rooms,
      )
    const before = policy([])
    const maker = accessOf(before, {
      id: PersonId.parse(uuid(9)),
      objectId: 'maker',
      globalAdministrator: false,
      groups: [],
      link: id,
      removed: false,
    })
    const over = (room: RoomId) => policy([{ ...assignment(2, 'remote'), link: id, members, scope: { rooms: [room], groups: [] } }])
    expect(escalationOf(before, over(mine), maker)).toBeUndefined()
    expect(escalationOf(before, over(other), maker)).toMatchObject({ given: 'remoteAccess.modify', room: other })
  })
})
