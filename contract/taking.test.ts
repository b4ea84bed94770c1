import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { may } from './access.ts'
import { regroupsBeyond, takesBeyond } from './escalation.ts'
import { accessOf, resolvePolicy } from './evaluate.ts'
import { GroupId, PersonId, RoomId } from './ids.ts'
import { Permission } from './permissions.ts'
import type { Assignment, AssignmentScope, Policy, RoomFacts, RoomGroup } from './policy.ts'
import { cases } from './testing/chance.ts'
import { aLink, assignment, role, roomIds, uuid } from './testing/parts.ts'
import { changedPolicies, rooms, subjects } from './testing/policies.ts'

/** Rooms to come are taken from others by who gets them, too. */

/** Thousands of cases take their time on a busy machine (ms). */
const patient = 120_000
const later: RoomFacts = { id: RoomId.parse(uuid(6)), name: 'Room 2', place: { country: 'FR', city: 'Lyon', building: 'B0', floor: '1' } }

describe('[ACC-6] rooms to come', () => {
  const more = (scope: AssignmentScope): AssignmentScope => (scope === 'all' ? scope : { ...scope, rooms: [...scope.rooms, later.id] })
  /** Somebody else adds a room to every group and every link. */
  const extended = (policy: Policy): Policy => ({
    ...policy,
    links: policy.links.map((link) => ({ ...link, scope: more(link.scope) })),
    groups: policy.groups.map((group) => ({ ...group, rooms: [...group.rooms, later.id] })),
  })

  it.each([
    ['by a rule', (policy: Policy): Policy => policy],
    ['by whoever adds it to a group or a link', extended],
  ])(
    'are lost by nobody to somebody who does not get them: %s',
    (_how, come) => {
      let taken = 0
      fc.assert(
        fc.property(changedPolicies, subjects, fc.array(subjects, { minLength: 1, maxLength: 3 }), ({ before, after }, maker, others) => {
          const [was, now] = [resolvePolicy(before, rooms), resolvePolicy(after, rooms)]
          const mine = accessOf(was, maker)
          if (takesBeyond(was, now, mine) || regroupsBeyond(was, now, mine)) return
          const [wasLater, nowLater] = [resolvePolicy(come(before), [...rooms, later]), resolvePolicy(come(after), [...rooms, later])]
          for (const person of others) {
            const lost = Permission.options.filter(
              (permission) =>
                may(accessOf(wasLater, person), permission, later.id) && !may(accessOf(nowLater, person), permission, later.id),
            )
            if (lost.length === 0) continue
            taken += 1
            expect([lost, may(accessOf(wasLater, maker), 'roles.modify', later.id)]).toEqual([lost, true])
          }
        }),
        { numRuns: cases(5_000) },
      )
      // Takings that are within bounds do pass, or this would say nothing.
      expect(taken).toBeGreaterThan(0)
    },
    patient,
  )

  const group: RoomGroup = { id: GroupId.parse(uuid(5)), name: 'G', description: '', rooms: roomIds.slice(0, 2), rule: null }
  const grouped: AssignmentScope = { rooms: [], groups: [group.id] }
  const named: AssignmentScope = { rooms: roomIds.slice(0, 2), groups: [] }

  it.each([
    ['a group', null, grouped],
    ['all of a link', aLink.id, 'all' as const],
  ])('of %s are taken by who holds it, and not by who holds its rooms of today', (_what, link, wide) => {
    const held = {
      id: role('helper'),
      link,
      name: 'H',
      description: '',
      permissions: ['rooms.view' as const, 'roles.view' as const, 'roles.modify' as const],
    }
    const member = (id: string) => [{ kind: 'person' as const, id }]
    const given: Assignment = { ...assignment(1, 'helper'), link, members: [...member('a'), ...member('b')], scope: wide }
    const policy = (mine: AssignmentScope, others: readonly Assignment[]) =>
      resolvePolicy(
        {
          roles: [held],
          groups: [group],
          links: [aLink],
          assignments: [{ ...assignment(2, 'helper'), link, members: member('maker'), scope: mine }, ...others],
        },
        rooms,
      )
    const makerOf = (resolved: ReturnType<typeof policy>) =>
      accessOf(resolved, { id: PersonId.parse(uuid(9)), objectId: 'maker', globalAdministrator: false, groups: [], link, removed: false })
    for (const after of [[{ ...given, scope: named }], [{ ...given, members: member('a') }], []]) {
      for (const mine of [named, wide]) {
        const before = policy(mine, [given])
        expect([after, mine, takesBeyond(before, policy(mine, after), makerOf(before))]).toEqual([after, mine, mine === named])
      }
    }
  })
})
