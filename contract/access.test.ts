import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { type Access, type Grant, may, scopeOf } from './access.ts'
import { AssignmentId, RoleId, RoomId } from './ids.ts'
import { Permission } from './permissions.ts'
import { cases } from './testing/chance.ts'

const rooms = Array.from({ length: 6 }, () => RoomId.parse(v7()))
const anyRoom = fc.constantFrom(...rooms)
const anyPermission = fc.constantFrom(...Permission.options)
const anyGrant: fc.Arbitrary<Grant> = fc.record({
  assignment: fc.constant(AssignmentId.parse(v7())),
  role: fc.constant(RoleId.parse('proManager')),
  permissions: fc.uniqueArray(anyPermission, { maxLength: 6 }),
  scope: fc.oneof(fc.constant('all' as const), fc.uniqueArray(anyRoom)),
})
const anyAccess: fc.Arbitrary<Access> = fc.record({
  globalAdministrator: fc.boolean(),
  grants: fc.array(anyGrant, { maxLength: 5 }),
})

/** The rule once more, as slowly and plainly as it can be said. */
function plainly(access: Access, permission: Permission, room: RoomId): boolean {
  let allowed = false
  if (access.globalAdministrator && permission !== 'remoteAccess.view' && permission !== 'remoteAccess.modify') {
    allowed = true
  }
  for (const grant of access.grants) {
    for (const held of grant.permissions) {
      if (held !== permission) continue
      if (grant.scope === 'all') allowed = true
      else for (const scoped of grant.scope) if (scoped === room) allowed = true
    }
  }
  return allowed
}

describe('[ACC-6] may', () => {
  it('is the union of the assignments, each cut to its scope', () => {
    fc.assert(
      fc.property(anyAccess, anyPermission, anyRoom, (access, permission, room) => {
        expect(may(access, permission, room)).toBe(plainly(access, permission, room))
      }),
      { numRuns: cases(2_000) },
    )
  })

  it('agrees with scopeOf on every room', () => {
    fc.assert(
      fc.property(anyAccess, anyPermission, (access, permission) => {
        const scope = scopeOf(access, permission)
        for (const room of rooms) expect(scope === 'all' || scope.has(room)).toBe(may(access, permission, room))
      }),
    )
  })

  it('never takes a right away when an assignment is added', () => {
    fc.assert(
      fc.property(anyAccess, anyGrant, anyPermission, anyRoom, (access, grant, permission, room) => {
        const before = may(access, permission, room)
        const after = may({ ...access, grants: [...access.grants, grant] }, permission, room)
        expect(after || !before).toBe(true)
      }),
    )
  })

  it('gives a Global Administrator everything but remote access', () => {
    const access: Access = { globalAdministrator: true, grants: [] }
    const held = Permission.options.filter((permission) => may(access, permission))
    expect(Permission.options.filter((permission) => !held.includes(permission))).toEqual(['remoteAccess.view', 'remoteAccess.modify'])
  })
})
