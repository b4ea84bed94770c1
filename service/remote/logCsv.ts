import type { Readable } from 'node:stream'
import { csvOf } from '../ground/csv.ts'
import type { RemoteSessionTable } from './tables.ts'

/** The columns of the exported session log, in their order (REM-8). */
export const sessionColumns = [
  'session',
  'operator',
  'operatorEmail',
  'organisation',
  'room',
  'device',
  'mode',
  'from',
  'to',
  'end',
  'refusal',
  'recorded',
] as const

const timeOf = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString())

function recordedOf({ recordedBytes, recordingDeletedAt }: RemoteSessionTable): string {
  if (recordedBytes === 0) return 'no'
  return recordingDeletedAt === null ? 'yes' : 'deleted'
}

/** Sessions as CSV. */
export function sessionCsv(sessions: AsyncIterable<RemoteSessionTable>, onError: (error: Error) => void): Readable {
  const rows = async function* (): AsyncGenerator<string[]> {
    for await (const row of sessions) {
      const { id, operatorName, operatorEmail, organisation, roomName, room, deviceName, mode, startedAt, endedAt, end, refusal } = row
      yield [
        id,
        operatorName,
        operatorEmail,
        organisation ?? '',
        roomName || room,
        deviceName,
        mode,
        timeOf(startedAt),
        timeOf(endedAt),
        end ?? '',
        refusal ?? '',
        recordedOf(row),
      ]
    }
  }
  return csvOf(sessionColumns, rows(), onError)
}
