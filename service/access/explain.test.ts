import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { type Access, type Grant, may, scopeOf } from '../../contract/access.ts'
import { accessOf, assignmentsOf, resolvePolicy, type Subject } from '../../contract/evaluate.ts'
import { AssignmentId, RoleId, type RoomId } from '../../contract/ids.ts'
import { Permission } from '../../contract/permissions.ts'
import { cases } from '../../contract/testing/chance.ts'
import { policies, requests, rooms, subjects } from '../../contract/testing/policies.ts'
import { addressIsShown, personIsShown, type Viewer, whatCan, whoCan } from './explain.ts'

const people = fc.uniqueArray(subjects, { maxLength: 5, selector: ({ id, link }) => `${id}/${link}` })
const idOf = ({ id, link }: Subject): string => `${id}/${link}`
const roomIds = rooms.map(({ id }) => id)

describe('[ACC-7] who can do this, and why', () => {
  it('names exactly those who may, by the rule that decides', () => {
    fc.assert(
      fc.property(policies, people, requests, (policy, some, { permission, room }) => {
        const resolved = resolvePolicy(policy, rooms)
        const allowed = some.filter((subject) => may(accessOf(resolved, subject), permission, room))
        expect(whoCan(resolved, some, permission, room).map(({ subject }) => idOf(subject))).toEqual(allowed.map(idOf))
      }),
      { numRuns: cases(1_000) },
    )
  })

  it('gives every way: each assignment that grants it, named directly or through each security group', () => {
    fc.assert(
      fc.property(policies, people, requests, (policy, some, { permission, room }) => {
        const resolved = resolvePolicy(policy, rooms)
        for (const { subject, ways } of whoCan(resolved, some, permission, room)) {
          const granting = assignmentsOf(resolved, subject).filter(
            ({ permissions, scope }) => permissions.includes(permission) && (room === undefined || scope === 'all' || scope.includes(room)),
          )
          const expected = granting.flatMap(({ assignment: { id, members } }) => [
            ...(members.some((one) => one.kind === 'person' && (one.id === subject.id || one.id === subject.objectId))
              ? [`${id} directly`]
              : []),
            ...subject.groups
              .filter((group) => members.some((one) => one.kind === 'group' && one.id === group))
              .map((group) => `${id} ${group}`),
          ])
          const told = ways.flatMap((way) => (way.kind === 'assignment' ? [`${way.granted.assignment.id} ${way.group ?? 'directly'}`] : []))
          expect(told.sort()).toEqual(expected.sort())
        }
      }),
      { numRuns: cases(1_000) },
    )
  })

  it('of one person is the same as asked by permission, and over the same rooms as the decisions', () => {
    fc.assert(
      fc.property(policies, subjects, (policy, subject) => {
        const resolved = resolvePolicy(policy, rooms)
        const access = accessOf(resolved, subject)
        const held = new Map(whatCan(resolved, subject).map((one) => [one.permission, one]))
        for (const permission of Permission.options) {
          const one = held.get(permission)
          expect(one !== undefined).toBe(may(access, permission))
          if (!one) continue
          expect(one.scope).toEqual(scopeOf(access, permission))
          expect(one.ways).toHaveLength(whoCan(resolved, [subject], permission)[0]!.ways.length)
        }
      }),
      { numRuns: cases(1_000) },
    )
  })

  it("tells of nothing outside the viewer's rooms, and a partner's person of their own link only", () => {
    const viewers = fc.record({
      rooms: fc.subarray(roomIds).map((some): ReadonlySet<RoomId> => new Set(some)),
      link: subjects.map(({ link }) => link),
    })
    fc.assert(
      fc.property(policies, people, viewers, requests, (policy, some, viewer: Viewer, { permission }) => {
        const resolved = resolvePolicy(policy, rooms)
        const within = (scope: 'all' | Iterable<RoomId>): boolean =>
          scope === 'all' || [...scope].some((room) => viewer.rooms === 'all' || viewer.rooms.has(room))
        for (const { subject, ways } of whoCan(resolved, some, permission, undefined, viewer)) {
          if (viewer.link !== null) expect(subject.link).toBe(viewer.link)
          for (const way of ways) if (way.kind === 'assignment') expect(within(way.granted.scope)).toBe(true)
        }
        for (const subject of some) {
          const told = whatCan(resolved, subject, viewer)
          if (viewer.link !== null && subject.link !== viewer.link) expect(told).toEqual([])
          for (const { scope } of told) for (const room of scope) expect(viewer.rooms).toContain(room)
        }
      }),
      { numRuns: cases(1_000) },
    )
  })
})

describe('[ACC-6] who is told of people who work on incidents', () => {
  const [one, two] = roomIds as [RoomId, RoomId]
  const over = (permissions: Permission[], scope: 'all' | RoomId[]): Grant => {
    return { assignment: AssignmentId.parse(v7()), role: RoleId.parse('some'), permissions, scope }
  }
  const holder = (...grants: Grant[]): Access => ({ globalAdministrator: false, grants })

  it('is told their address where they see roles of a room of theirs, and else their name alone', () => {
    const viewer = holder(over(['incidents.view'], 'all'), over(['roles.view'], [one]))
    const told = (scope: 'all' | RoomId[]) => {
      const other = holder(over(['incidents.view'], scope))
      return [personIsShown(viewer, other), addressIsShown(viewer, other)]
    }
    expect([told([one]), told([two]), told('all')]).toEqual([
      [true, true],
      [true, false],
      [true, true],
    ])
  })
})
