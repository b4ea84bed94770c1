import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { copyDatabase, isBusy } from './sqlite.ts'

it('[rule 9] a lock of another program is SQLITE_BUSY, and no conflict of the connection with itself', () => {
  const is = ['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED', 'SQLITE_LOCKED_SHAREDCACHE', 'SQLITE_IOERR']
  expect(is.filter((code) => isBusy(new Database.SqliteError('why', code)))).toEqual(['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT'])
})

it('a copy ends while others keep writing, and is of the moment it began', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roomkeeper-sqlite-'))
  const [path, to] = [join(folder, 'a.db'), join(folder, 'b.db')]
  const writer = new Database(path)
  writer.pragma('journal_mode = WAL')
  writer.pragma('synchronous = OFF')
  writer.exec('create table chunk (n integer, body blob)')
  const add = writer.prepare('insert into chunk values (?, ?)')
  // Many more pages than one step of a copy takes.
  for (let n = 0; n < 20; n += 1) add.run(n, Buffer.alloc(1024 * 1024, n))
  let writing = true
  let written = 20
  const write = (): void => {
    if (!writing) return
    add.run((written += 1), null)
    setImmediate(write)
  }
  const copied = copyDatabase(path, to)
  setImmediate(write)
  await copied
  writing = false
  const copy = new Database(to, { readonly: true })
  expect(written).toBeGreaterThan(21)
  expect(copy.prepare('select count(*) as rows, max(n) as last from chunk').get()).toEqual({ rows: 20, last: 19 })
  copy.close()
  writer.close()
  rmSync(folder, { recursive: true })
}, 60_000)
