import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import Database from 'better-sqlite3'

/** Opening the console's encrypted databases, and what happens to one that cannot be opened. Runs in both threads. */

export type Db = Database.Database

/**
 * AEGIS-256 for pages of 16 KiB: authenticated, and as fast as no encryption at all where the processor has AES
 * (docs/decisions/console-cipher.md).
 */
const pageBytes = 16_384

/** Pages kept decrypted by the writer: what a batch touches should not be read again for the next. */
const pageCacheKiB = 32 * 1_024

function unlock(db: Db, key: Uint8Array): void {
  db.pragma("cipher = 'aegis'")
  db.pragma(`key = 'raw:${Buffer.from(key).toString('hex')}'`)
}

/** A migration takes the schema from one version to the next; its number is its place in the list, from 1. */
export type Migration = (db: Db) => void

/** Why a database was not taken as it is. */
export type Unusable = 'unreadable' | 'newer'

export class UnusableDatabase extends Error {
  readonly why: Unusable
  constructor(why: Unusable, cause?: unknown) {
    super(`the database is ${why}`, { cause })
    this.why = why
  }
}

/** Whether an error says that the file itself is damaged or not ours, rather than the disk full or the file busy. */
export function saysDamaged(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB|FORMAT)/.test(error.code)
}

/**
 * Whether an error says that another program holds a lock on the file. SQLITE_LOCKED would be a conflict within the connection itself,
 * which no wait ends.
 */
export function saysLocked(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_BUSY(?:_|$)/u.test(error.code)
}

/** How long a write waits for another program's lock where its thread has nothing else to do, in ms. */
const writeWaitMs = 5_000

export interface WritableOptions {
  path: string
  key: Uint8Array
  migrations: readonly Migration[]
  /** `full`: a commit is on the disk when it returns. `normal`: the newest commits may go with the power, never the file. */
  synchronous: 'full' | 'normal'
  /** How long a write waits in its thread for another program's lock, in ms. */
  waitMs?: number
}

/**
 * Opens a database for writing, made or migrated where needed. Throws `UnusableDatabase` where the file cannot be read
 * with this key, is damaged, or was written by a newer version; any other error (disk full, no rights) as it is.
 */
export function openWritable(options: WritableOptions): Db {
  const db = new Database(options.path, { timeout: options.waitMs ?? writeWaitMs })
  try {
    unlock(db, options.key)
    db.pragma(`page_size = ${pageBytes}`)
    const version = Number(db.pragma('user_version', { simple: true }))
    if (version > options.migrations.length) throw new UnusableDatabase('newer')
    db.pragma('journal_mode = wal')
    db.pragma(`synchronous = ${options.synchronous}`)
    db.pragma('temp_store = memory')
    db.pragma('secure_delete = fast')
    db.pragma(`cache_size = -${pageCacheKiB}`)
    migrate(db, options.migrations, version)
    return db
  } catch (error) {
    db.close()
    if (saysDamaged(error)) throw new UnusableDatabase('unreadable', error)
    throw error
  }
}

/** Each migration in a transaction of its own with the new version, so that a kill in the middle leaves a whole one. */
function migrate(db: Db, migrations: readonly Migration[], from: number): void {
  for (const [index, migration] of migrations.entries()) {
    if (index < from) continue
    db.transaction(() => {
      migration(db)
      db.pragma(`user_version = ${index + 1}`)
    })()
  }
}

/** How long a read waits for another program's lock, in ms: it does so in the thread that answers everything. */
const readWaitMs = 100

/** Opens for reading only. SQLite itself refuses a write to the file through this handle. */
export function openReadable(path: string, key: Uint8Array): Db {
  const db = new Database(path, { readonly: true, timeout: readWaitMs })
  try {
    unlock(db, key)
    db.pragma('temp_store = memory')
    db.prepare('select count(*) from sqlite_schema').get()
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Caches that could not be used are kept for a look at them; what they held comes again from the service. */
export const cachesKeptAside = 2

const parts = ['', '-wal', '-shm']

/** Removes a database with its side files. */
export function removeDatabase(path: string): void {
  for (const part of parts) rmSync(path + part, { force: true })
}

/**
 * Renames a database that cannot be used, with its side files and the date, and returns its new path. With `keep`, all
 * but that many of the newest set aside before are removed; without it none ever is.
 */
export function setAside(path: string, now: number, keep?: number): string {
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-')
  let aside = `${path}.${stamp}.aside`
  for (let n = 2; existsSync(aside); n++) aside = `${path}.${stamp}-${n}.aside`
  for (const part of parts) if (existsSync(path + part)) renameSync(path + part, aside + part)
  if (keep !== undefined) {
    const older = readdirSync(dirname(path))
      .filter((name) => name.startsWith(`${basename(path)}.`) && name.endsWith('.aside'))
      .sort()
    for (const name of older.slice(0, Math.max(0, older.length - keep))) removeDatabase(join(dirname(path), name))
  }
  return aside
}
