import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { differenceOf } from '../../contract/difference.ts'
import { splitRoom } from '../../contract/roomDocuments.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { bytesOf, openTestCache, type TestCache } from '../testing/cache.ts'
import { deviceRowOf, idOf, makeRoom, removalOf, rowOf } from '../testing/documents.ts'
import { tempFolder } from '../testing/fakes.ts'
import { openReadable, openWritable } from './open.ts'
import { CacheReader } from './reader.ts'
import { cacheMigrations } from './schema.ts'
import { CacheWriter } from './writer.ts'

let cache: TestCache
beforeEach(() => {
  cache = openTestCache()
})
afterEach(() => cache.remove())

const batch = (from: string, to: string, rows: unknown[]) => bytesOf({ type: 'batch', scope: 1, from, to, rows, behind: 0 })
const found = (word: string, reader = cache.reader): string[] =>
  reader
    .all<{ id: string }>('select id from room_list where docid in (select rowid from room_words where room_words match ?)', word)
    .map(({ id }) => id)

const room = makeRoom(1, {
  signals: {
    'peripherals.camera': { value: 'healthy', since: 5, observedAt: 7, detail: 'Rally Bar' },
    'audio.speaker': { value: 'unhealthy', since: 6, observedAt: 7, detail: 'none' },
  },
})

describe('[CON-2] a room and its device', () => {
  it.each([
    ['the room', [rowOf('room', room), deviceRowOf(room)]],
    ['the device', [deviceRowOf(room), rowOf('room', room)]],
  ])('are one room, and found by the words of both, where %s comes first', (_, [first, second]) => {
    cache.fill([], 'c1')
    expect(cache.writer.feed(batch('c1', 'c2', [first]), 1).event).toMatchObject({ outcome: 'applied' })
    expect(cache.writer.feed(batch('c2', 'c3', [second]), 1).change).toMatchObject({ rooms: [room.id] })
    expect(cache.reader.room(room.id)).toEqual(room)
    expect([found('sn'), found('confluence'), found('bishopsgate')]).toEqual([[room.id], [], [room.id]])
  })

  it('are told of as a change of the room, and the words of a device go with it', () => {
    cache.fill([rowOf('room', room), deviceRowOf(room)], 'c1')
    const other = { ...room, device: { ...room.device, model: 'Studio' } }
    expect(cache.writer.feed(batch('c1', 'c2', [deviceRowOf(other, 2)]), 1).change?.kinds).toContain('room')
    expect(found('studio')).toEqual([room.id])
    cache.writer.feed(batch('c2', 'c3', [removalOf('device', room.id, room.id, 3)]), 1)
    expect([found('studio'), found('bishopsgate')]).toEqual([[], [room.id]])
    const { device: _, ...rest } = room
    expect(cache.reader.room(room.id)).toEqual({
      ...rest,
      signals: { ...rest.signals, 'peripherals.camera': { value: 'healthy', since: 5, observedAt: 7 } },
    })
  })

  it('[ACC-8] are both gone when the room is not seen any more', () => {
    cache.fill([rowOf('room', room), deviceRowOf(room), rowOf('room', makeRoom(2)), deviceRowOf(makeRoom(2))], 'c1')
    const rooms = { room: [idOf('room', 2)], device: [idOf('room', 2)] }
    cache.writer.feed(bytesOf({ type: 'scope', version: 2, rooms }), 1)
    expect(cache.reader.all('select distinct id from document')).toEqual([{ id: idOf('room', 2) }])
    expect(cache.reader.counts()).toEqual({ room: 1, device: 1 })
    cache.writer.feed(bytesOf({ type: 'scope', version: 3, rooms: { room: 'all' } }), 1)
    expect(cache.reader.counts()).toEqual({ room: 1 })
  })
})

describe('[CON-2] a difference', () => {
  const documents = splitRoom(room)
  const bad = splitRoom({
    ...room,
    health: 'unhealthy',
    signals: { ...room.signals, 'peripherals.camera': { value: 'unhealthy', since: 9, observedAt: 9, detail: 'gone' } },
  })
  const difference = { kind: 'room', id: room.id, room: room.id, rev: 4, difference: differenceOf(documents.room, bad.room) }

  it('makes the next revision of the one that is here, and is nothing to one that is as new', () => {
    cache.fill([rowOf('room', room, 3), deviceRowOf(room)], 'c1')
    expect(cache.writer.feed(batch('c1', 'c2', [difference]), 1).event).toMatchObject({ outcome: 'applied' })
    expect(cache.reader.get('room', room.id)).toEqual(bad.room)
    expect(cache.reader.revision('room', room.id)).toBe(4)
    cache.writer.feed(batch('c2', 'c3', [rowOf('room', makeRoom(1, { name: 'Newest' }), 6), difference]), 1)
    expect(cache.reader.get('room', room.id)?.name).toBe('Newest')
  })

  it.each([
    ['is not here', []],
    ['is older here', [rowOf('room', room, 2)]],
  ])('of a revision that %s takes nothing of its batch: the copy asks again from where it is', (_, rows) => {
    cache.fill(rows, 'c1')
    const { event, change } = cache.writer.feed(batch('c1', 'c2', [rowOf('room', makeRoom(2)), difference]), 1)
    expect([event, change]).toEqual([{ type: 'batch', outcome: 'lacks', behind: 0, rows: 2 }, undefined])
    expect(cache.writer.state.cursor).toBe('c1')
    expect(cache.reader.counts()).toEqual(rows.length === 0 ? {} : { room: 1 })
    // Its totals are what they were, too.
    expect(cache.writer.feed(batch('c1', 'c2', [rowOf('room', room, 4)]), 1).event).toMatchObject({ outcome: 'applied' })
    expect(cache.reader.all('select sum(n) as n from room_total')).toEqual([{ n: 1 }])
  })
})

it('[CON-2] a copy of the version before stays readable, and takes the difference of all at the next contact', () => {
  const folder = tempFolder()
  const open = { path: join(folder.path, 'cache.db'), key: someBytes(32), synchronous: 'normal' } as const
  const older = openWritable({ ...open, migrations: cacheMigrations.slice(0, 7) })
  const add = older.prepare(`insert into document (kind, id, room, rev, seen, body) values ('room', ?, ?, 5, 1, ?)`)
  for (let n = 1; n <= 1_001; n++)
    add.run(idOf('room', n), idOf('room', n), JSON.stringify({ ...room, ...makeRoom(n), signals: room.signals }))
  add.run(idOf('room', 2_000), idOf('room', 2_000), null)
  older.exec(`insert into meta (key, value) values ('cursor', '"c9"'), ('scope', '3'), ('syncedAt', '8'), ('generation', '1')`)
  older.close()
  const writer = new CacheWriter(openWritable({ ...open, migrations: cacheMigrations }))
  expect(writer.state).toEqual({ cursor: null, scope: 3, snapshot: null, syncedAt: 8 })
  const reader = new CacheReader(openReadable(open.path, open.key))
  expect(reader.room(idOf('room', 1_001))).toEqual({ ...makeRoom(1_001), signals: room.signals })
  expect(reader.counts()).toEqual({ room: 1_002, device: 1_001 })
  // Whatever revisions are here: what the service has overwrites them, and what it has not goes.
  const { generation } = writer.beginSnapshot(true, 1)
  const rows = [deviceRowOf(room), rowOf('room', room, 2)]
  writer.page(bytesOf({ cursor: 'c1', scope: 4, rows, total: 2 }), generation, null, 1)
  expect(reader.room(room.id)).toEqual(room)
  expect(reader.counts()).toEqual({ room: 1, device: 1 })
  reader.close()
  writer.close()
  folder.remove()
})
