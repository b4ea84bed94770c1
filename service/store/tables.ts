import type { Kysely } from 'kysely'
import type { Kind } from '../../contract/entities.ts'
import type {
  AssignmentId,
  CommandKey,
  DeviceId,
  GroupId,
  JournalId,
  LinkId,
  PersonId,
  RequestId,
  RoleId,
  RoomId,
  SessionId,
  TenantId,
} from '../../contract/ids.ts'
import type { SessionEnd } from '../../contract/remote.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'

/**
 * The columns of the service's database, for Kysely. Names and types are those of SQLite and PostgreSQL alike: text,
 * integers (times are integer UTC ms, booleans 0 or 1), JSON as text. Migrations make them; a change here is a new one.
 */

/** A synced document at its latest revision: the change log and the truth at once. */
export interface DocumentTable {
  tenant: TenantId
  kind: Kind
  id: string
  /** The room it belongs to, which decides who may read it. */
  room: RoomId | null
  /** The one person it is for (kinds read by `self`). */
  owner: PersonId | null
  /** A short word of the body that lists filter by: an incident's status, a room's lifecycle. */
  state: string | null
  rev: number
  /** Per tenant, gapless, given inside the transaction that wrote the row. */
  seq: number
  deleted: number
  /** The document as JSON, serialised once; empty when deleted. */
  body: string
}

export interface TenantTable {
  id: TenantId
  name: string
  /** The token issuer and the directory tenant (`tid`) whose people belong here. */
  issuer: string
  directory: string
  lastSeq: number
  nextIncidentNumber: number
  createdAt: number
}

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

/** A run of the service that wrote to a tenant, from the change after `fromSeq` on (store/generations.ts). */
export interface GenerationTable {
  tenant: TenantId
  fromSeq: number
  id: string
}

/** Where the audit chain of a tenant starts (after pruning) and ends. */
export interface AuditChainTable {
  tenant: TenantId
  /** Number and hash of the last record that was pruned: 0 and '' at first. */
  prunedNumber: number
  prunedHash: string
  headNumber: number
  headHash: string
}

export type DeviceState = 'active' | 'offboarding' | 'revoked'

export interface DeviceTable {
  tenant: TenantId
  id: DeviceId
  room: RoomId
  installation: string
  /** RFC 7638 thumbprint of the public key; unique in the service. */
  thumbprint: string
  /** The public key as JSON (DevicePublicKey). */
  publicKey: string
  state: DeviceState
  /** The room's account that let it in (object id); null where the self-enrolment key did, or nobody knows. */
  account: string | null
  /** When it came into onboarding the last time; another key does not make it later. */
  enrolledAt: number
  offboardingSince: number | null
}

/** The narrow, hot half of a device: how far its journal is committed. One row per device. */
export interface DeviceProgressTable {
  tenant: TenantId
  device: DeviceId
  journal: JournalId
  acknowledged: number
  /** Service clock minus device clock, as seen at the last hello. */
  clockOffsetMs: number
  /** Corrected time of the last report, which the next one may not precede. */
  lastObservedAt: number
  lastContactAt: number
}

/** What the incident engine remembers of a room. */
export interface RoomStateTable {
  tenant: TenantId
  room: RoomId
  /** RoomState as JSON (service/incidents/state.ts). */
  state: string
  /** Id and number of each incident that the room ever had, by signal, as JSON. */
  incidents: string
  /** Of the state, for finding rooms after a restart. */
  contact: 'never' | 'connected' | 'lost'
  lastContactAt: number
  /** When the engine must look at the room though nothing was reported; null: never. */
  nextTimer: number | null
}

export interface RejectedReportTable {
  tenant: TenantId
  device: DeviceId
  journal: JournalId
  number: number
  code: string
  receivedAt: number
  /** What was sent, as JSON. */
  body: string
}

export interface EnrolmentKeyTable {
  tenant: TenantId
  /** SHA-256 of the key, base64url: finds the tenant at enrolment. */
  digest: string
  key: string
  madeAt: number
}

export interface CommandOutcomeTable {
  tenant: TenantId
  person: PersonId
  key: CommandKey
  /** SHA-256 of the command's canonical JSON. */
  digest: string
  /** CommandOutcome as JSON. */
  outcome: string
  at: number
}

export interface AuditTable {
  tenant: TenantId
  id: string
  at: number
  category: string
  objectName: string
  operation: 'Create' | 'Update' | 'Delete'
  resultStatus: 'Successful' | 'Failed'
  /** Directory object id and tenant of the actor; empty for the system. */
  userId: string
  userTenantId: string
  /** The acting person here, or null for the system. */
  actor: PersonId | null
  /** JSON. */
  detail: string
  /** Per tenant, gapless from 1, and the hash over this record and the one before it (service/audit/chain.ts). */
  number: number
  hash: string
}

/** One remote session, or a refused attempt at one (REM-8); contract/remote.ts: SessionRecord. */
export interface RemoteSessionTable {
  tenant: TenantId
  id: SessionId
  room: RoomId
  roomName: string
  device: DeviceId | null
  deviceName: string
  operator: PersonId
  operatorName: string
  operatorEmail: string
  /** The partner's name, where the operator is a partner's. */
  organisation: string | null
  mode: RemoteMode
  startedAt: number
  endedAt: number | null
  end: SessionEnd | null
  refusal: string | null
  /** What the service has of its recording. */
  recordedBytes: number
  recordedMs: number
  recordingDeletedAt: number | null
}

/** One uploaded chunk of a recording, packed as it came (contract/recording.ts). */
export interface RecordingChunkTable {
  tenant: TenantId
  session: SessionId
  number: number
  fromMs: number
  toMs: number
  /** Whether there is something of a terminal in it. */
  terminal: number
  body: Uint8Array
}

/** Every version of the settings with the moment from which it held: enough to replay any moment. */
export interface SettingsHistoryTable {
  tenant: TenantId
  validFrom: number
  body: string
}

/** Values of the service itself: its name, signing keys, the key of cursors. */
export interface ServiceValueTable {
  name: string
  value: string
}

/** State of the embedded issuer: sessions, grants, refresh tokens, codes. */
export interface IssuerStateTable {
  model: string
  id: string
  payload: string
  grant: string | null
  userCode: string | null
  uid: string | null
  /** Null: never. */
  expiresAt: number | null
}

/** The embedded directory: stands in for Entra where there is none. */
export interface DirectoryTenantTable {
  id: string
  name: string
  /** JSON array of verified domain names, lower case. */
  domains: string
}

export interface DirectoryAccountTable {
  id: string
  directory: string
  kind: 'person' | 'room'
  email: string
  name: string
  /** scrypt, or null where the account has no password (the demo). */
  password: string | null
  globalAdministrator: number
}

/** A security group of the embedded directory. Members may be people and groups; circles are harmless. */
export interface DirectoryGroupTable {
  id: string
  directory: string
  name: string
  description: string
  /** JSON array of Member (contract/policy.ts). */
  members: string
}

/** Tables that belong to no tenant. */
export interface ServiceTables {
  serviceValue: ServiceValueTable
  issuerState: IssuerStateTable
  directoryTenant: DirectoryTenantTable
  directoryAccount: DirectoryAccountTable
  directoryGroup: DirectoryGroupTable
}

export interface Tables extends ServiceTables {
  tenant: TenantTable
  document: DocumentTable
  person: PersonTable
  assignment: AssignmentTable
  role: RoleTable
  roomGroup: RoomGroupTable
  link: LinkTable
  request: RequestTable
  securityGroup: SecurityGroupTable
  generation: GenerationTable
  auditChain: AuditChainTable
  device: DeviceTable
  deviceProgress: DeviceProgressTable
  roomState: RoomStateTable
  rejectedReport: RejectedReportTable
  enrolmentKey: EnrolmentKeyTable
  commandOutcome: CommandOutcomeTable
  audit: AuditTable
  settingsHistory: SettingsHistoryTable
  remoteSession: RemoteSessionTable
  recordingChunk: RecordingChunkTable
}

/** A handle that can only read; its connection refuses writes too. */
export type ReadHandle<T> = Pick<Kysely<T>, 'selectFrom'>
