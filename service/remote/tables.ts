import type { DeviceId, PersonId, RoomId, SessionId, TenantId } from '../../contract/ids.ts'
import type { SessionEnd } from '../../contract/remote.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'

declare module '../ground/store/tables.ts' {
  interface Tables {
    remoteSession: RemoteSessionTable
    recordingChunk: RecordingChunkTable
  }
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
