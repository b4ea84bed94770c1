import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { someBytes } from '../../contract/testing/chance.ts'
import { openTestCache } from '../testing/cache.ts'
import { tempFolder } from '../testing/fakes.ts'
import { type Migration, openReadable, openWritable, setAside, UnusableDatabase } from './open.ts'

const migrations: Migration[] = [(db) => db.exec('create table thing (name text)')]
let folder: ReturnType<typeof tempFolder>
let path: string
const key = someBytes(32)
const open = (more: Migration[] = [], withKey: Uint8Array = key) =>
  openWritable({ path, key: withKey, migrations: [...migrations, ...more], synchronous: 'normal' })

beforeEach(() => {
  folder = tempFolder()
  path = join(folder.path, 'x.db')
})
afterEach(() => folder.remove())

const whyNot = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof UnusableDatabase) return error.why
    throw error
  }
  return 'opened'
}

describe('an encrypted database', () => {
  it('has nothing to read in its files without the key', () => {
    const db = open()
    db.prepare('insert into thing values (?)').run('Boardroom of Contoso')
    for (const name of readdirSync(folder.path)) expect(readFileSync(join(folder.path, name)).includes('Contoso')).toBe(false)
    db.close()
    expect(readFileSync(path).includes('Contoso')).toBe(false)
    expect(readFileSync(path).includes('SQLite format')).toBe(false)
    expect(whyNot(() => open([], someBytes(32)))).toBe('unreadable')
  })

  it('cannot be written through a reading handle', () => {
    open().close()
    const db = openReadable(path, key)
    expect(() => db.exec(`insert into thing values ('x')`)).toThrow(/readonly/)
    db.close()
  })

  it('is refused when it is damaged, something else, or newer', () => {
    open([(db) => db.exec('create table later (x)')]).close()
    expect(whyNot(() => open())).toBe('newer')
    writeFileSync(path, 'This is a shopping list, not a database. '.repeat(1_000))
    expect(whyNot(() => open())).toBe('unreadable')
  })

  it('is migrated once, each step with its number, and a step that fails leaves the one before', () => {
    open().close()
    const fails: Migration = (db) => {
      db.exec('create table half (x)')
      throw new Error('no')
    }
    expect(() => open([fails])).toThrow('no')
    const db = open([(it) => it.exec('alter table thing add column size')])
    expect(db.pragma('user_version', { simple: true })).toBe(2)
    expect(db.prepare('select * from sqlite_schema where name = ?').get('half')).toBeUndefined()
    db.close()
  })
})

describe('what is set aside', () => {
  it('is renamed with the date, and only the newest are kept where that is asked', () => {
    for (const at of [1, 2, 2, 3]) {
      writeFileSync(path, String(at))
      writeFileSync(`${path}-wal`, 'w')
      setAside(path, at * 1_000, 2)
    }
    const left = readdirSync(folder.path)
      .filter((name) => name.endsWith('.aside'))
      .sort()
    expect(left).toEqual(
      ['x.db.1970-01-01T00-00-02-000Z.aside', 'x.db.1970-01-01T00-00-03-000Z.aside']
        .map((name, n) => (n === 0 ? 'x.db.1970-01-01T00-00-02-000Z.aside' : name))
        .sort(),
    )
    expect(left.length).toBe(2)
    for (const at of [4, 5, 6]) {
      writeFileSync(path, String(at))
      setAside(path, at * 1_000)
    }
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.aside')).length).toBe(5)
  })
})

describe('the cache schema', () => {
  it.each([
    ['select body from document where kind = ? and id = ?', /SEARCH document USING INDEX document_key/],
    ["select docid from document where kind = 'room' and id in (select value from json_each(?))", /COVERING INDEX document_key/],
    [
      'select body from entry_list join document using (docid) where incident = ? order by at desc',
      /USING (COVERING )?INDEX entry_list_incident/,
    ],
    [
      'select body from transition where room = ? order by at desc, number desc limit 9 offset 3',
      /SEARCH transition USING PRIMARY KEY(?!.*TEMP)/,
    ],
    [
      'select value from transition where room = ? and at < ? and signal = ? order by at desc, number desc limit 1',
      /SEARCH transition USING PRIMARY KEY(?!.*TEMP)/,
    ],
    ['select room from room_window order by usedAt desc limit -1 offset 9', /INDEX room_window_used(?!.*TEMP)/],
    ['select id from incident_list where status = ? and owner is null', /INDEX incident_list_status/],
    ['select status, count(*) from incident_list where room = ? group by status', /COVERING INDEX incident_list_room/],
    ['select id from incident_list where number = ?', /INDEX incident_list_number/],
  ])('answers %s by an index', (sql, plan) => {
    const { reader, remove } = openTestCache()
    const values = Array.from(sql.matchAll(/\?/g), () => '1')
    const steps = reader
      .all<{ detail: string }>(`explain query plan ${sql}`, ...values)
      .map(({ detail }) => detail)
      .join('; ')
    remove()
    expect(steps).toMatch(plan)
  })
})
