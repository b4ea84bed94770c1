import type { Permission } from '../../../contract/permissions.ts'
import type { AssignmentScope, Member } from '../../../contract/policy.ts'
import { assignmentIds, groupIds, incidentOf, nth, type Organisation, roleIds, rooms } from './cast.ts'
import { permissions } from './facts.ts'
import { changePartner, invite, leaveCustomer, removePartner, saveAssignment, saveGroup, saveRole, type Step } from './steps.ts'

/** Plays that once went wrong, or that a mistake is found by: kept by name, and played before any that chance makes. */

const [one, two, three] = rooms.contoso.map(({ id }) => id)
const [five, six] = rooms.fabrikam.map(({ id }) => id)
if (one === undefined || two === undefined || three === undefined || five === undefined || six === undefined)
  throw new Error('There are five rooms.')

const over = (...some: readonly (typeof one)[]): AssignmentScope => ({ rooms: [...some], groups: [] })
const person = (id: string): Member => ({ kind: 'person', id })
const group = (id: string): Member => ({ kind: 'group', id })
const send = (who: string, command: Extract<Step, { do: 'send' }>['command'], at: Organisation = 'contoso', copies = 1): Step => ({
  do: 'send',
  who,
  at,
  command,
  copies,
})
const managers = (who: string, at: Organisation, id: string): Step => send(who, { type: 'tenantManagers.set', members: [person(id)] }, at)
const licence = (who: string, ...some: readonly (typeof one)[]): Step =>
  send(who, { type: 'rooms.licence', rooms: [...some], licence: 'basic' })
const move = (home: Organisation, of: string, id: string, into: boolean, told: boolean): Step => ({
  do: 'move',
  home,
  group: of,
  id,
  into,
  told,
})
const decide = (who: string, approve = true): Step => ({ do: 'decide', who, which: 0, approve })
const again = (which = 0): Step => ({ do: 'send again', which })
const remove = (who: string, told = true): Step => ({ do: 'remove', who, told })
const proManager = permissions.filter((permission) => !permission.startsWith('remoteAccess.'))
const asks = (who: string, permission: Permission, room: typeof one, about: string): Step => ({
  do: 'ask',
  who,
  at: 'contoso',
  permission,
  room,
  about,
})

const admins = (who: string, ...members: readonly Member[]): Step => ({ do: 'admins of the link', who, members })
const linkRooms = (who: string, scope: AssignmentScope, description = ''): Step => ({ do: 'rooms of the link', who, scope, description })

export const cases: readonly { readonly title: string; readonly steps: readonly Step[] }[] = [
  {
    title: '[rule 14] a manager of one room has no power over the tenant',
    steps: [
      managers('fabrikam/quin', 'fabrikam', 'quin'),
      send('contoso/ben', { type: 'settings.change', changes: { offlineLeaseDays: 3 } }),
      send('contoso/ben', changePartner(false, false, true)),
      send('contoso/ben', removePartner),
      managers('contoso/ben', 'contoso', 'ben'),
      send('fabrikam/quin', leaveCustomer, 'fabrikam'),
    ],
  },
  { title: '[PAR-2] a copy of Pro Manager names no tenant managers', steps: [managers('contoso/cleo', 'contoso', 'cleo')] },
  {
    title: '[ACC-6] nobody is promoted through a built-in role',
    steps: [
      send('contoso/cleo', saveAssignment(2, 'proManager', [person('cleo')], 'all')),
      send('contoso/ben', saveAssignment(2, 'siteLead', [person('ben')], over(one))),
      send('contoso/gil', saveAssignment(2, 'proManager', [person('dan')], 'all')),
      send('contoso/ada', changePartner(false, true, false)),
      send('fabrikam/sam', saveAssignment(5, 'primaryAdmin', [person('sam')], over(one))),
    ],
  },
  {
    title: '[PAR-4] all of a link is more than its rooms of today',
    steps: [
      linkRooms('contoso/ada', over(one)),
      send('fabrikam/sam', saveAssignment(4, 'role-3', [person('sam')], 'all')),
      linkRooms('contoso/ada', over(one, three)),
      send('fabrikam/pat', saveAssignment(6, 'primaryAdmin', [group('crew')], 'all')),
      linkRooms('contoso/ada', 'all'),
    ],
  },
  {
    title: '[PAR-4] what the customer gives and takes reaches every assignment of the partner',
    steps: [
      linkRooms('contoso/ada', over(two)),
      linkRooms('contoso/ada', over(one), 'other words'),
      licence('fabrikam/sam', one),
      licence('fabrikam/sam', two),
    ],
  },
  {
    title: '[ACC-3] who has left a security group is not the last Pro Manager',
    steps: [
      move('contoso', 'crew', 'dan', false, false),
      send('contoso/ada', saveAssignment(3, 'proManager', [group('crew')], 'all')),
      move('contoso', 'crew', 'dan', true, false),
      send('contoso/ada', saveAssignment(3, 'proManager', [group('crew')], 'all')),
      move('contoso', 'crew', 'dan', false, true),
    ],
  },
  {
    title: '[ACC-3] nor is it who is left when another assignment goes',
    steps: [
      send('contoso/ada', saveAssignment(2, 'proManager', [group('crew')], 'all')),
      move('contoso', 'crew', 'dan', false, false),
      send('contoso/ada', { type: 'assignment.delete', assignment: nth(assignmentIds, 3) }),
      send('contoso/ada', saveAssignment(3, 'siteLead', [person('ada')], over(one))),
    ],
  },
  {
    title: '[PAR-3] who has left a security group is not the last primary admin',
    steps: [
      move('fabrikam', 'night', 'quin', false, false),
      admins('fabrikam/pat', group('night')),
      move('fabrikam', 'night', 'sam', true, false),
      admins('fabrikam/pat', group('night')),
      move('fabrikam', 'night', 'sam', false, true),
    ],
  },
  {
    title: '[ACC-6] members are of the directory of their own side, whatever their ids',
    steps: [
      send('contoso/ada', saveAssignment(0, 'siteLead', [person('sam'), group('night')], over(three))),
      send('fabrikam/pat', saveAssignment(4, 'primaryAdmin', [group('crew')], over(two))),
      move('contoso', 'crew', 'ben', true, true),
      move('fabrikam', 'crew', 'pia', true, true),
      asks('contoso/ada', 'rooms.view', two, 'fabrikam/sam'),
      asks('fabrikam/pat', 'rooms.view', two, 'contoso/sam'),
    ],
  },
  {
    title: '[ACC-8] whoever is removed from the directory has nothing, and does not count',
    steps: [
      remove('contoso/dan'),
      remove('contoso/gil'),
      remove('fabrikam/sam', false),
      { do: 'read directories' },
      asks('contoso/ada', 'rooms.view', one, 'fabrikam/sam'),
      send('contoso/ada', saveAssignment(3, 'proManager', [person('dan')], 'all')),
      send('contoso/ada', saveAssignment(0, 'siteLead', [person('gil')], over(one))),
      remove('fabrikam/pat'),
      admins('fabrikam/quin', person('pat')),
      remove('fabrikam/quin'),
      remove('contoso/ada'),
    ],
  },
  {
    title: '[PAR-5] approval asks the directory of whoever asked',
    steps: [
      send('contoso/ada', changePartner(true, false, false)),
      admins('fabrikam/pat', person('nobody')),
      decide('contoso/ada'),
      admins('fabrikam/pat', person('cleo')),
      decide('contoso/ada'),
      again(1),
      admins('fabrikam/pat', person('pat'), person('pia')),
      decide('contoso/ada'),
      again(5),
    ],
  },
  {
    title: '[PAR-5] approval applies with the rights of today',
    steps: [
      send('contoso/ada', changePartner(true, false, false)),
      licence('fabrikam/sam', one),
      licence('fabrikam/quin', two),
      decide('contoso/ben'),
      admins('fabrikam/quin', person('quin')),
      send('contoso/ada', changePartner(false, false, false)),
      send('fabrikam/pat', { type: 'assignment.delete', assignment: nth(assignmentIds, 4) }),
      decide('contoso/ada'),
      decide('contoso/ada', false),
      decide('contoso/ada'),
      again(1),
    ],
  },
  {
    title: '[PAR-7] a link that demands more than a password demands it of what waits, too',
    steps: [
      send('contoso/ada', changePartner(true, false, false)),
      licence('fabrikam/pat', one),
      send('contoso/ada', changePartner(true, false, true)),
      decide('contoso/ada'),
      { do: 'sign in', who: 'fabrikam/pat', multiFactor: true },
      licence('fabrikam/pat', two),
      decide('contoso/ada'),
    ],
  },
  {
    title: '[CON-3] a retry is answered as before, whatever became of the right',
    steps: [
      licence('contoso/dan', two),
      licence('contoso/dan', one),
      send('contoso/ada', { type: 'assignment.delete', assignment: nth(assignmentIds, 2) }),
      again(0),
      again(1),
      send('contoso/cleo', { type: 'assignment.delete', assignment: nth(assignmentIds, 1) }, 'contoso', 2),
      again(3),
    ],
  },
  {
    title: '[PAR-4] what is hidden is answered like what is missing',
    steps: [
      licence('contoso/ben', one, three),
      licence('contoso/dan', three),
      licence('fabrikam/sam', three),
      send('contoso/ben', saveGroup(2, [one], null, 'GROUP 0')),
      send('contoso/ben', { type: 'group.delete', group: nth(groupIds, 0) }),
      send('contoso/ben', { type: 'assignment.delete', assignment: nth(assignmentIds, 2) }),
      send('fabrikam/sam', { type: 'incident.comment', incident: incidentOf(nth(rooms.contoso, 2)), text: 'Seen.' }),
      asks('contoso/ben', 'rooms.view', three, 'contoso/dan'),
      asks('fabrikam/sam', 'rooms.view', two, 'contoso/ada'),
    ],
  },
  {
    title: '[ACC-6] what someone holds by several assignments adds up',
    steps: [
      send('contoso/ada', saveAssignment(2, 'siteTech', [person('ben')], over(two))),
      licence('contoso/ben', two),
      asks('contoso/ada', 'rooms.view', two, 'contoso/ben'),
      asks('contoso/ada', 'rooms.modify', one, 'contoso/ben'),
      send('contoso/ada', saveGroup(1, [three], null)),
      send('contoso/ada', saveAssignment(2, 'siteLead', [group('crew')], { rooms: [], groups: [] })),
      send('contoso/ada', saveRole(0, ['rooms.view'])),
    ],
  },
  {
    title: '[PAR-1, ACC-6] nobody hands a partner more than they hold',
    steps: [
      send('contoso/ada', removePartner),
      send('contoso/ada', saveRole(0, ['settings.modify', 'rooms.view'])),
      send('contoso/ada', saveAssignment(0, 'role-1', [person('ben')], 'all')),
      send('contoso/ben', invite(over(one), false, false)),
      send('contoso/cleo', invite(over(one), false, true)),
      send('contoso/cleo', invite(over(one), false, false)),
    ],
  },
  {
    title: '[ACC-6] a room leaves a group of others by who manages roles there',
    steps: [
      send('contoso/ada', saveAssignment(0, 'siteLead', [person('ben')], over(two))),
      send('contoso/ada', saveAssignment(2, 'siteTech', [group('crew')], { rooms: [], groups: [nth(groupIds, 0)] })),
      send('contoso/ada', saveGroup(0, [two, three], null)),
      send('contoso/ben', saveGroup(0, [], null)),
      send('contoso/ben', { type: 'group.delete', group: nth(groupIds, 0) }),
      send('contoso/ada', saveGroup(0, [three], null)),
    ],
  },
  {
    title: '[ACC-6] a role that others use is theirs to change',
    steps: [
      send('contoso/ada', saveAssignment(2, 'role-2', [person('dan')], over(three))),
      send('contoso/ben', saveRole(1, ['rooms.view'])),
      send('contoso/ada', saveRole(1, ['rooms.view'])),
      send('contoso/ben', { type: 'role.save', role: nth(roleIds, 1), name: 'Renamed', description: '', permissions: ['rooms.view'] }),
      send('contoso/ada', { type: 'assignment.delete', assignment: nth(assignmentIds, 1) }),
      send('contoso/ben', saveRole(1, ['rooms.view', 'groups.view'])),
      send('contoso/ben', { type: 'role.delete', role: nth(roleIds, 1) }),
    ],
  },
  {
    title: '[ACC-6] a policy file gives no more than its sender holds, and leaves a partner’s own alone',
    steps: [
      { do: 'import', who: 'contoso/cleo', edit: saveAssignment(2, 'proManager', [person('cleo')], 'all') },
      { do: 'import', who: 'contoso/cleo', edit: saveRole(1, [...proManager, 'remoteAccess.modify']) },
      { do: 'import', who: 'contoso/ben', edit: saveGroup(0, [one], null) },
      { do: 'import', who: 'contoso/cleo', edit: saveGroup(0, [one, three], null) },
      { do: 'import', who: 'contoso/ada', edit: saveAssignment(2, 'siteLead', [person('dan')], over(three)) },
      { do: 'import', who: 'contoso/ada', edit: changePartner(true, false, false) },
      { do: 'import', who: 'contoso/ada', edit: removePartner },
    ],
  },
  {
    title: '[ACC-6] a role is widened by nobody who does not hold what it gains',
    steps: [
      send('contoso/ben', saveRole(0, proManager)),
      send('contoso/cleo', saveRole(1, [...proManager, 'remoteAccess.modify'])),
      send('fabrikam/sam', saveRole(2, ['rooms.view', 'roles.modify', 'remoteAccess.modify'])),
      send('contoso/ben', { type: 'role.delete', role: nth(roleIds, 1) }),
    ],
  },
  {
    title: '[REM-2] remote access is the customer’s to allow a partner, and ends with that',
    steps: [
      send('contoso/gil', changePartner(false, true, false)),
      send('contoso/ada', changePartner(false, true, false)),
      send('fabrikam/pat', saveRole(3, ['remoteAccess.modify'])),
      send('fabrikam/pat', saveAssignment(5, 'role-4', [person('quin')], over(two))),
      send('contoso/ada', changePartner(false, false, false)),
    ],
  },
  {
    title: '[PAR-6] whoever ends a link, the partner has nothing from then on',
    steps: [licence('fabrikam/pat', two), send('fabrikam/pia', leaveCustomer, 'fabrikam'), licence('fabrikam/pat', one), again(0)],
  },
  { title: '[PAR-6] a customer ends a link', steps: [send('contoso/ada', removePartner), licence('fabrikam/pat', one)] },
  {
    title: '[ACC-7] a partner’s person keeps what they have while a colleague is given more',
    steps: [
      move('fabrikam', 'night', 'pia', true, true),
      send('fabrikam/pat', saveAssignment(5, 'role-3', [person('sam'), person('pia')], over(one))),
    ],
  },
  {
    title: '[PAR-3] while the directory is away, what was last known stays',
    steps: [
      { do: 'outage', home: 'fabrikam', down: true },
      move('fabrikam', 'night', 'quin', false, true),
      licence('fabrikam/quin', one),
      admins('fabrikam/pat', person('nobody')),
      { do: 'outage', home: 'fabrikam', down: false },
      { do: 'read directories' },
    ],
  },
]
