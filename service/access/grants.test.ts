import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { may, scopeOf } from '../../contract/access.ts'
import type { Assignment } from '../../contract/api.ts'
import { AssignmentId, PersonId, RoleId, RoomId } from '../../contract/ids.ts'
import { builtInRoles, Permission } from '../../contract/permissions.ts'
import { accessOf, hasProManager, isMember, scopeDigestOf, type Subject } from './grants.ts'

const rooms = [1, 2, 3].map(() => RoomId.parse(v7()))
const subject: Subject = { id: PersonId.parse(v7()), objectId: 'object', globalAdministrator: false, groups: ['group'] }

const member = fc.constantFrom<Assignment['members'][number]>(
  { kind: 'person', id: subject.id },
  { kind: 'person', id: 'object' },
  { kind: 'group', id: 'group' },
  { kind: 'person', id: 'group' },
  { kind: 'group', id: subject.id },
  { kind: 'group', id: 'another' },
)
const assignment: fc.Arbitrary<Assignment> = fc.record({
  id: fc.uuid().map((id) => AssignmentId.parse(id)),
  name: fc.constant('A'),
  role: fc.constantFrom('siteLead', 'siteTech', 'nonsense').map((role) => RoleId.parse(role)),
  members: fc.array(member, { maxLength: 3 }),
  scope: fc.oneof(fc.constant('all' as const), fc.subarray(rooms)),
})

const holds = (name: 'siteLead' | 'siteTech', role: RoleId, permission: Permission): boolean =>
  role === name && builtInRoles[name].permissions.includes(permission)

describe('what a person may do (ACC-6)', () => {
  it('is the union of the assignments that reach them, each cut to its scope', () => {
    fc.assert(
      fc.property(fc.array(assignment, { maxLength: 5 }), fc.constantFrom(...Permission.options), fc.constantFrom(...rooms), (assignments, permission, room) => {
        const expected = assignments.some(
          ({ role, members, scope }) =>
            (holds('siteLead', role, permission) || holds('siteTech', role, permission)) &&
            members.some(({ kind, id }) => (kind === 'group' ? id === 'group' : id === subject.id || id === 'object')) &&
            (scope === 'all' || scope.includes(room)),
        )
        expect(may(accessOf(subject, assignments), permission, room)).toBe(expected)
      }),
    )
  })

  it('does not depend on the order of assignments', () => {
    fc.assert(
      fc.property(fc.uniqueArray(assignment, { maxLength: 5, selector: ({ id }) => id }), (assignments) => {
        expect(accessOf(subject, [...assignments].reverse())).toEqual(accessOf(subject, assignments))
      }),
    )
  })

  it('of a Pro Manager covers all rooms, whatever the stored scope says', () => {
    const access = accessOf(subject, [
      { id: AssignmentId.parse(v7()), name: 'P', role: RoleId.parse('proManager'), members: [{ kind: 'person', id: 'object' }], scope: [] },
    ])
    expect(scopeOf(access, 'rooms.view')).toBe('all')
    expect(may(access, 'remoteAccess.view')).toBe(false)
  })

  it('of a Global Administrator is everything but remote access', () => {
    const access = accessOf({ ...subject, globalAdministrator: true }, [])
    expect(Permission.options.filter((permission) => !may(access, permission))).toEqual(['remoteAccess.view', 'remoteAccess.modify'])
  })
})

it('a scope digest changes with the rooms that may be read, and only with them', () => {
  const withScope = (role: string, scope: Assignment['scope'], name = 'A') =>
    scopeDigestOf(
      accessOf(subject, [{ id: AssignmentId.parse(v7()), name, role: RoleId.parse(role), members: [{ kind: 'group', id: 'group' }], scope }]),
    )
  const [a, b] = rooms
  if (!a || !b) throw new Error('no rooms')
  expect(withScope('siteTech', [a, b])).toBe(withScope('siteLead', [b, a], 'B'))
  expect(withScope('siteTech', [a])).not.toBe(withScope('siteTech', [a, b]))
  expect(withScope('siteTech', 'all')).not.toBe(withScope('proManager', 'all'))
})

it('an assignment without members keeps no Pro Manager', () => {
  const base = { id: AssignmentId.parse(v7()), name: 'P', role: RoleId.parse('proManager'), scope: 'all' as const }
  expect(hasProManager([{ ...base, members: [] }])).toBe(false)
  expect(hasProManager([{ ...base, members: [{ kind: 'group', id: 'g' }] }])).toBe(true)
  expect(isMember({ members: [] }, subject)).toBe(false)
})
