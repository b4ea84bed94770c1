import { AssignmentId, LinkId, RoleId, TenantId } from '../ids.ts'
import { rooms } from './policies.ts'

/** Parts of policies, for tests of which changes are whose to make. */

export const roomIds = rooms.map(({ id }) => id)
export const uuid = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`
const automatic = 'automatic' as const
/** Over the first two rooms, by name. */
export const aLink = {
  ...{
    id: LinkId.parse(uuid(8)),
    tenant: TenantId.parse(uuid(7)),
    domain: 'p.example',
    status: 'active' as const,
    partner: null,
    partnerName: 'P',
    invitedAt: 0,
    expiresAt: 1,
    acceptedAt: 1,
  },
  ...{
    changeControl: { rooms: automatic, rings: automatic, incidents: automatic, roles: automatic },
    scope: { rooms: roomIds.slice(0, 2), groups: [] },
    remoteAccess: false,
    multiFactor: false,
  },
}

export const role = (id: string) => RoleId.parse(id)
export const assignment = (n: number, of: string) => ({
  id: AssignmentId.parse(uuid(n)),
  link: null,
  role: role(of),
  name: of,
  description: '',
  notify: false,
  scope: { rooms: [], groups: [] },
  builtIn: false,
})
