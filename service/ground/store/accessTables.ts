import type { AssignmentId, GroupId, LinkId, PersonId, RequestId, RoleId, TenantId } from '../../../contract/ids.ts'

/** What the service keeps of people and of what they may do: assignments with their roles and groups, and links with partners. */

export interface PersonTable {
  tenant: TenantId
  id: PersonId
  issuer: string
  /** Directory tenant and object id of the token. */
  directory: string
  objectId: string
  name: string
  email: string
  globalAdministrator: number
  /** JSON array of the directory's group ids. */
  groups: string
  /** `iat` (ms) of the token these came from; an older token changes nothing. */
  claimsAt: number
  /** Grows by one whenever the rooms that the person may read, of any kind, change. */
  scopeVersion: number
  /** What `scopeVersion` stands for, to notice a change. */
  scopeDigest: string
  /** The link under which they are in this tenant; null: it is their own. The same person has the same id in both. */
  link: LinkId | null
  /** When `groups` was read: of a token or of the directory, whichever is newer. */
  groupsAt: number
  /** When they were here for the first time; null: known from the directory only. */
  seenAt: number | null
  /** Since when their directory has no such account, or a disabled one (ms); null: it has one. */
  removedAt: number | null
}

export interface AssignmentTable {
  tenant: TenantId
  id: AssignmentId
  name: string
  role: RoleId
  /** JSON array of members, JSON scope (contract/policy.ts). */
  members: string
  scope: string
  link: LinkId | null
  description: string
  notify: number
  builtIn: number
}

/** A role that people made. */
export interface RoleTable {
  tenant: TenantId
  id: RoleId
  link: LinkId | null
  name: string
  description: string
  /** JSON array. */
  permissions: string
}

export interface RoomGroupTable {
  tenant: TenantId
  id: GroupId
  name: string
  description: string
  /** JSON array of room ids; JSON rule or null. */
  rooms: string
  rule: string | null
}

/** Link of a customer (`tenant`) with a partner, from its invitation on. Gone when it is denied or ended. */
export interface LinkTable {
  tenant: TenantId
  id: LinkId
  domain: string
  status: 'invited' | 'active'
  partner: TenantId | null
  partnerName: string
  invitedAt: number
  expiresAt: number
  acceptedAt: number | null
  /** JSON. */
  changeControl: string
  scope: string
  remoteAccess: number
  multiFactor: number
}

/** A command of a partner that waits for the customer's decision: what to run, and as whom. */
export interface RequestTable {
  tenant: TenantId
  id: RequestId
  link: LinkId
  person: PersonId
  /** CommandRequest as JSON. */
  request: string
  /** The partner's person as the doer (JSON). */
  doer: string
  /** They had signed in with more than a password when they asked. */
  multiFactor: number
  status: 'waiting' | 'decided'
  expiresAt: number
}

/** What is known of a security group that an assignment names. Who is in it stands with the people (`groups`). */
export interface SecurityGroupTable {
  tenant: TenantId
  /** The directory's tenant: the tenant's own, or a partner's. */
  directory: string
  id: string
  name: string
  /** When its members were last read; null: never. */
  readAt: number | null
  /** Since when it cannot be read; null: it can. */
  failedAt: number | null
  /** All members were read; 0: it has more than limits.peoplePerSecurityGroup. */
  whole: number
}
