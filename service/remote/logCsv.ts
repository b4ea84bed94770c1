import { pipeline, Readable } from 'node:stream'
import { stringify } from 'csv-stringify'
import type { RemoteSessionTable } from '../store/tables.ts'

/** The columns of the exported session log, in their order (REM-8). */
export const sessionColumns = ['session', 'operator', 'operatorEmail', 'organisation', 'room', 'device', 'mode', 'from', 'to', 'end', 'refusal', 'recorded'] as const

const timeOf = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString())

function recordedOf({ recordedBytes, recordingDeletedAt }: RemoteSessionTable): string {
  if (recordedBytes === 0) return 'no'
  return recordingDeletedAt === null ? 'yes' : 'deleted'
}

/**
 * Sessions as CSV (RFC 4180, UTF-8), read as fast as it is taken. Cells that a spreadsheet would take for a formula begin
 * with an apostrophe.
 */
export function sessionCsv(sessions: AsyncIterable<RemoteSessionTable>, onError: (error: Error) => void): Readable {
  const rows = async function* (): AsyncGenerator<string[]> {
    for await (const row of sessions) {
      const { id, operatorName, operatorEmail, organisation, roomName, room, deviceName, mode, startedAt, endedAt, end, refusal } = row
      yield [id, operatorName, operatorEmail, organisation ?? '', roomName || room, deviceName, mode, timeOf(startedAt), timeOf(endedAt), end ?? '', refusal ?? '', recordedOf(row)]
    }
  }
  const csv = stringify({ header: true, columns: sessionColumns.map((key) => ({ key, header: key })), escape_formulas: true, record_delimiter: 'windows' })
  pipeline(Readable.from(rows()), csv, (error) => {
    // Who stopped reading has gone away; that is no failure.
    if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error)
  })
  return csv
}
