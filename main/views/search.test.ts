import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calls } from '../../contract/bridge.ts'
import type { Doc, Room } from '../../contract/entities.ts'
import { fold } from '../../contract/fold.ts'
import { PersonId } from '../../contract/ids.ts'
import { cases, chance, someBytes } from '../../contract/testing/chance.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeSystem } from '../../contract/testing/system.ts'
import { incidentColumns, roomColumns } from '../cache/derive.ts'
import { openReadable, openWritable } from '../cache/open.ts'
import { CacheReader } from '../cache/reader.ts'
import { cacheMigrations } from '../cache/schema.ts'
import { tokensOf } from '../cache/tokens.ts'
import { Outbox } from '../outbox/outbox.ts'
import { OutboxStore } from '../outbox/store.ts'
import { openTestCache, type TestCache } from '../testing/cache.ts'
import { deviceRowOf, idOf, makeIncident, makeMe, makeRoom, rowOf } from '../testing/documents.ts'
import { tempFolder } from '../testing/fakes.ts'
import { incidentCounts, listIncidents } from './incidents.ts'
import { searchJump } from './jump.ts'
import { compareLines } from './line.ts'
import { Picture } from './picture.ts'
import { listRooms } from './rooms.ts'
import { hasWord, searchWords, tierIn } from './search.ts'
import { Shown } from './shown.ts'

let cache: TestCache
let folder: ReturnType<typeof tempFolder>
let outbox: Outbox
let shown: Shown
const clock = new FakeClock()
const picture = (): Picture => new Picture([shown])

beforeEach(() => {
  cache = openTestCache()
  folder = tempFolder()
  outbox = new Outbox(OutboxStore.open(join(folder.path, 'outbox.db'), someBytes(32), clock.now()).store, fakeSystem(clock))
})
afterEach(() => {
  shown.close()
  outbox.close()
  cache.remove()
  folder.remove()
})

const load = (rows: unknown[]): void => {
  cache.fill(rows, 'c1')
  shown = new Shown(cache.reader, outbox)
}
const loadRooms = (...named: string[]): void => load(named.map((name, n) => rowOf('room', makeRoom(n + 1, { name }))))
const jump = (text: string) => searchJump(picture(), text)
const names = (text: string) => jump(text).rooms.map(({ name }) => name)
const listed = (search: string) =>
  listRooms(picture(), calls['rooms.list'].input.parse({ filter: { search }, sort: 'name', descending: false, offset: 0, limit: 100 }))

describe('[CON-4] a search for rooms', () => {
  it('finds the one that was typed among 1,500 whose words begin alike', () => {
    load(
      Array.from({ length: 1_500 }, (_, n) =>
        rowOf(
          'room',
          makeRoom(n + 1, {
            name: n === 1_234 ? 'Montréal 4.12 Mont-Royal' : `Montréal ${4 + (n % 9)}.${n}`,
            place: { ...makeRoom(1).place, floor: '12', building: '4' },
          }),
        ),
      ),
    )
    expect(names('montreal 4.12')[0]).toBe('Montréal 4.12 Mont-Royal')
    expect(names('MONTRÉAL 4.12 royal')).toEqual(['Montréal 4.12 Mont-Royal'])
    expect(listed('montreal 4.12').rows[0]?.name).toBe('Montréal 4.12 Mont-Royal')
  })

  it('lists the name itself first, then names that begin so, names that have it, and the rest', () => {
    loadRooms('Lab 12', 'Old lab', 'Lab', 'Collab', 'Laboratory', 'Boardroom', 'Lab 2')
    expect(names('lab')).toEqual(['Lab', 'Lab 2', 'Lab 12', 'Laboratory', 'Old lab'])
    expect(listed('lab').rows.map(({ name }) => name)).toEqual(['Lab', 'Lab 2', 'Lab 12', 'Laboratory', 'Old lab'])
  })

  it('takes a number with its points as one word', () => {
    loadRooms('Room 4.12', 'Room 4.1', 'Room 14.1')
    expect(names('4.1')).toEqual(['Room 4.1', 'Room 4.12'])
    expect(names('Room 4.1')[0]).toBe('Room 4.1')
  })

  it.each([
    ['4.12', ['Room4.12', 'B-4-12', 'Salle 4.12 (est)'], ['Room 12.4', 'Room 4', 'Room 14.12', '4 Est 12']],
    ['会議室', ['第3会議室', '会議室', '大会議室 A'], ['会長室', '議会室', '室']],
    ['かいぎ', ['だいかいぎしつ'], ['がいぎ']],
    ['회의실', ['대회의실', '회의실 3'], ['회사']],
    ['ประชุม', ['ห้องประชุม 2'], ['ห้องอาหาร']],
    ['strasse', ['Straße 5', 'STRASSE', 'STRAẞE'], ['Strand']],
    ['straße', ['Straße 5', 'Strasse'], ['Strand']],
    ['istanbul', ['İstanbul', 'ISTANBUL', 'ıstanbul'], ['Astana']],
    ['ısı', ['Isı Odası'], ['Oda']],
    ['lodz', ['Łódź 1'], ['Lund']],
    ['kobenhavn', ['København'], ['Koln']],
    ['aeroskobing', ['Ærøskøbing'], ['Aarhus']],
    ['４.１２', ['Room 4.12'], ['Room 4.1']],
    ['οδοσ', ['Οδός 3', 'ΟΔΟΣ'], ['Οδη']],
    ['میروم', ['می\u200cروم'], ['می']],
    ['l’étoile', ["L'Étoile"], ['Étoile']],
    ['konferenzraum', ['Konferenz\u00adraum'], ['Konferenz']],
    ['🏔', ['🏔 Mont', '🏔️'], ['🏖 Plage']],
    ['कक्षा', ['बैठक कक्षा'], ['बैठक']],
  ])('finds %s where a reader would', (search, found, not) => {
    loadRooms(...found, ...not)
    expect(names(search).sort()).toEqual([...found].sort())
    expect(
      listed(search)
        .rows.map(({ name }) => name)
        .sort(),
    ).toEqual([...found].sort())
  })

  it('finds nothing for a text without a word, and all for none', () => {
    loadRooms('Lab', 'Boardroom')
    expect(listed('"*').total).toBe(0)
    expect(listed('  ').total).toBe(2)
    expect(names('(')).toEqual([])
  })

  it('takes no word over the end of a field, and no character for the one between fields', () => {
    load([rowOf('room', makeRoom(1, { name: 'Room 4', place: { ...makeRoom(1).place, building: '12 Main Street' } }))])
    expect(names('4.12')).toEqual([])
    expect(names('\ue000')).toEqual([])
    expect(names('room 12')).toEqual(['Room 4'])
  })

  it('says why a row is there where the row does not show it', () => {
    const lab = makeRoom(1, { name: 'Lab', device: { ...makeRoom(1).device, serial: 'ZX-4711' } })
    load([deviceRowOf(lab), rowOf('room', lab)])
    expect(listed('zx').rows[0]?.match).toEqual({ field: 'serial', text: 'ZX-4711' })
    expect(jump('lab zx-47').rooms[0]?.match).toEqual({ field: 'serial', text: 'ZX-4711' })
    expect(listed('lab').rows[0]?.match).toBeUndefined()
    expect(listed('lab confluence').rows[0]?.match).toBeUndefined()
    expect(listed('').rows[0]?.match).toBeUndefined()
  })

  it('has an index whose tokens are what a search asks for, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), (text) => {
        const name = text.toWellFormed()
        fc.pre(tokensOf(name) !== '')
        const folded = tokensOf(name)
        expect(tokensOf(folded)).toBe(folded)
        expect(fold(fold(name))).toBe(fold(name))
      }),
      { numRuns: cases(1_000) },
    )
    shown = new Shown(cache.reader, outbox)
  })
})

describe('[CON-4] the palette', () => {
  const camera = (n: number, room: number) => rowOf('incident', makeIncident(n, room))

  it('has the room that was named before incidents, and incidents first where no room is named', () => {
    load([
      rowOf('me', makeMe()),
      rowOf('room', makeRoom(1, { name: 'Lab 4.12' })),
      rowOf('room', makeRoom(2, { name: 'Hall' })),
      camera(7, 1),
      camera(8, 2),
    ])
    expect(jump('4.12')).toMatchObject({ first: 'rooms', rooms: [{ name: 'Lab 4.12' }], incidents: [{ number: 7 }] })
    expect(jump('camera hall')).toMatchObject({ first: 'incidents', rooms: [], incidents: [{ number: 8 }] })
    expect(jump('#8')).toMatchObject({ first: 'incidents', incidents: [{ number: 8 }] })
  })

  it('has the incidents of the room that was typed before those of others', () => {
    load([
      rowOf('me', makeMe()),
      ...[1, 2, 3].map((n) => rowOf('room', makeRoom(n, { name: ['Lab annexe', 'Lab', 'Old lab'][n - 1] ?? '' }))),
      camera(1, 1),
      camera(2, 2),
      camera(3, 3),
    ])
    expect(jump('lab').incidents.map(({ number }) => number)).toEqual([2, 1, 3])
  })

  it('says why an incident is there', () => {
    load([
      rowOf('me', makeMe()),
      rowOf('room', makeRoom(1, { name: 'Lab' })),
      rowOf('incident', makeIncident(1, 1, { detail: 'USB bus reset' })),
    ])
    const found = (search: string) =>
      listIncidents(
        picture(),
        calls['incidents.list'].input.parse({ filter: { chip: 'needAction', search }, group: 'none', offset: 0, limit: 10 }),
      ).rows[0]
    expect(found('usb')?.match).toEqual({ field: 'detail', text: 'USB bus reset' })
    expect(found('lyon')?.match).toEqual({ field: 'city', text: 'Lyon' })
    expect(found('lab camera')?.match).toBeUndefined()
    expect(jump('usb').incidents[0]?.match).toEqual({ field: 'detail', text: 'USB bus reset' })
  })
})

describe('[CON-4] a copy of the version before', () => {
  /** A copy as the second schema had it: documents, and lines whose words are written in an older way. */
  function makeOlder(path: string, key: Uint8Array): void {
    const older = openWritable({ path, key, migrations: cacheMigrations.slice(0, 2), synchronous: 'normal' })
    const document = older.prepare('insert into document (docid, kind, id, room, rev, seen, body) values (?, ?, ?, ?, 1, 1, ?)')
    const line = (
      table: string,
      docid: number,
      { acknowledged: _, taken: __, storm: ___, folded: ____, ...columns }: Record<string, string | number | null>,
    ): void => {
      const all = { docid, ...columns, words: 'other' }
      const names = Object.keys(all)
      older.prepare(`insert into ${table}_list (${names.join()}) values (${names.map((name) => `@${name}`).join()})`).run(all)
      older.prepare(`insert into ${table}_words (rowid, words) values (?, 'other')`).run(docid)
    }
    const room = makeRoom(1, { name: '第3会議室' })
    document.run(1, 'room', room.id, room.id, JSON.stringify(room))
    line('room', 1, { ...roomColumns(room) })
    const by = { id: PersonId.parse(idOf('person', 1)), name: 'Kim Abara' }
    for (const incident of [makeIncident(2, 1, { acknowledged: { by, at: 1 } }), makeIncident(3, 1)]) {
      document.run(incident.number, 'incident', incident.id, room.id, JSON.stringify(incident))
      line('incident', incident.number, { ...incidentColumns(incident) })
    }
    older.close()
  }

  it('is indexed again when it is opened, without the service, and knows what is taken', () => {
    const path = join(folder.path, 'older.db')
    const key = someBytes(32)
    makeOlder(path, key)
    openWritable({ path, key, migrations: cacheMigrations, synchronous: 'normal' }).close()
    const reader = new CacheReader(openReadable(path, key))
    shown = new Shown(reader, outbox)
    expect(names('会議')).toEqual(['第3会議室'])
    expect(names('other')).toEqual([])
    expect(jump('camera').incidents.map(({ id }) => id)).toEqual([idOf('incident', 3), idOf('incident', 2)])
    expect(incidentCounts(picture(), undefined)).toMatchObject({ needAction: 2, unclaimed: 1 })
    reader.close()
  })
})

describe('[CON-4] the palette in a large fleet', () => {
  const parts = ['Lab', 'Board', 'Boardroom', '4.1', '4.12', 'Lab 4', 'Ärger', '12']
  const typed = ['lab', 'la', 'b', 'board', '4', '4.1', 'lab 4', '4 lab', 'arg', 'sn1', 'camera', 'camera lab', 'usb board', 'confluence']

  /** What is there of all rooms and open incidents, without an index: the slow way. */
  function slowly(text: string, rooms: readonly Room[], incidents: readonly Doc<'incident'>[]): { rooms: string[]; incidents: string[] } {
    const words = searchWords(text)
    const of = new Map(rooms.map((room) => [room.id as string, roomColumns(room)]))
    const has = (all: string): boolean => words.every((word) => hasWord(all, word))
    const best = (some: { id: string; keys: (string | number)[] }[]): string[] =>
      some
        .sort(compareLines(false))
        .slice(0, 20)
        .map(({ id }) => id)
    return {
      rooms: best(
        [...of.values()].filter((room) => has(room.words)).map(({ id, name, words: all }) => ({ id, keys: [tierIn(all, words), name] })),
      ),
      incidents: best(
        incidents.flatMap((incident) => {
          const { id, severityOrder, at, words: own } = incidentColumns(incident)
          const room = of.get(incident.room)?.words ?? ''
          if (incident.status === 'resolved' || !words.every((word) => hasWord(own, word) || hasWord(room, word))) return []
          return [{ id, keys: [tierIn(room, words), severityOrder, -at] }]
        }),
      ),
    }
  }

  it('finds what a walk over everything would, in the same order, as long as no word is in very many of them', () => {
    const draw = chance('palette')
    const named = (): string => Array.from({ length: 1 + Math.floor(draw() * 2) }, () => parts[Math.floor(draw() * parts.length)]).join(' ')
    const rooms = Array.from({ length: 120 }, (_, n) => makeRoom(n + 1, { name: named() }))
    const incidents = rooms.flatMap((_, n) =>
      draw() < 0.5
        ? []
        : [
            makeIncident(1_000 + n, n + 1, {
              status: draw() < 0.2 ? 'resolved' : 'needAction',
              ...(draw() < 0.3 && { detail: 'USB bus' }),
            }),
          ],
    )
    load([
      rowOf('me', makeMe()),
      ...rooms.flatMap((room) => [rowOf('room', room), deviceRowOf(room)]),
      ...incidents.map((one) => rowOf('incident', one)),
    ])
    for (const text of typed) {
      const { rooms: found, incidents: open } = jump(text)
      expect({ rooms: found.map(({ id }) => id), incidents: open.map(({ id }) => id) }, text).toEqual(slowly(text, rooms, incidents))
    }
  })

  it('looks at a bounded part of what very many have, and has the name itself and the rare word all the same', () => {
    const rooms = Array.from({ length: 1_200 }, (_, n) => makeRoom(n + 1, { name: n === 1_100 ? 'Lab' : `Lab ${n}` }))
    const incidents = rooms.map((_, n) => makeIncident(5_000 + n, n + 1, n === 1_150 ? { detail: 'USB bus' } : {}))
    const both = rooms.flatMap((room) => [rowOf('room', room), deviceRowOf(room)])
    load([rowOf('me', makeMe()), ...both, ...incidents.map((one) => rowOf('incident', one))])
    const read: number[] = []
    const all = shown.reader.all.bind(shown.reader)
    shown.reader.all = <R>(sql: string, ...values: (string | number | null)[]): R[] => {
      const rows = all<R>(sql, ...values)
      read.push(rows.length)
      return rows
    }
    expect(jump('lab').rooms[0]?.name).toBe('Lab')
    expect(jump('lab').incidents[0]?.roomName).toBe('Lab')
    expect(jump('l').incidents.length).toBe(20)
    expect(jump('lab usb').incidents.map(({ number }) => number)).toEqual([6_150])
    expect(jump('camera 1150').incidents[0]?.number).toBe(6_150)
    expect(jump('acme').rooms.length).toBe(20)
    expect(Math.max(...read)).toBeLessThanOrEqual(301)
  })
})
