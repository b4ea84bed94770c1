import Database from 'better-sqlite3'
import { type Dialect, SqliteDialect, type SqliteStatement } from 'kysely'
import type { Clock } from '../../../contract/system.ts'
import { pause } from '../../../contract/timing.ts'
import { ForeignLock, patiently } from './patience.ts'

/** All that is SQLite's own: opening, pragmas, backup. Nothing outside this file knows which database it is. */

/** Statements kept compiled per connection; the oldest goes when there are more. */
const statementsKept = 300

export interface OpenedDatabase {
  readonly dialect: Dialect
  /**
   * Writes what the log of changes holds into the file and empties it, so that what was deleted is not on the disk any more. Where somebody
   * reads, the log is emptied at a later call.
   */
  emptyLog(): void
  close(): void
}

/** Is told when another program's lock begins to be in the way of a connection, and when it is gone. */
export type OnLocked = (locked: boolean) => void

/** SQLITE_LOCKED would be a conflict within the connection itself, which no wait ends. */
export const isBusy = (error: unknown): boolean => error instanceof Database.SqliteError && /^SQLITE_BUSY(?:_|$)/u.test(error.code)

/**
 * The write connection: WAL, and every commit is on the disk before it counts (synchronous FULL). Once it is open, it waits for nobody in
 * the thread (`patience.ts`).
 * @throws where the file cannot be opened or is not a database.
 */
export function openWriter(path: string, clock: Clock, onLocked: OnLocked = () => undefined): OpenedDatabase {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('busy_timeout = 5000')
  db.pragma('foreign_keys = ON')
  // What is deleted is overwritten: a room's history, a comment, a recording.
  db.pragma('secure_delete = ON')
  db.pragma('wal_autocheckpoint = 4000')
  return opened(db, 'begin immediate', clock, onLocked)
}

/** A connection that the database itself refuses to write through. */
export function openReader(path: string, clock: Clock, onLocked: OnLocked = () => undefined): OpenedDatabase {
  const db = new Database(path, { readonly: true })
  db.pragma('query_only = ON')
  return opened(db, 'begin', clock, onLocked)
}

/**
 * Copies a database into one file while others use it, and checks the copy.
 * @throws where the target exists, or the copy is damaged.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true })
  try {
    // One state of it from beginning to end: without, each write of others would begin the copy anew.
    source.exec('begin')
    source.prepare('select count(*) from sqlite_schema').get()
    await source.backup(to)
  } finally {
    source.close()
  }
  const copy = new Database(to)
  try {
    // The copy takes over WAL mode; a backup is one file.
    copy.pragma('journal_mode = DELETE')
    checkIntegrity(copy, to)
  } finally {
    copy.close()
  }
}

/**
 * Takes a folder for this process alone: a lock that the system gives back however the process ends.
 * @returns its undo, or undefined where another process has it.
 */
export function lockFolder(path: string): (() => void) | undefined {
  const db = new Database(path, { timeout: 0 })
  try {
    db.pragma('journal_mode = MEMORY')
    db.exec('begin exclusive')
    return () => db.close()
  } catch (error) {
    db.close()
    if (isBusy(error)) return undefined
    throw error
  }
}

/** @throws where the file is not a whole SQLite database. */
export function checkDatabase(path: string): void {
  const db = new Database(path, { readonly: true, fileMustExist: true })
  try {
    checkIntegrity(db, path)
  } finally {
    db.close()
  }
}

function checkIntegrity(db: Database.Database, path: string): void {
  const result = db.pragma('integrity_check', { simple: true })
  if (result !== 'ok') throw new Error(`${path} is damaged: ${String(result)}`)
}

function opened(db: Database.Database, begin: string, clock: Clock, onLocked: OnLocked): OpenedDatabase {
  db.pragma('busy_timeout = 0')
  const statements = new Map<string, SqliteStatement>()
  const prepare = (text: string): SqliteStatement => {
    const kept = statements.get(text)
    if (kept) return kept
    const made = db.prepare<unknown[]>(text)
    const statement: SqliteStatement = {
      reader: made.reader,
      all: (parameters) => made.all(parameters),
      run: (parameters) => made.run(parameters),
      iterate: (parameters) => made.iterate(parameters),
    }
    // Statements that change the schema or the transaction are cheap; keeping them buys nothing.
    if (/^(select|insert|update|delete|with)\b/i.test(text)) {
      if (statements.size >= statementsKept) statements.delete(statements.keys().next().value ?? '')
      statements.set(text, statement)
    }
    return statement
  }
  const dialect = new SqliteDialect({ database: { prepare, close: () => db.close() } })
  const lock = new ForeignLock(() => clock.steady(), onLocked)
  return {
    dialect: patiently(dialect, { lock, isLocked: isBusy, begin, pause: (ms) => pause(clock, ms) }),
    emptyLog: () => void db.pragma('wal_checkpoint(TRUNCATE)'),
    close: () => db.close(),
  }
}
