import { join } from 'node:path'
import { someBytes } from '../../contract/testing/chance.ts'
import { openReadable, openWritable } from '../cache/open.ts'
import { CacheReader } from '../cache/reader.ts'
import { cacheMigrations } from '../cache/schema.ts'
import { CacheWriter } from '../cache/writer.ts'
import { tempFolder } from './fakes.ts'

/** A cache in one thread, for tests that write and read by turns. */
export interface TestCache {
  writer: CacheWriter
  reader: CacheReader
  path: string
  key: Uint8Array
  /** Puts these rows in as a whole snapshot. */
  fill(rows: readonly unknown[], cursor?: string): void
  /** From now on there is hardly any room for more. */
  fillDisk(): void
  /** Meanwhile no document of this id can be stored. */
  refusing(id: string, run: () => void): void
  remove(): void
}

export const bytesOf = (message: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(message))

export function openTestCache(): TestCache {
  const folder = tempFolder()
  const path = join(folder.path, 'cache.db')
  const key = someBytes(32)
  const db = openWritable({ path, key, migrations: cacheMigrations, synchronous: 'normal' })
  const writer = new CacheWriter(db)
  const reader = new CacheReader(openReadable(path, key))
  return {
    fillDisk: () => db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true })) + 1}`),
    writer,
    reader,
    path,
    key,
    fill(rows, cursor = 'c0') {
      const { generation } = writer.beginSnapshot(writer.state.cursor === null, 1)
      const page = { cursor, scope: writer.state.scope ?? 1, rows, total: rows.length }
      const { event } = writer.page(bytesOf(page), generation, null, 1)
      if (event.type !== 'finished') throw new Error(`the snapshot ended as ${JSON.stringify(event)}`)
    },
    refusing(id, run) {
      db.exec(`create temp trigger refusing before insert on main.document when new.id = '${id}' begin select raise(abort, 'refused'); end`)
      try {
        run()
      } finally {
        db.exec('drop trigger refusing')
      }
    },
    remove() {
      reader.close()
      writer.close()
      folder.remove()
    },
  }
}
