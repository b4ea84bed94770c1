import type { RoomId, SuppressionId, TenantId } from '../../contract/ids.ts'
import type { SignalId } from '../../contract/signals.ts'

declare module '../ground/store/tables.ts' {
  interface Tables {
    checkpoint: CheckpointTable
    hiddenFault: HiddenFaultTable
  }
}

/** What the engine remembered of a room at a moment, after all that it had taken in by then (checkpoints.ts). */
export interface CheckpointTable {
  tenant: TenantId
  room: RoomId
  at: number
  /** Packed. */
  state: Uint8Array
}

/** A fault that would have begun an incident, had a suppression not kept it from that (hidden.ts). */
export interface HiddenFaultTable {
  tenant: TenantId
  suppression: SuppressionId
  room: RoomId
  signal: SignalId
  /** How often it came. */
  times: number
  /** When it came first, and when it went last (service's clock); null: it is still there, or was when the suppression ended. */
  since: number
  until: number | null
}
