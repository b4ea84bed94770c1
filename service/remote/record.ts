import { ErrorCode } from '../../contract/errors.ts'
import type { SessionRecord } from '../../contract/remote.ts'
import type { RemoteSessionTable } from './tables.ts'

/** A row of the session log, as consoles get it (REM-8). */
export function recordOf(row: Omit<RemoteSessionTable, 'tenant'>): SessionRecord {
  const { id, room, roomName, device, deviceName, mode, startedAt, endedAt, end, recordedBytes, recordedMs, recordingDeletedAt } = row
  const organisation = row.organisation === null ? {} : { organisation: row.organisation }
  return {
    id,
    room,
    roomName,
    device,
    deviceName,
    operator: { id: row.operator, name: row.operatorName, ...organisation, email: row.operatorEmail },
    mode,
    startedAt,
    endedAt,
    end,
    // A code that this version does not know any more says no less than that it was refused.
    refusal: row.refusal === null ? null : (ErrorCode.safeParse(row.refusal).data ?? 'remote.refused'),
    recording:
      recordedBytes === 0 && recordingDeletedAt === null
        ? null
        : { bytes: recordedBytes, durationMs: recordedMs, deletedAt: recordingDeletedAt },
  }
}
