import type { Kysely } from 'kysely'
import type { Kind } from '../../../contract/entities.ts'
import type { CommandKey, PersonId, RoomId, TenantId } from '../../../contract/ids.ts'
import type {
  AssignmentTable,
  LinkTable,
  PersonTable,
  RequestTable,
  RoleTable,
  RoomGroupTable,
  SecurityGroupTable,
} from './accessTables.ts'
import type { DeviceProgressTable, DeviceTable, EnrolmentKeyTable, RejectedReportTable, RoomStateTable } from './deviceTables.ts'
import type { ServiceTables } from './serviceTables.ts'

/**
 * The columns of the service's database, for Kysely. Names and types are those of SQLite and PostgreSQL alike: text,
 * integers (times are integer UTC ms, booleans 0 or 1), JSON as text. Migrations make them; a change here is a new one.
 */

export type * from './accessTables.ts'
export type * from './deviceTables.ts'
export type * from './serviceTables.ts'

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
  /** 0, or since when it is gone (UTC ms): consoles are told so for a while. */
  deleted: number
  /** The document as JSON, serialised once; empty when deleted. */
  body: string
}

/** A document that has left the change log (past.ts), as it was then. */
export interface PastDocumentTable {
  tenant: TenantId
  kind: Kind
  id: string
  room: RoomId | null
  state: string | null
  /** When it left (UTC ms). */
  since: number
  body: string
}

/** Something that happened to a room; ids as bytes, and words as numbers (transitionCodes.ts): there are very many. */
export interface TransitionTable {
  /** Of `at`, as 202611: what goes together when its time is over. */
  month: number
  tenant: Uint8Array
  room: Uint8Array
  at: number
  number: number
  /** How much later than `at` the service took it in (ms). */
  late: number
  kind: number
  signal: number | null
  /** Of a signal, or the health of a room. */
  value: number | null
  /** The rest of it as JSON, where there is more. */
  more: string | null
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
  /** What was removed up to this sequence may be told no more: a copy from before it is brought up to date by a snapshot. */
  changesFrom: number
}

/** A run of the service that wrote to a tenant, from the change after `fromSeq` on (ground/store/generations.ts). */
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
  /** Per tenant, gapless from 1, and the hash over this record and the one before it (service/ground/audit/chain.ts). */
  number: number
  hash: string
}

/** Every version of the settings with the moment from which it held: enough to replay any moment. */
export interface SettingsHistoryTable {
  tenant: TenantId
  validFrom: number
  body: string
}

/** Those of the ground. A capability with tables of its own adds them here from its `tables.ts` (service/remote/tables.ts). */
export interface Tables extends ServiceTables {
  transition: TransitionTable
  tenant: TenantTable
  document: DocumentTable
  pastDocument: PastDocumentTable
  /** A view of both, without what is gone: its `rev` and `seq` are of the change log. */
  knownDocument: DocumentTable
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
}

/** A handle that can only read; its connection refuses writes too. */
export type ReadHandle<T> = Pick<Kysely<T>, 'selectFrom'>
