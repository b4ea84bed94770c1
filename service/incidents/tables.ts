import type { RoomId, TenantId } from '../../contract/ids.ts'

declare module '../ground/store/tables.ts' {
  interface Tables {
    checkpoint: CheckpointTable
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
