import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Kind } from '../contract/entities.ts'
import { limits } from '../contract/limits.ts'
import { dayMs, documents, kept, serviceTables } from '../contract/retention.ts'
import { systemAt, realSystem } from '../contract/testing/system.ts'
import { migrate } from './ground/store/migrations/index.ts'
import { openWriter } from './ground/store/sqlite.ts'
import { schema } from './schema.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-retention-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('[rule 12] every table of the service says how long it is kept', async () => {
  const path = join(folder, 'service.db')
  const writer = openWriter(path, realSystem.clock)
  await migrate(
    new Kysely<unknown>({ dialect: writer.dialect }),
    systemAt(() => 1),
    schema,
  )
  writer.close()
  const db = new Database(path, { readonly: true })
  const tables = db.prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`).pluck().all()
  db.close()
  expect(Object.keys(serviceTables).sort()).toEqual(tables.sort())
})

it('[rule 12] every synced kind says how long it is kept', () => {
  expect(Object.keys(documents).sort()).toEqual([...Kind.options].sort())
})

it('[CON-3] the outcome of a command is known for longer than the command may come', () => {
  expect(kept.outcomeDays * dayMs).toBeGreaterThan(limits.commandMaxAgeMs)
})
