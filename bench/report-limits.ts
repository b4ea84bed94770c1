import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type Load } from './report-load.ts'

/** What a report must at least cost: parse, compare with what is known, and, for the second limit, commit what changed. */
interface Message {
  reports: { number: number; observedAt: number; signals: Record<string, { value: string }> }[]
}

const batchReports = 1_000

interface Change {
  device: number
  signal: string
  value: string
  at: number
}

function measure(load: Load, commit: (changes: Change[]) => void): number {
  const known = new Map<string, string>()
  let changes: Change[] = []
  let waiting = 0
  const startedAt = performance.now()
  // One message of each device in turn, as they arrive from a fleet.
  const rounds = load.messages[0]?.length ?? 0
  for (let round = 0; round < rounds; round++) {
    for (const [device, messages] of load.messages.entries()) {
      // Not validated by the schema: this is the limit, and the limit trusts.
      const { reports } = JSON.parse(messages[round] ?? '{"reports":[]}') as Message
      for (const report of reports) {
        for (const [signal, { value }] of Object.entries(report.signals)) {
          const key = `${device} ${signal}`
          if (known.get(key) === value) continue
          known.set(key, value)
          changes.push({ device, signal, value, at: report.observedAt })
        }
      }
      waiting += reports.length
      if (waiting >= batchReports) {
        commit(changes)
        changes = []
        waiting = 0
      }
    }
  }
  commit(changes)
  return load.reports / ((performance.now() - startedAt) / 1000)
}

/** Reports per second: parsed and compared, kept in memory only. */
export const inMemory = (load: Load): number => measure(load, () => undefined)

/** Reports per second: parsed, compared, and committed to SQLite (WAL, synchronous FULL) in batches of 1,000. */
export function batchedSqlite(load: Load, folder: string, name: string): number {
  const database = new Database(join(folder, `${name}.db`))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec('create table signal (device integer, signal text, value text, at integer, primary key (device, signal)) without rowid')
  const put = database.prepare('insert or replace into signal values (?, ?, ?, ?)')
  const write = database.transaction((changes: Change[]) => {
    for (const { device, signal, value, at } of changes) put.run(device, signal, value, at)
  })
  const perSecond = measure(load, write)
  database.close()
  return perSecond
}
