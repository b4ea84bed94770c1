import type { DeviceId, JournalId, RoomId, TenantId } from '../../../contract/ids.ts'

/** What the service keeps of devices: who they are, how far they have reported, and what the incident engine remembers of their rooms. */

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
  /** Which signals have changed very often lately, as JSON (service/incidents/flaps.ts); null: none has changed. */
  flaps: string | null
  /** Of the state, for finding rooms after a restart. */
  contact: 'never' | 'connected' | 'lost'
  lastContactAt: number
  /** When the room first changed after its last checkpoint (service/incidents/checkpoints.ts); null: not since. */
  changedAt: number | null
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
