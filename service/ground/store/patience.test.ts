import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { CompiledQuery, Kysely, SqliteDialect } from 'kysely'
import { v7 } from 'uuid'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TenantId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { until } from '../../../contract/testing/wait.ts'
import { schema } from '../../schema.ts'
import { inProcessBus } from '../bus.ts'
import { ForeignLock, patiently } from './patience.ts'
import { Store } from './store.ts'
import { system } from './transaction.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-patience-'))
  path = join(folder, 'service.db')
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

it('[rule 9] a lock of another program keeps nobody from reading, and what is written waits beside everything else', async () => {
  const bus = inProcessBus((error) => {
    throw error
  })
  const store = await Store.open({ schema, path, bus, ...systemAt(() => 1_000) })
  const make = (name: string) => {
    const id = TenantId.parse(v7())
    return store.createTenant({ id, name, issuer: 'i', directory: id }, system, async () => undefined)
  }
  await make('before')
  const other = new Database(path)
  other.exec('begin exclusive')
  let written = false
  const writing = make('meanwhile').then(() => (written = true))
  let turns = 0
  await until('others go on', () => (turns += 1) > 3)
  expect((await store.tenants()).map(({ name }) => name)).toEqual(['before'])
  expect(written).toBe(false)
  other.exec('rollback')
  await writing
  await store.probe()
  expect(await store.tenants()).toHaveLength(2)
  other.close()
  await store.close()
})

it('[rule 9] a lock that stays is said once, refused with when to come again, and said to be gone', async () => {
  const db = new Database(path, { timeout: 0 })
  db.exec('create table t (n integer)')
  const other = new Database(path)
  let at = 0
  const said: boolean[] = []
  const pauses: number[] = []
  const kysely = new Kysely<{ t: { n: number } }>({
    dialect: patiently(new SqliteDialect({ database: db }), {
      lock: new ForeignLock(
        () => at,
        (locked) => said.push(locked),
      ),
      isLocked: (error) => error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY',
      begin: 'begin immediate',
      pause: async (ms) => {
        pauses.push(ms)
        at += ms
      },
    }),
  })
  const add = () => kysely.transaction().execute((tx) => tx.insertInto('t').values({ n: 1 }).execute())
  other.exec('begin immediate')
  const refusal = { code: 'store.locked', status: 503, details: { params: { retryAfter: limits.storeLockedAgainS } } }
  await expect(add()).rejects.toMatchObject(refusal)
  expect(pauses.reduce((sum, ms) => sum + ms)).toBeGreaterThanOrEqual(limits.storeLockedMs)
  expect(Math.max(...pauses)).toBe(100)
  expect(said).toEqual([true])
  // It is known to be there: the next one is not kept waiting.
  const before = at
  await expect(add()).rejects.toMatchObject(refusal)
  expect(at).toBe(before)
  other.exec('rollback')
  await add()
  expect(said).toEqual([true, false])
  expect(await kysely.selectFrom('t').selectAll().execute()).toHaveLength(1)

  // One that lasts as long as a copy of a page is nobody's business.
  other.exec('begin immediate')
  const adding = kysely.executeQuery(CompiledQuery.raw('insert into t values (2)'))
  other.exec('rollback')
  await adding
  expect(said).toHaveLength(2)
  other.close()
  await kysely.destroy()
})
