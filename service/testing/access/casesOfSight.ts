import type { RoomId } from '../../../contract/ids.ts'
import type { AssignmentScope, Member } from '../../../contract/policy.ts'
import { assignmentIds, ghost, groupIds, incidentOf, nth, type Organisation, rooms } from './cast.ts'
import { removePartner, saveAssignment, saveGroup, saveRole, type Step } from './steps.ts'

/** More plays that are kept by name: of what is seen, and of rooms that change their place. */

const one = nth(rooms.contoso, 0).id
const two = nth(rooms.contoso, 1).id
const three = nth(rooms.contoso, 2).id
const over = (...some: readonly RoomId[]): AssignmentScope => ({ rooms: [...some], groups: [] })
const group = (id: string): Member => ({ kind: 'group', id })
const send = (who: string, command: Extract<Step, { do: 'send' }>['command']): Step => ({
  do: 'send',
  who,
  at: 'contoso',
  command,
  copies: 1,
})
const remove = (who: string): Step => ({ do: 'remove', who, told: true })
const move = (id: string, into: boolean): Step => ({ do: 'move', home: 'contoso', group: 'crew', id, into, told: true })
const linkRooms = (who: string, scope: AssignmentScope): Step => ({ do: 'rooms of the link', who, scope, description: '' })
const gives = (who: string, room: RoomId, to: string | null): Step => ({ do: 'give', who, at: 'contoso', room, to })
const look = (who: string, at: Organisation = 'contoso'): Step => ({ do: 'look', who, at })
const rename = (who: string, room: RoomId): Step => send(who, { type: 'rooms.rename', rooms: [room], name: 'Suite' })
const replace = (who: string, next: RoomId, former: RoomId): Step => send(who, { type: 'rooms.replace', rooms: [next, former] })
const moveRooms = (who: string, building: string, ...some: readonly RoomId[]): Step =>
  send(who, { type: 'rooms.move', rooms: [...some], place: { building } })

export const casesOfSight: readonly { readonly title: string; readonly steps: readonly Step[] }[] = [
  {
    title: '[INC-5, ACC-8] an incident belongs to who sees it, and to nobody once they do not',
    steps: [
      gives('contoso/ada', two, 'contoso/dan'),
      gives('contoso/ada', one, 'contoso/dan'),
      gives('contoso/ada', two, 'contoso/nobody'),
      gives('fabrikam/pat', two, 'contoso/dan'),
      gives('fabrikam/sam', one, 'fabrikam/pat'),
      gives('contoso/dan', two, 'contoso/dan'),
      send('contoso/ada', { type: 'assignment.delete', assignment: nth(assignmentIds, 2) }),
      send('contoso/ada', saveAssignment(2, 'siteTech', [group('crew')], over(two))),
      gives('contoso/ada', two, 'contoso/dan'),
      move('dan', false),
      move('dan', true),
      gives('contoso/ada', two, 'contoso/dan'),
      remove('contoso/dan'),
      gives('contoso/ada', one, 'fabrikam/sam'),
      send('contoso/ada', removePartner),
    ],
  },
  {
    title: '[ENR-3, ACC-6, PAR-4] a device takes the place of another one by who has power over both rooms',
    steps: [
      send('contoso/ada', saveRole(0, ['rooms.view', 'rooms.create', 'rooms.unenroll'])),
      replace('contoso/ben', two, one),
      replace('contoso/ben', one, two),
      replace('contoso/dan', two, one),
      replace('fabrikam/pat', one, two),
      send('contoso/ada', saveAssignment(0, 'role-1', [{ kind: 'person', id: 'ben' }], over(one, two))),
      replace('contoso/ben', three, one),
      replace('contoso/ben', ghost, one),
      send('contoso/ada', saveRole(0, ['rooms.view', 'rooms.create'])),
      replace('contoso/ben', two, one),
      send('contoso/ada', saveRole(0, ['rooms.view', 'rooms.unenroll'])),
      replace('contoso/ben', two, one),
      send('contoso/ada', saveRole(0, ['rooms.view', 'rooms.create', 'rooms.unenroll'])),
      replace('contoso/ben', two, one),
      replace('contoso/ben', one, two),
      replace('contoso/ada', two, three),
      replace('contoso/cleo', one, three),
    ],
  },
  {
    title: '[ACC-6, PAR-4] rooms are called otherwise and moved, and groups by rule with them',
    steps: [
      rename('contoso/dan', two),
      rename('contoso/dan', one),
      rename('fabrikam/sam', one),
      moveRooms('contoso/dan', 'North', two),
      send('contoso/ada', saveGroup(1, [], null)),
      send('contoso/ada', saveGroup(2, [], { match: 'all', conditions: [{ field: 'building', is: 'equal', value: 'West' }] })),
      send('contoso/ada', saveAssignment(2, 'siteLead', [group('crew')], { rooms: [], groups: [nth(groupIds, 2)] })),
      moveRooms('fabrikam/pat', 'West', two),
      moveRooms('contoso/cleo', 'West', two),
      look('contoso/dan'),
      moveRooms('contoso/ada', 'North', three),
      look('contoso/dan'),
    ],
  },
  {
    title: '[PAR-1] no change of groups leaves a partner without rooms',
    steps: [
      send('contoso/ada', saveGroup(1, [], { match: 'all', conditions: [{ field: 'building', is: 'equal', value: 'East' }] })),
      linkRooms('contoso/ada', { rooms: [], groups: [nth(groupIds, 1)] }),
      moveRooms('contoso/ada', 'West', one),
      moveRooms('contoso/ada', 'West', two),
      send('contoso/ada', saveGroup(1, [], { match: 'all', conditions: [{ field: 'building', is: 'equal', value: 'North' }] })),
      look('fabrikam/pat'),
    ],
  },
  {
    title: '[ACC-6] rooms to come are taken by who gets them, too',
    steps: [
      send('contoso/ada', saveGroup(0, [one], null)),
      send('contoso/ada', saveAssignment(2, 'siteTech', [group('crew')], { rooms: [], groups: [nth(groupIds, 0)] })),
      send('contoso/ben', saveAssignment(2, 'siteTech', [group('crew')], over(one))),
      send('contoso/ben', { type: 'assignment.delete', assignment: nth(assignmentIds, 2) }),
    ],
  },
  {
    title: '[ACC-8, PAR-4] reads and consoles of everybody are cut to what they may see',
    steps: [
      ...['ada', 'ben', 'cleo', 'dan', 'gil', 'sam'].map((id) => look(`contoso/${id}`)),
      ...['pat', 'quin', 'sam'].map((id) => look(`fabrikam/${id}`)),
      ...['pia', 'quin'].map((id) => look(`fabrikam/${id}`, 'fabrikam')),
      send('contoso/ada', { type: 'incident.comment', incident: incidentOf({ id: three }), text: 'Seen.' }),
      remove('contoso/dan'),
      linkRooms('contoso/ada', over(three)),
      look('fabrikam/pat'),
      look('fabrikam/sam'),
    ],
  },
  {
    title: '[PAR-4] nobody is told of who holds something over no room, nor is who holds it so told of anybody',
    steps: [
      linkRooms('contoso/ada', over(three)),
      look('contoso/ada'),
      send('contoso/ada', saveGroup(2, [], { match: 'all', conditions: [{ field: 'building', is: 'equal', value: 'North' }] })),
      send('contoso/ada', saveAssignment(2, 'siteTech', [group('crew')], { rooms: [], groups: [nth(groupIds, 2)] })),
      look('contoso/dan'),
      look('contoso/ada'),
      send('contoso/ada', saveRole(1, ['roles.view', 'roles.modify', 'incidents.view'])),
      send('contoso/ada', saveAssignment(2, 'role-2', [group('crew')], { rooms: [], groups: [nth(groupIds, 2)] })),
      look('contoso/dan'),
      send('contoso/dan', { type: 'assignment.delete', assignment: nth(assignmentIds, 3) }),
    ],
  },
]
