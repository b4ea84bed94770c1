import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { schema } from '../../schema.ts'
import { storeContract } from '../../testing/store/contract.ts'
import { Store } from './store.ts'

storeContract('the store on SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roomkeeper-store-'))
  const path = join(folder, 'service.db')
  return {
    open: (options) => Store.open({ schema, path, ...options }),
    run: (statement, ...values) => {
      const db = new Database(path)
      db.prepare(statement).run(...values)
      db.close()
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
})
