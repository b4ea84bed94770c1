import fc from 'fast-check'
import { tenantManagerRole } from '../access.ts'
import type { Subject } from '../evaluate.ts'
import { AssignmentId, GroupId, LinkId, PersonId, RoleId, RoomId, TenantId } from '../ids.ts'
import { BuiltInRole, Permission } from '../permissions.ts'
import {
  type Assignment,
  type AssignmentScope,
  type CustomRole,
  type GroupRule,
  type Link,
  type Policy,
  type RoomFacts,
  type RoomGroup,
} from '../policy.ts'

/** Random policies over small pools, so that everything meets everything: for tests by property. */

const uuid = (kind: number, n: number): string =>
  `00000000-0000-7000-80${kind.toString(16).padStart(2, '0')}-${n.toString(16).padStart(12, '0')}`
const pool = <T>(n: number, make: (n: number) => T): T[] => Array.from({ length: n }, (_, index) => make(index))

export const rooms = pool(8, (n): RoomFacts => ({
  id: RoomId.parse(uuid(1, n)),
  name: `Room ${n % 4}`,
  place: { country: 'FR', city: n < 4 ? 'Paris' : 'Lyon', building: `B${n % 3}`, floor: `${n % 2}` },
}))
const roomIds = rooms.map(({ id }) => id)
const groupIds = pool(4, (n) => GroupId.parse(uuid(2, n)))
const linkIds = pool(2, (n) => LinkId.parse(uuid(3, n)))
const assignmentIds = pool(8, (n) => AssignmentId.parse(uuid(4, n)))
const roleIds = pool(4, (n) => RoleId.parse(uuid(5, n)))
const people = pool(5, (n) => ({ id: PersonId.parse(uuid(6, n)), objectId: `object-${n}` }))
const securityGroups = pool(3, (n) => `security-${n}`)
const tenant = TenantId.parse(uuid(7, 0))

const some = <T>(items: readonly T[]) => fc.subarray([...items])
const link = fc.constantFrom<(LinkId | null)[]>(null, null, ...linkIds)

const scope = fc.oneof(
  { weight: 1, arbitrary: fc.constant<AssignmentScope>('all') },
  { weight: 4, arbitrary: fc.record({ rooms: some(roomIds), groups: some(groupIds) }) },
)

const rule: fc.Arbitrary<GroupRule> = fc.record({
  match: fc.constantFrom('all' as const, 'any' as const),
  conditions: fc.array(
    fc.record({
      field: fc.constantFrom('name' as const, 'city' as const, 'building' as const, 'floor' as const),
      is: fc.constantFrom('equal' as const, 'notEqual' as const, 'contains' as const, 'startsWith' as const),
      value: fc.constantFrom('paris', 'B1', '0', 'Room 2', 'ly', 'é'),
    }),
    { minLength: 1, maxLength: 3 },
  ),
})

const groups: fc.Arbitrary<RoomGroup[]> = fc.tuple(
  ...groupIds.map((id) =>
    fc.record({ rooms: some(roomIds), rule: fc.option(rule) }).map((made) => ({ id, name: id, description: '', ...made })),
  ),
)

const roles: fc.Arbitrary<CustomRole[]> = fc
  .tuple(
    ...roleIds.map((id) =>
      fc.record({ link, permissions: some(Permission.options) }).map((made) => ({ id, name: id, description: '', ...made })),
    ),
  )
  .map((made) => made.filter(({ permissions }) => permissions.length > 0))

const member = fc.oneof(
  fc.constantFrom(...people.flatMap(({ id, objectId }) => [id, objectId])).map((id) => ({ kind: 'person' as const, id })),
  fc.constantFrom(...securityGroups).map((id) => ({ kind: 'group' as const, id })),
)

const assignment = (id: AssignmentId): fc.Arbitrary<Assignment> =>
  fc
    .record({
      link,
      role: fc.constantFrom(...BuiltInRole.options.map((role) => RoleId.parse(role)), ...roleIds, tenantManagerRole),
      members: fc.array(member, { maxLength: 4 }),
      scope,
      assigned: fc.boolean(),
    })
    .map(({ assigned, ...made }) => ({
      id,
      name: id,
      description: '',
      notify: false,
      ...made,
      builtIn: assigned && made.link !== null && made.role === 'primaryAdmin',
    }))

const links: fc.Arbitrary<Link[]> = fc.tuple(
  ...linkIds.map((id) =>
    fc
      .record({ status: fc.constantFrom('invited' as const, 'active' as const, 'active' as const), scope, remoteAccess: fc.boolean() })
      .map((made) => ({
        id,
        tenant,
        domain: 'partner.example',
        partner: null,
        partnerName: 'Partner',
        invitedAt: 0,
        expiresAt: 1,
        acceptedAt: null,
        changeControl: {
          rooms: 'automatic' as const,
          rings: 'automatic' as const,
          incidents: 'automatic' as const,
          roles: 'automatic' as const,
        },
        multiFactor: false,
        ...made,
      })),
  ),
)

export const policies: fc.Arbitrary<Policy> = fc.record({
  roles,
  groups,
  assignments: fc.tuple(...assignmentIds.map(assignment)).chain((made) => some(made)),
  links,
})

export const subjects: fc.Arbitrary<Subject> = fc
  .record({
    person: fc.constantFrom(...people),
    groups: some(securityGroups),
    link,
    globalAdministrator: fc.boolean(),
    removed: fc.nat(5).map((n) => n === 0),
  })
  .map(({ person, ...rest }) => ({ ...person, ...rest }))

export const requests = fc.record({
  permission: fc.constantFrom(...Permission.options),
  room: fc.option(fc.constantFrom(...roomIds), { nil: undefined }),
})

/** One part of a policy made other than it was, as one change of it would. */
export const changedPolicies: fc.Arbitrary<{ before: Policy; after: Policy }> = fc
  .record({ before: policies, other: policies, part: fc.constantFrom('roles' as const, 'groups' as const, 'assignments' as const) })
  .map(({ before, other, part }) => ({ before, after: { ...before, [part]: other[part] } }))
