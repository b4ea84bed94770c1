import { z } from 'zod'
import { QueuedCommand } from '../../contract/commands.ts'
import { ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { CommandKey, Millis } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import {
  type Db,
  type Migration,
  openReadable,
  openWritable,
  saysLocked,
  setAside,
  type Unusable,
  UnusableDatabase,
} from '../cache/open.ts'

/** One command in the outbox. `appliedAt`: when its answer came (applied, or requested), by the console's clock. */
export const OutboxRow = z.object({
  key: CommandKey,
  command: QueuedCommand,
  issuedAt: Millis,
  state: z.enum(['pending', 'sending', 'sent', 'requested', 'refused']),
  tries: z.int().min(0),
  refusal: z.object({ code: ErrorCode, detail: z.string().optional() }).optional(),
  appliedAt: Millis.optional(),
})
export type OutboxRow = z.infer<typeof OutboxRow>

const migration1: Migration = (db) =>
  db.exec('create table command (seq integer primary key autoincrement, key text not null unique, body text not null)')

/** One migration for each version of the outbox's schema; a version that was released is never changed. */
export const outboxMigrations: readonly Migration[] = [migration1]

/**
 * The file of what the operator did and the service has not confirmed: the truth about it, so every write is on the disk
 * when it returns, and nothing here ever deletes a file.
 */
export class OutboxStore {
  readonly #db: Db
  readonly #add
  readonly #set
  readonly #remove

  private constructor(db: Db) {
    this.#db = db
    this.#add = db.prepare('insert or ignore into command (key, body) values (?, ?)')
    this.#set = db.prepare('update command set body = ? where key = ?')
    this.#remove = db.prepare('delete from command where key = ?')
  }

  /**
   * Opens the file, made where it is missing. One that is damaged, not ours or newer is renamed and kept, and the rows
   * that can be read in it are taken over. Errors: `disk.failed`, `outbox.locked`.
   */
  static open(path: string, key: Uint8Array, now: number): { store: OutboxStore; setAside?: Unusable; saved: number } {
    const options = { path, key, migrations: outboxMigrations, synchronous: 'full', waitMs: limits.outboxTryMs } as const
    try {
      return { store: new OutboxStore(openWritable(options)), saved: 0 }
    } catch (error) {
      if (!(error instanceof UnusableDatabase)) throw failed(error)
      const rows = rescue(setAside(path, now), key)
      const store = new OutboxStore(openWritable(options))
      for (const row of rows) store.add([row])
      return { store, setAside: error.why, saved: rows.length }
    }
  }

  /** All rows, oldest first. One that cannot be read any more stays in the file and is left out. Errors: `outbox.locked`. */
  all(): OutboxRow[] {
    return rowsOf(this.#db.prepare<[], { body: string }>('select body from command order by seq').iterate())
  }

  /** Errors: `outbox.full` where so many more have no room; `outbox.locked`, `disk.failed` where nothing could be kept now. */
  checkRoom(more: number): void {
    this.#write(() => this.#checkRoom(more))
  }

  #checkRoom(more: number): void {
    const { n } = this.#db.prepare<[], { n: number }>('select count(*) as n from command').get() ?? { n: 0 }
    if (n + more > limits.outboxRows) throw new RoomkeeperError('outbox.full')
  }

  /** Errors: `outbox.full`, `outbox.locked`, `disk.failed`. The rows are durable when this returns, all of them or none. */
  add(rows: readonly OutboxRow[]): void {
    this.#write(() => {
      this.#checkRoom(rows.length)
      for (const row of rows) this.#add.run(row.key, JSON.stringify(row))
    })
  }

  /** All of them or none. */
  set(rows: readonly OutboxRow[]): void {
    this.#write(() => {
      for (const row of rows) this.#set.run(JSON.stringify(row), row.key)
    })
  }

  remove(keys: readonly string[]): void {
    this.#write(() => {
      for (const key of keys) this.#remove.run(key)
    })
  }

  /** Takes one row out and puts another in, both or neither. */
  replace(key: string, row: OutboxRow): void {
    this.#write(() => {
      this.#remove.run(key)
      this.#add.run(row.key, JSON.stringify(row))
    })
  }

  close(): void {
    this.#db.close()
  }

  #write(run: () => void): void {
    try {
      // So that a lock is met at the beginning and nowhere else.
      this.#db.transaction(run).immediate()
    } catch (error) {
      throw failed(error)
    }
  }
}

function failed(error: unknown): RoomkeeperError {
  if (error instanceof RoomkeeperError) return error
  return new RoomkeeperError(saysLocked(error) ? 'outbox.locked' : 'disk.failed', {}, error)
}

function rowsOf(bodies: Iterable<{ body: string }>): OutboxRow[] {
  const rows: OutboxRow[] = []
  try {
    for (const { body } of bodies) {
      const parsed = OutboxRow.safeParse(jsonOf(body))
      if (parsed.success) rows.push(parsed.data)
    }
  } catch (error) {
    if (saysLocked(error)) throw failed(error)
    // A damaged page ends the walk; what was read before it counts.
  }
  return rows
}

/** The rows that can be read in a file that was set aside: all of a newer version's, some of a damaged one's. */
function rescue(path: string, key: Uint8Array): OutboxRow[] {
  try {
    const db = openReadable(path, key)
    try {
      return rowsOf(db.prepare<[], { body: string }>('select body from command order by rowid').iterate())
    } finally {
      db.close()
    }
  } catch {
    return []
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
