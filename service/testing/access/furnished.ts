import type { Permission } from '../../../contract/permissions.ts'
import { nth, rooms } from './cast.ts'
import { permissions } from './facts.ts'
import { accept, invite, saveAssignment, saveGroup, saveRole, type Step } from './steps.ts'

/**
 * Where every play begins: a manager of one room (Ben), a copy of Pro Manager (Cleo), technicians by a security group, a
 * partner over two rooms with a copy of Primary Admin over one of them (Sam), and at the partner a manager of one room (Quin).
 */

const [first, second] = rooms.contoso.map(({ id }) => id)
if (first === undefined || second === undefined) throw new Error('There are two rooms.')
const over = (...some: readonly (typeof first)[]) => ({ rooms: [...some], groups: [] })
const one = (id: string) => [{ kind: 'person' as const, id }]
const crew = [{ kind: 'group' as const, id: 'crew' }]

const managing: readonly Permission[] = [
  'rooms.view',
  'groups.view',
  'groups.modify',
  'groups.create',
  'settings.view',
  'settings.modify',
  'roles.view',
  'roles.modify',
]
const asProManager = permissions.filter((permission) => !permission.startsWith('remoteAccess.'))
const asPrimaryAdmin: readonly Permission[] = [
  'rooms.view',
  'rooms.modify',
  'groups.view',
  'rings.view',
  'incidents.view',
  'incidents.update',
  'roles.view',
  'roles.modify',
]

const send = (who: string, at: 'contoso' | 'fabrikam', command: Extract<Step, { do: 'send' }>['command']): Step => ({
  do: 'send',
  who,
  at,
  command,
  copies: 1,
})

export const furniture: readonly Step[] = [
  send('contoso/ada', 'contoso', saveGroup(0, [second], null)),
  send('contoso/ada', 'contoso', saveGroup(1, [], { match: 'all', conditions: [{ field: 'building', is: 'equal', value: 'East' }] })),
  send('contoso/ada', 'contoso', saveRole(0, managing)),
  send('contoso/ada', 'contoso', saveRole(1, asProManager)),
  send('contoso/ada', 'contoso', saveAssignment(0, 'role-1', one('ben'), over(first))),
  send('contoso/ada', 'contoso', saveAssignment(1, 'role-2', one('cleo'), 'all')),
  send('contoso/ada', 'contoso', saveAssignment(2, 'siteTech', crew, over(second))),
  send('contoso/ada', 'contoso', invite(over(first, second), false, false)),
  send('fabrikam/pia', 'fabrikam', accept([...one('pat'), { kind: 'group', id: 'night' }])),
  send('fabrikam/pat', 'contoso', saveRole(2, asPrimaryAdmin)),
  send('fabrikam/pat', 'contoso', saveAssignment(4, 'role-3', one('sam'), over(first))),
  send('fabrikam/pia', 'fabrikam', saveRole(0, managing)),
  send('fabrikam/pia', 'fabrikam', saveAssignment(0, 'role-1', one('quin'), over(nth(rooms.fabrikam, 0).id))),
]
