import { renameSync } from 'node:fs'
import Database from 'better-sqlite3'
import { JournalId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, System, Undo } from '../../contract/system.ts'
import { ExplainedError } from '../explained.ts'
import { Journal, type JournalRow, type Waiting } from './journal.ts'

/** The layout of the journal database. A newer one is refused, never deleted. */
const schemaVersion = 1

const schema = `
  CREATE TABLE device (
    slot INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    journal TEXT NOT NULL,
    last INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE report (
    slot INTEGER NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (slot, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE memory (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE offboarded (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

export interface JournalStoreOptions {
  /** The database file; `:memory:` keeps nothing. */
  file: string
  system: Pick<System, 'clock' | 'ids' | 'turn'>
  /** Reports kept per device before the oldest are folded. */
  maxReports?: number
  /** How long acknowledgements may wait for company before the rows that they free are deleted, in ms. */
  forgetAfterMs?: number
}

/** Why a journal database could not be opened, in words for the person at the device. */
export class JournalStoreError extends ExplainedError {
  override readonly name = 'JournalStoreError'
}

/**
 * The journals of all devices of one process, in one database. What many devices write in one turn of the event loop
 * is committed together (synchronous FULL), so a thousand devices cost about as much as one. One process at a time.
 */
export class JournalStore {
  readonly #db: Database.Database
  readonly #options: JournalStoreOptions
  readonly #clock: Clock
  readonly #statements: ReturnType<typeof prepare>
  readonly #freed = new Set<Journal>()
  readonly #begun = new Map<string, JournalRow>()
  #lastSlot: number
  readonly #memories = new Map<string, string>()
  #queue: Waiting[] = []
  #flushing: Undo | undefined
  /** When the last commit ended and how long it took, in even ms. */
  #committedAt = 0
  #commitTook = 0
  #forgetting: (() => void) | undefined
  #closed = false

  private constructor(db: Database.Database, options: JournalStoreOptions) {
    this.#db = db
    this.#options = options
    this.#clock = options.system.clock
    this.#statements = prepare(db)
    this.#lastSlot = this.#statements.lastSlot.get()?.seq ?? 0
  }

  /**
   * Opens the database, or makes it. One that is damaged is set aside under another name and begun anew: its devices
   * start new journals, whose first report says everything. @throws JournalStoreError in use, or from a newer version.
   */
  static open(options: JournalStoreOptions): JournalStore {
    try {
      return new JournalStore(openDatabase(options.file), options)
    } catch (error) {
      const code = error instanceof Database.SqliteError ? error.code : ''
      if (code.startsWith('SQLITE_BUSY')) {
        throw new JournalStoreError(`Another agent process uses ${options.file}. End it first, or use another --data folder.`, {
          cause: error,
        })
      }
      if (!code.startsWith('SQLITE_CORRUPT') && code !== 'SQLITE_NOTADB') throw error
      const aside = `${options.file}.damaged-${options.system.clock.now()}`
      renameSync(options.file, aside)
      return new JournalStore(openDatabase(options.file), options)
    }
  }

  /** The journal of one device, with all that waited when the process ended. Made where there is none. */
  journal(name: string): Journal {
    const row = this.#statements.find.get(name) ?? this.#begun.get(name) ?? this.#begin(name)
    const maxReports = this.#options.maxReports ?? limits.agentJournalReports
    return new Journal(row, maxReports, {
      newId: () => JournalId.parse(this.#options.system.ids()),
      append: (waiting) => {
        this.#append(waiting)
      },
      freed: (journal) => {
        this.#freed.add(journal)
        this.#forgetting ??= this.#clock.after(this.#options.forgetAfterMs ?? 250, () => {
          this.flush()
        })
      },
      flush: () => {
        this.flush()
      },
      read: (slot, after, count) => this.#statements.read.all(slot, after, count),
      replace: (journal, upTo, first) => {
        this.#replace(journal, upTo, first)
      },
      remove: (journal) => {
        this.flush()
        this.#freed.delete(journal)
        this.#begun.delete(journal.name)
        this.#db.transaction(() => {
          this.#statements.deleteUpTo.run(journal.slot, Number.MAX_SAFE_INTEGER)
          this.#statements.deleteDevice.run(journal.slot)
          this.#statements.forget.run(journal.name)
        })()
      },
    })
  }

  /** Remembers that a device was off-boarded, so that a fleet does not bring it back at its next start. */
  setOffboarded(name: string, offboarded: boolean): void {
    if (offboarded) this.#statements.markOffboarded.run(name, this.#clock.now())
    else this.#statements.clearOffboarded.run(name)
  }

  isOffboarded(name: string): boolean {
    return this.#statements.isOffboarded.get(name) !== undefined
  }

  /**
   * Keeps a text for a device, in the place of the one before; it is committed with the next report, or shortly. What a
   * simulated device was told to be is kept so, since a real one does not heal when its agent restarts.
   */
  remember(name: string, body: string): void {
    this.#memories.set(name, body)
    this.#schedule()
  }

  remembered(name: string): string | undefined {
    return this.#memories.get(name) ?? this.#statements.remembered.get(name)?.body
  }

  /** Commits what waits, now. */
  flush(): void {
    this.#flushing?.()
    this.#flushing = undefined
    this.#forgetting?.()
    this.#forgetting = undefined
    const queue = this.#queue
    const freed = [...this.#freed]
    const memories = [...this.#memories]
    const begun = [...this.#begun.values()]
    if (this.#closed || begun.length + queue.length + freed.length + memories.length === 0) return
    this.#queue = []
    this.#freed.clear()
    this.#memories.clear()
    const last = new Map<Journal, number>()
    const startedAt = this.#clock.steady()
    try {
      this.#db.transaction(() => {
        for (const { slot, name, journal } of begun) this.#statements.create.run(slot, name, journal)
        for (const { journal, number, body } of queue) {
          this.#statements.insert.run(journal.slot, number, body)
          last.set(journal, number)
        }
        for (const [name, body] of memories) this.#statements.remember.run(name, body)
        for (const [journal, number] of last) this.#statements.setLast.run(number, journal.slot)
        for (const journal of freed) {
          this.#statements.deleteUpTo.run(journal.slot, journal.acknowledged)
          this.#statements.setAcknowledged.run(journal.acknowledged, journal.slot)
        }
      })()
    } catch (error) {
      for (const journal of new Set(queue.map((waiting) => waiting.journal))) journal.notWritten()
      for (const waiting of queue) waiting.failed(error)
      return
    }
    this.#committedAt = this.#clock.steady()
    this.#commitTook = this.#committedAt - startedAt
    for (const { name } of begun) this.#begun.delete(name)
    for (const waiting of queue) waiting.journal.written(waiting)
    for (const waiting of queue) waiting.done(waiting.number)
  }

  /** Commits what waits and gives the file free. */
  close(): void {
    this.flush()
    this.#closed = true
    this.#db.close()
  }

  /**
   * Commits in the next turn of the event loop; under load not before the process has had as long for its other work as
   * the last commit took, so that a slow disk makes commits larger and not the agents slower.
   */
  #schedule(): void {
    if (this.#flushing) return
    const wait = this.#committedAt + this.#commitTook - this.#clock.steady()
    if (wait > 1) {
      this.#flushing = this.#clock.after(wait, () => this.flush())
      return
    }
    let undone = false
    this.#flushing = () => (undone = true)
    void this.#options.system.turn().then(() => {
      if (!undone) this.flush()
    })
  }

  /** A journal for a new device: on the disk with its first report, so that a thousand new devices cost one commit. */
  #begin(name: string): JournalRow {
    this.#lastSlot += 1
    const row = { slot: this.#lastSlot, name, journal: this.#options.system.ids(), last: 0, acknowledged: 0 }
    this.#begun.set(name, row)
    return row
  }

  #append(waiting: Waiting): void {
    if (this.#closed) {
      waiting.failed(new JournalStoreError('The journal is closed.'))
      return
    }
    this.#queue.push(waiting)
    this.#schedule()
  }

  /** Puts `first` in the place of all reports up to `upTo` and numbers from 1 again, under the journal's new id. */
  #replace(journal: Journal, upTo: number, first: string | undefined): void {
    const shift = upTo - (first === undefined ? 0 : 1)
    this.#freed.delete(journal)
    this.#db.transaction(() => {
      this.#statements.deleteUpTo.run(journal.slot, upTo)
      // By way of negative numbers, since two rows must not share a number for a moment either.
      this.#statements.shift.run(shift, journal.slot)
      this.#statements.unsign.run(journal.slot)
      if (first !== undefined) this.#statements.insert.run(journal.slot, 1, first)
      this.#statements.setJournal.run(journal.id, journal.last, journal.slot)
    })()
  }
}

function openDatabase(file: string): Database.Database {
  const db = new Database(file, { timeout: 0 })
  try {
    // Exclusive: the system frees it when the process dies, however it dies.
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    const version = Number(db.pragma('user_version', { simple: true }))
    if (version > schemaVersion) {
      throw new JournalStoreError(
        `${file} was written by a newer version of the agent. Install that version, or use another --data folder.`,
      )
    }
    if (version === 0) {
      db.transaction(() => {
        db.exec(schema)
        db.pragma(`user_version = ${schemaVersion}`)
      }).exclusive()
    }
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function prepare(db: Database.Database) {
  return {
    find: db.prepare<[string], JournalRow>('SELECT slot, name, journal, last, acknowledged FROM device WHERE name = ?'),
    create: db.prepare<[number, string, string]>('INSERT INTO device (slot, name, journal, last, acknowledged) VALUES (?, ?, ?, 0, 0)'),
    lastSlot: db.prepare<[], { seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'device'"),
    insert: db.prepare<[number, number, string]>('INSERT INTO report (slot, number, body) VALUES (?, ?, ?)'),
    read: db.prepare<[number, number, number], { number: number; body: string }>(
      'SELECT number, body FROM report WHERE slot = ? AND number > ? ORDER BY number LIMIT ?',
    ),
    setLast: db.prepare<[number, number]>('UPDATE device SET last = ? WHERE slot = ?'),
    setAcknowledged: db.prepare<[number, number]>('UPDATE device SET acknowledged = ? WHERE slot = ?'),
    setJournal: db.prepare<[string, number, number]>('UPDATE device SET journal = ?, last = ?, acknowledged = 0 WHERE slot = ?'),
    deleteUpTo: db.prepare<[number, number]>('DELETE FROM report WHERE slot = ? AND number <= ?'),
    deleteDevice: db.prepare<[number]>('DELETE FROM device WHERE slot = ?'),
    shift: db.prepare<[number, number]>('UPDATE report SET number = ? - number WHERE slot = ?'),
    unsign: db.prepare<[number]>('UPDATE report SET number = -number WHERE slot = ?'),
    remember: db.prepare<[string, string]>('INSERT OR REPLACE INTO memory (name, body) VALUES (?, ?)'),
    remembered: db.prepare<[string], { body: string }>('SELECT body FROM memory WHERE name = ?'),
    forget: db.prepare<[string]>('DELETE FROM memory WHERE name = ?'),
    markOffboarded: db.prepare<[string, number]>('INSERT OR REPLACE INTO offboarded (name, at) VALUES (?, ?)'),
    clearOffboarded: db.prepare<[string]>('DELETE FROM offboarded WHERE name = ?'),
    isOffboarded: db.prepare<[string], { at: number }>('SELECT at FROM offboarded WHERE name = ?'),
  }
}
