import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { consoleTables } from '../../contract/retention.ts'
import { outboxMigrations } from '../outbox/store.ts'
import { cacheMigrations } from './schema.ts'

/** Tables that such a database has, without those that a full-text index keeps for itself. */
function tablesOf(migrations: typeof cacheMigrations): unknown[] {
  const db = new Database(':memory:')
  for (const migration of migrations) migration(db)
  const shadows = `select t.name from pragma_table_list t where t.type = 'shadow'`
  const tables = db
    .prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name not in (${shadows})`)
    .pluck()
    .all()
  db.close()
  return tables
}

it('[rule 12] every table of a console says how long it is kept', () => {
  expect(Object.keys(consoleTables).sort()).toEqual([...tablesOf(cacheMigrations), ...tablesOf(outboxMigrations)].sort())
})
