import fc from 'fast-check'
import type { Command } from '../../../contract/commands.ts'
import type { RoomId } from '../../../contract/ids.ts'
import type { Permission } from '../../../contract/permissions.ts'
import type { AssignmentScope, GroupRule, Member } from '../../../contract/policy.ts'
import {
  assignmentIds,
  builtIn,
  ghost,
  groupIds,
  incidentOf,
  keyOf,
  linkIds,
  nth,
  type Organisation,
  organisations,
  people,
  roleIds,
  rooms,
  securityGroups,
} from './cast.ts'
import { permissions } from './facts.ts'

/** What may happen, one after the other. Steps say what they are about by themselves, so that any of them can be left out. */

export type Step =
  /** Somebody sends a command; `copies`: at the same moment. */
  | { readonly do: 'send'; readonly who: string; readonly at: Organisation; readonly command: Command; readonly copies: number }
  /** The customer gives "Assigned admins" other rooms; the partner gives it other members. */
  | { readonly do: 'rooms of the link'; readonly who: string; readonly scope: AssignmentScope; readonly description: string }
  | { readonly do: 'admins of the link'; readonly who: string; readonly members: readonly Member[] }
  /** A policy file comes that has what this command would have done. */
  | { readonly do: 'import'; readonly who: string; readonly edit: Command }
  /** The incident of a room is given to somebody (by key), to nobody, or to who is not there. */
  | { readonly do: 'give'; readonly who: string; readonly at: Organisation; readonly room: RoomId; readonly to: string | null }
  /** Somebody asks every route, and about what is hidden from them. */
  | { readonly do: 'look'; readonly who: string; readonly at: Organisation }
  /** A command that was sent before comes again, with its key. */
  | { readonly do: 'send again'; readonly which: number }
  | { readonly do: 'decide'; readonly who: string; readonly which: number; readonly approve: boolean }
  | { readonly do: 'withdraw'; readonly who: string; readonly which: number }
  | { readonly do: 'sign in'; readonly who: string; readonly multiFactor: boolean }
  /** Directories change; `told`: the service reads them at once. */
  | {
      readonly do: 'move'
      readonly home: Organisation
      readonly group: string
      readonly id: string
      readonly into: boolean
      readonly told: boolean
    }
  | { readonly do: 'remove'; readonly who: string; readonly told: boolean }
  | { readonly do: 'outage'; readonly home: Organisation; readonly down: boolean }
  | { readonly do: 'read directories' }
  /** Who can, what can. */
  | {
      readonly do: 'ask'
      readonly who: string
      readonly at: Organisation
      readonly permission: Permission
      readonly room: string
      readonly about: string
    }

const everyone = people.map(keyOf)
const own = (home: Organisation): readonly string[] => people.filter((person) => person.home === home).map(keyOf)
const ownIds = (home: Organisation): readonly string[] => people.filter((person) => person.home === home).map(({ id }) => id)

const roomsOf = (at: Organisation): fc.Arbitrary<RoomId> => fc.constantFrom(...rooms[at].map(({ id }) => id))
const scopeOf = (at: Organisation): fc.Arbitrary<AssignmentScope> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<AssignmentScope>('all') },
    {
      weight: 5,
      arbitrary: fc.uniqueArray(roomsOf(at), { minLength: 1, maxLength: 2 }).map((some): AssignmentScope => ({ rooms: some, groups: [] })),
    },
    { weight: 2, arbitrary: fc.constantFrom(...groupIds).map((id): AssignmentScope => ({ rooms: [], groups: [id] })) },
  )

/** `strangers`: how often somebody whom no directory knows. */
const memberOf = (home: Organisation): fc.Arbitrary<Member> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...ownIds(home)).map((id): Member => ({ kind: 'person', id })) },
    { weight: 5, arbitrary: fc.constantFrom(...securityGroups).map((id): Member => ({ kind: 'group', id })) },
    { weight: 1, arbitrary: fc.constantFrom('nobody', home === 'contoso' ? 'pat' : 'cleo').map((id): Member => ({ kind: 'person', id })) },
  )
const membersOf = (home: Organisation): fc.Arbitrary<Member[]> =>
  fc.uniqueArray(memberOf(home), { minLength: 1, maxLength: 2, selector: ({ kind, id }) => `${kind}/${id}` })

const proManagers = permissions.filter((permission) => !permission.startsWith('remoteAccess.'))
const primaryAdmins: readonly Permission[] = [
  'rooms.view',
  'rooms.modify',
  'groups.view',
  'rings.view',
  'rings.modify',
  'incidents.view',
  'incidents.update',
  'roles.view',
  'roles.modify',
]
const someOf = (from: readonly Permission[]): fc.Arbitrary<readonly Permission[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 3 })
/** Copies of built-in roles, what manages, and pieces. */
const permissionsOf = (side: 'own' | 'link'): fc.Arbitrary<readonly Permission[]> =>
  side === 'own'
    ? fc.oneof(
        fc.constant(proManagers),
        fc.constant<readonly Permission[]>(['rooms.view', 'settings.view', 'settings.modify']),
        fc.constant<readonly Permission[]>(['rooms.view', 'groups.view', 'groups.modify', 'roles.view', 'roles.modify']),
        fc.constant<readonly Permission[]>([...proManagers, 'remoteAccess.modify']),
        someOf(permissions),
      )
    : fc.oneof(
        fc.constant(primaryAdmins),
        fc.constant<readonly Permission[]>(['remoteAccess.modify']),
        fc.constant<readonly Permission[]>(['rooms.view', 'roles.view', 'roles.modify']),
        someOf(permissions),
      )

const rule: fc.Arbitrary<GroupRule | null> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('East', 'West')
      .map((value): GroupRule => ({ match: 'all', conditions: [{ field: 'building', is: 'equal', value }] })),
  },
)

const roomIds = (at: Organisation) =>
  fc.uniqueArray(fc.oneof({ weight: 6, arbitrary: roomsOf(at) }, { weight: 1, arbitrary: fc.constant(ghost) }), {
    minLength: 1,
    maxLength: 2,
  })
const control = (manual: boolean) => {
  const one = manual ? ('manual' as const) : ('automatic' as const)
  return { rooms: one, rings: one, incidents: one, roles: one }
}
const link = linkIds[0]
if (link === undefined) throw new Error('There is a link.')

export const saveAssignment = (n: number, role: string, members: readonly Member[], scope: AssignmentScope): Command => ({
  type: 'assignment.save',
  assignment: nth(assignmentIds, n),
  role: nth(
    [...roleIds, ...(['proManager', 'siteLead', 'siteTech', 'primaryAdmin'] as const).map(builtIn)].filter((id) => id === role),
    0,
  ),
  name: `Assignment ${n}`,
  description: '',
  notify: false,
  members: [...members],
  scope,
})
export const saveRole = (n: number, held: readonly Permission[]): Command => ({
  type: 'role.save',
  role: nth(roleIds, n),
  name: `Role ${n}`,
  description: '',
  permissions: [...held],
})
export const saveGroup = (n: number, named: readonly RoomId[], by: GroupRule | null, name = `Group ${n}`): Command => ({
  type: 'group.save',
  group: nth(groupIds, n),
  name,
  description: '',
  rooms: [...named],
  rule: by,
})
export const invite = (scope: AssignmentScope, manual: boolean, remoteAccess: boolean, multiFactor = false): Command => ({
  type: 'partner.invite',
  link,
  domain: 'fabrikam.example',
  days: 7,
  changeControl: control(manual),
  scope,
  remoteAccess,
  multiFactor,
  agreed: true,
})
export const changePartner = (manual: boolean, remoteAccess: boolean, multiFactor: boolean): Command => ({
  type: 'partner.change',
  link,
  changeControl: control(manual),
  remoteAccess,
  multiFactor,
})
export const accept = (admins: readonly Member[]): Command => ({ type: 'invitation.accept', link, admins: [...admins] })
export const removePartner: Command = { type: 'partner.remove', link }
export const leaveCustomer: Command = { type: 'customer.leave', link }

const roleOf = (side: 'own' | 'link'): fc.Arbitrary<string> =>
  side === 'own'
    ? fc.constantFrom('role-1', 'role-2', 'proManager', 'siteLead', 'siteTech')
    : fc.constantFrom('role-3', 'role-4', 'primaryAdmin')
/** Roles and assignments of each side have ids of their own: of another's they are said to be missing. */
const roleNumber = (side: 'own' | 'link') => fc.constantFrom(...(side === 'own' ? [0, 1] : [2, 3]))
const assignmentNumber = (side: 'own' | 'link') => fc.constantFrom(...(side === 'own' ? [0, 1, 2, 3] : [4, 5, 6]))

const roomCommand = (at: Organisation): fc.Arbitrary<Command> =>
  fc.oneof(
    roomIds(at).map((ids): Command => ({ type: 'rooms.licence', rooms: ids, licence: 'basic' })),
    roomIds(at).map((ids): Command => ({ type: 'rooms.ring', rooms: ids, ring: 'Executive' })),
    fc
      .tuple(fc.constantFrom(...rooms[at]), fc.boolean())
      .map(([{ id, name }, again]): Command => ({ type: 'rooms.rename', rooms: [id], name: again ? name : `Suite of ${name}` })),
    fc
      .tuple(roomIds(at), fc.constantFrom('East', 'West', 'North'))
      .map(([ids, building]): Command => ({ type: 'rooms.move', rooms: ids, place: { building } })),
    fc
      .uniqueArray(fc.oneof({ weight: 9, arbitrary: roomsOf(at) }, { weight: 1, arbitrary: fc.constant(ghost) }), {
        minLength: 2,
        maxLength: 2,
      })
      .map((pair): Command => ({ type: 'rooms.replace', rooms: pair })),
    fc.constantFrom(...rooms[at]).map((room): Command => ({ type: 'incident.comment', incident: incidentOf(room), text: 'Seen.' })),
  )

const roleCommand = (at: Organisation, home: Organisation): fc.Arbitrary<Command> => {
  const side = at === home ? 'own' : 'link'
  return fc.oneof(
    { weight: 2, arbitrary: fc.tuple(roleNumber(side), permissionsOf(side)).map(([n, held]) => saveRole(n, held)) },
    { weight: 1, arbitrary: roleNumber(side).map((n): Command => ({ type: 'role.delete', role: nth(roleIds, n) })) },
    {
      weight: 5,
      arbitrary: fc
        .tuple(assignmentNumber(side), roleOf(side), membersOf(home), scopeOf(at))
        .map(([n, role, members, scope]) => saveAssignment(n, role, members, role === 'proManager' ? 'all' : scope)),
    },
    {
      weight: 1,
      arbitrary: assignmentNumber(side).map((n): Command => ({ type: 'assignment.delete', assignment: nth(assignmentIds, n) })),
    },
  )
}

const tenantCommand = (at: Organisation): fc.Arbitrary<Command> => {
  const own: fc.WeightedArbitrary<Command>[] = [
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          fc.constantFrom(0, 1, 2),
          fc.uniqueArray(roomsOf(at), { maxLength: 2 }),
          rule,
          fc.constantFrom(undefined, undefined, undefined, 'GROUP 0'),
        )
        .map((some) => saveGroup(...some)),
    },
    { weight: 1, arbitrary: fc.constantFrom(...groupIds).map((group): Command => ({ type: 'group.delete', group })) },
    {
      weight: 2,
      arbitrary: fc
        .integer({ min: 1, max: 30 })
        .map((offlineLeaseDays): Command => ({ type: 'settings.change', changes: { offlineLeaseDays } })),
    },
    {
      weight: 1,
      arbitrary: fc
        .boolean()
        .map((remoteAccess): Command => ({ type: 'settings.change', changes: { remoteAccess, remoteContact: 'a@contoso.example' } })),
    },
    { weight: 2, arbitrary: membersOf(at).map((members): Command => ({ type: 'tenantManagers.set', members })) },
  ]
  const customer: fc.WeightedArbitrary<Command>[] = [
    {
      weight: 1,
      arbitrary: fc.tuple(scopeOf(at), fc.boolean(), fc.boolean()).map(([scope, manual, remote]) => invite(scope, manual, remote)),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.boolean(), fc.boolean(), fc.boolean())
        .map(([manual, remote, multiFactor]) => changePartner(manual, remote, multiFactor)),
    },
    { weight: 1, arbitrary: fc.constant(removePartner) },
  ]
  const partner: fc.WeightedArbitrary<Command>[] = [
    { weight: 3, arbitrary: membersOf(at).map(accept) },
    { weight: 1, arbitrary: fc.constant<Command>({ type: 'invitation.deny', link }) },
    { weight: 1, arbitrary: fc.constant(leaveCustomer) },
  ]
  return fc.oneof(...own, ...(at === 'contoso' ? customer : partner))
}

const send = (at: Organisation, home: Organisation, command: fc.Arbitrary<Command>): fc.Arbitrary<Step> =>
  fc.record({
    do: fc.constant('send' as const),
    who: fc.constantFrom(...own(home)),
    at: fc.constant(at),
    command,
    copies: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(2) }),
  })

const anyone = fc.constantFrom(...everyone)
const customers = fc.constantFrom(...own('contoso'))
const which = fc.nat(5)
const told = fc.boolean()

export const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: send('contoso', 'contoso', roomCommand('contoso')) },
  { weight: 4, arbitrary: send('contoso', 'fabrikam', roomCommand('contoso')) },
  { weight: 14, arbitrary: send('contoso', 'contoso', roleCommand('contoso', 'contoso')) },
  { weight: 10, arbitrary: send('contoso', 'fabrikam', roleCommand('contoso', 'fabrikam')) },
  { weight: 3, arbitrary: send('fabrikam', 'fabrikam', roleCommand('fabrikam', 'fabrikam')) },
  { weight: 8, arbitrary: send('contoso', 'contoso', tenantCommand('contoso')) },
  { weight: 5, arbitrary: send('fabrikam', 'fabrikam', tenantCommand('fabrikam')) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('rooms of the link' as const),
      who: customers,
      scope: scopeOf('contoso'),
      description: fc.constantFrom('', '', '', 'other words'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('admins of the link' as const),
      who: fc.constantFrom(...own('fabrikam')),
      members: membersOf('fabrikam'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('import' as const),
      who: customers,
      edit: fc.oneof(roleCommand('contoso', 'contoso'), tenantCommand('contoso')),
    }),
  },
  ...organisations.flatMap((at) => [
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('give' as const),
        who: at === 'contoso' ? anyone : fc.constantFrom(...own(at)),
        at: fc.constant(at),
        room: roomsOf(at),
        to: fc.option(fc.oneof({ weight: 9, arbitrary: anyone }, { weight: 1, arbitrary: fc.constant('contoso/nobody') })),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('look' as const),
        who: at === 'contoso' ? anyone : fc.constantFrom(...own(at)),
        at: fc.constant(at),
      }),
    },
  ]),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send again' as const), which }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('decide' as const), who: customers, which, approve: fc.constantFrom(true, true, false) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), who: anyone, which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sign in' as const), who: anyone, multiFactor: fc.boolean() }) },
  ...organisations.map((home) => ({
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      home: fc.constant(home),
      group: fc.constantFrom(...securityGroups),
      id: fc.constantFrom(...ownIds(home)),
      into: fc.boolean(),
      told,
    }),
  })),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), who: anyone, told }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('outage' as const), home: fc.constantFrom(...organisations), down: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read directories' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      who: anyone,
      at: fc.constant('contoso' as const),
      permission: fc.constantFrom(...permissions),
      room: fc.constantFrom(...rooms.contoso.map(({ id }) => id), ghost),
      about: anyone,
    }),
  },
)
