import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IncidentId, PersonId, StormId } from '../../contract/ids.ts'
import { hourMs } from '../../contract/pictures.ts'
import { cases, someBytes } from '../../contract/testing/chance.ts'
import { bytesOf, openTestCache, type TestCache } from '../testing/cache.ts'
import { idOf, makeEntry, makeIncident, makeRoom, removalOf, rowOf } from '../testing/documents.ts'
import { tempFolder } from '../testing/fakes.ts'
import { incidentColumns, roomColumns } from './derive.ts'
import { flowOf } from './flow.ts'
import { migration12 } from './migration12.ts'
import { openWritable } from './open.ts'
import { cacheMigrations } from './schema.ts'

interface Total {
  n: number
}
const keptRooms = 'select building, city, stateOrder, n from room_total where n != 0 order by 1, 2, 3'
const countedRooms = 'select building, city, stateOrder, count(*) as n from room_list group by 1, 2, 3 order by 1, 2, 3'
const by = `status, signalOrder, severityOrder, ifnull(owner, '') as owner, acknowledged, folded`
const keptIncidents = `select ${by}, n from incident_total where n != 0 order by 1, 2, 3, 4, 5, 6`
const countedIncidents = `select ${by}, count(*) as n from incident_list group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6`

/** In the test, as JavaScript has it: how long something took has its step in no SQL. */
function countedFlow(lines: readonly { kind: string; at: number; tookMs: number | null }[]): unknown[] {
  const counts = new Map<string, number>()
  for (const line of lines) {
    const flow = flowOf(line)
    const key = flow === undefined ? undefined : JSON.stringify([flow.kind, flow.hour, flow.took])
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([key, n]) => [...(JSON.parse(key) as unknown[]), n])
}

function expectKept({ reader }: Pick<TestCache, 'reader'>): void {
  expect(reader.all<Total>(keptRooms)).toEqual(reader.all<Total>(countedRooms))
  expect(reader.all<Total>(keptIncidents)).toEqual(reader.all<Total>(countedIncidents))
  const kept = reader.all<{ kind: string; hour: number; took: number; n: number }>('select kind, hour, took, n from flow_total')
  const counted = countedFlow(reader.all('select kind, at, tookMs from entry_list'))
  expect(kept.map(({ kind, hour, took, n }) => JSON.stringify([kind, hour, took, n])).sort()).toEqual(
    counted.map((one) => JSON.stringify(one)).sort(),
  )
  // Of each storm one stands for the others, in each of their states.
  const folds = reader.all<{ folded: number; wanted: number }>(`select folded, storm <> '' and docid <>
    (select min(docid) from incident_list o where o.storm = i.storm and o.status = i.status) as wanted from incident_list i`)
  expect(folds.filter(({ folded, wanted }) => folded !== wanted)).toEqual([])
}

describe('totals', () => {
  const thing = fc.record({
    n: fc.nat(5),
    gone: fc.boolean(),
    health: fc.constantFrom('healthy', 'unhealthy', 'disconnected'),
    building: fc.constantFrom('A', 'B'),
    city: fc.constantFrom('Lyon', 'Oslo'),
    status: fc.constantFrom('needAction', 'investigating', 'resolved'),
    owned: fc.boolean(),
    storm: fc.constantFrom(0, 1, 2),
    tells: fc.constantFrom('opened', 'acknowledged', 'resolved', 'comment'),
    hour: fc.nat(2),
  })
  type Thing = typeof thing extends fc.Arbitrary<infer T> ? T : never
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('batch' as const), things: fc.array(thing, { maxLength: 6 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('snapshot' as const), things: fc.array(thing, { maxLength: 6 }), anew: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('scope' as const), rooms: fc.subarray([0, 1, 2, 3, 4, 5]) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fails' as const), things: fc.array(thing, { minLength: 1, maxLength: 6 }) }) },
  )

  it('that are kept equal those that are counted, after batches, purges of scope, snapshots and writes that failed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const made = openTestCache()
        try {
          const { writer } = made
          made.fill([], 'c0')
          let rev = 1
          let cursor = 0
          let scope = 1
          const rowsOf = (things: readonly Thing[], removals: boolean): unknown[] =>
            things.flatMap(({ n, gone, health, building, city, status, owned, storm: which, tells, hour }) => {
              const [room, incident] = [idOf('room', n), idOf('incident', n + 1)]
              rev++
              const told = idOf('entry', n)
              if (gone && removals)
                return [removalOf('room', room, room, rev), removalOf('incident', incident, room, rev), removalOf('entry', told, room, rev)]
              const place = { ...makeRoom(n).place, building, city }
              const owner = { id: PersonId.parse(idOf('person', 1)), name: 'Kim' }
              const first = IncidentId.parse(idOf('incident', 1))
              const storm = { id: StormId.parse(idOf('storm', which)), number: 9, cause: 'building' as const, value: 'A', at: 1, first }
              return [
                rowOf('room', makeRoom(n, { health, place }), rev),
                rowOf('incident', makeIncident(n + 1, n, { status, ...(owned && { owner }), ...(which > 0 && { storm }) }), rev),
                rowOf('entry', Object.assign(makeEntry(n, makeIncident((n % 3) + 1, n)), { kind: tells, at: hour * hourMs }), rev),
              ]
            })
          const batch = (rows: unknown[]) => bytesOf({ type: 'batch', scope, from: `c${cursor}`, to: `c${cursor + 1}`, rows, behind: 0 })
          for (const it of steps) {
            if (it.do === 'batch') {
              writer.feed(batch(rowsOf(it.things, true)), 1)
              cursor++
            } else if (it.do === 'snapshot') {
              if (it.anew) writer.feed(bytesOf({ type: 'snapshot' }), 1)
              const { generation } = writer.beginSnapshot(writer.state.cursor === null, 1)
              const rows = rowsOf(it.things, false)
              writer.page(bytesOf({ cursor: `c${cursor}`, scope, rows, total: rows.length }), generation, null, 1)
            } else if (it.do === 'scope') {
              const rooms = it.rooms.map((n) => idOf('room', n))
              writer.feed(bytesOf({ type: 'scope', version: ++scope, rooms: { room: rooms, incident: rooms, entry: rooms } }), 1)
            } else {
              // The last of them cannot be stored, and the whole batch is rolled back.
              const rows = [...rowsOf(it.things, true), rowOf('room', makeRoom(9), ++rev)]
              made.refusing(idOf('room', 9), () => expect(() => writer.feed(batch(rows), 1)).toThrow('refused'))
            }
            expectKept(made)
          }
        } finally {
          made.remove()
        }
      }),
      { numRuns: cases(100) },
    )
  })

  it('of what happened are counted once from the entries of a copy of a version before', () => {
    const folder = tempFolder()
    const open = { path: join(folder.path, 'older.db'), key: someBytes(32), synchronous: 'normal' } as const
    const older = openWritable({ ...open, migrations: cacheMigrations.slice(0, cacheMigrations.indexOf(migration12)) })
    const incident = makeIncident(1, 1)
    for (const [n, kind, at] of [
      [1, 'opened', hourMs],
      [2, 'acknowledged', 2 * hourMs],
      [3, 'resolved', 3 * hourMs],
      [4, 'comment', 3 * hourMs],
    ] as const) {
      const entry = Object.assign(makeEntry(n, incident), { kind, at })
      older
        .prepare(`insert into document (docid, kind, id, room, rev, seen, body) values (?, 'entry', ?, ?, 1, 1, ?)`)
        .run(n, entry.id, incident.room, JSON.stringify(entry))
      older.prepare('insert into entry_list (docid, incident, at) values (?, ?, ?)').run(n, incident.id, at)
    }
    older.close()
    const db = openWritable({ ...open, migrations: cacheMigrations })
    expect(db.prepare('select kind, tookMs from entry_list order by docid').raw().all()).toEqual([
      ['opened', null],
      ['acknowledged', hourMs],
      ['resolved', 2 * hourMs],
      ['comment', null],
    ])
    expect(db.prepare('select kind, hour, n from flow_total order by hour').raw().all()).toEqual([
      ['opened', 1, 1],
      ['acknowledged', 2, 1],
      ['resolved', 3, 1],
    ])
    db.close()
    folder.remove()
  })

  it('of a copy of the version before are counted once, when it is opened', () => {
    const folder = tempFolder()
    const key = someBytes(32)
    const open = { path: join(folder.path, 'older.db'), key, synchronous: 'normal' } as const
    const older = openWritable({ ...open, migrations: cacheMigrations.slice(0, 4) })
    const line = (
      table: string,
      docid: number,
      { taken: _, storm: __, folded: ___, ...columns }: Record<string, string | number | null>,
    ): void => {
      const all = { docid, ...columns }
      const names = Object.keys(all)
      older.prepare(`insert into ${table}_list (${names.join()}) values (${names.map((name) => `@${name}`).join()})`).run(all)
    }
    for (const n of [1, 2, 3]) line('room', n, { ...roomColumns(makeRoom(n)) })
    const owner = { id: PersonId.parse(idOf('person', 1)), name: 'Kim' }
    for (const n of [4, 5]) line('incident', n, { ...incidentColumns(makeIncident(n, 1, n === 4 ? { owner } : {})) })
    older.close()
    const db = openWritable({ ...open, migrations: cacheMigrations })
    expect(db.prepare(keptRooms).all()).toEqual(db.prepare(countedRooms).all())
    expect(db.prepare(keptIncidents).all()).toEqual(db.prepare(countedIncidents).all())
    expect(db.prepare('select taken from incident_list order by docid').pluck().all()).toEqual([1, 0])
    db.close()
    folder.remove()
  })
})
