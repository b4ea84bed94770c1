import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PersonId } from '../../contract/ids.ts'
import { cases } from '../../contract/testing/chance.ts'
import { RoomSort, RoomState } from '../../contract/views.ts'
import { incidentColumns, roomColumns } from '../cache/derive.ts'
import type { CacheReader } from '../cache/reader.ts'
import { TestCopy } from '../testing/copy.ts'
import { idOf, makeIncident, makeMe, makeRoom, rowOf, tenantId } from '../testing/documents.ts'
import { incidentPages } from './incidentPages.ts'
import { incidentCounts, listIncidents, pickIncidents } from './incidents.ts'
import { type KeyedSource, Marks } from './keyed.ts'
import { roomPages } from './roomPages.ts'
import { listRooms, pickRooms, roomTotals } from './rooms.ts'

let copy: TestCopy
beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

const names = ['Lab', 'Lab', 'Board', 'Ärger', 'Room 2', 'Room 12']
const healths = ['healthy', 'unhealthy', 'disconnected', 'unknown'] as const
const lifecycles = ['enrolled', 'enrolled', 'onboarding', 'unenrolled'] as const
const statuses = ['needAction', 'investigating', 'resolved'] as const
const signals = ['peripherals.camera', 'audio.speaker', 'versioning.os'] as const
const owners = [1, 2].map((n) => ({ id: PersonId.parse(idOf('person', n)), name: `Person ${n}` }))

/** How a room or an incident is, in small numbers, so that many are alike. */
const look = fc.record({ n: fc.nat(11), a: fc.nat(5), b: fc.nat(3), c: fc.nat(2), taken: fc.boolean() })
type Look = { n: number; a: number; b: number; c: number; taken: boolean }

const room = ({ n, a, b, c }: Look) =>
  makeRoom(n, {
    name: names[a] ?? '',
    health: healths[b] ?? 'healthy',
    lifecycle: lifecycles[c + (b % 2)] ?? 'enrolled',
    healthSince: 1_000 + c,
    lastContactAt: 2_000 + b,
  })
const incident = ({ n, a, b, c, taken }: Look) => {
  const owner = owners[b]
  return makeIncident(
    n + 1,
    n,
    {
      status: statuses[c] ?? 'resolved',
      severity: a % 2 === 0 ? 'important' : 'warning',
      openedAt: 1_000 + b,
      ...(c === 2 && { resolvedAt: 3_000 + a }),
      ...(owner && { owner }),
      ...(taken && { acknowledged: { by: { id: PersonId.parse(idOf('person', 1)), name: 'Kim' }, at: 5 } }),
    },
    signals[a % 3],
  )
}

describe('a list that is read by key', () => {
  it('has on every page what the whole list has there, whatever order, filter, unsent change and place it is read from', () => {
    copy.load([rowOf('me', makeMe()), rowOf('tenant', { id: tenantId, name: 'Contoso' } as never)])
    let cursor = 1
    let rev = 1
    const rounds = fc.array(fc.array(look, { maxLength: 12 }), { minLength: 1, maxLength: 4 })
    const reads = fc.array(fc.record({ offset: fc.nat(13), limit: fc.integer({ min: 1, max: 5 }) }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(
        rounds,
        reads,
        fc.constantFrom(...RoomSort.options),
        fc.boolean(),
        fc.subarray(RoomState.options),
        fc.subarray(['Confluence', 'Bishopsgate']),
        fc.array(look, { maxLength: 2 }),
        (changes, pages, sort, descending, states, buildings, unsent) => {
          for (const some of changes) {
            copy.change(
              `c${cursor}`,
              `c${++cursor}`,
              some.flatMap((one) => [rowOf('room', room(one), ++rev), rowOf('incident', incident(one), rev)]),
            )
            copy.shown.lists.touch()
            const { reader } = copy.shown
            for (const { n } of unsent) {
              const [known, open] = [reader.get('room', idOf('room', n)), reader.get('incident', idOf('incident', n + 1))]
              if (known) reader.overlayRoom(known.id, roomColumns({ ...known, name: 'Lab', lifecycle: 'onboarding' }))
              if (open) reader.overlayIncident(open.id, incidentColumns({ ...open, status: 'investigating' }))
            }
            const filter = { states, buildings }
            const picture = copy.picture()
            const whole = pickRooms(picture, { filter, sort, descending, part: { what: 'all' } })
            const ids = whole.rows.map(({ id }) => id)
            for (const { offset, limit } of pages) {
              const { total, rows } = listRooms(picture, { filter, sort, descending, offset, limit })
              expect(total).toBe(whole.total)
              expect(rows.map(({ id }) => id)).toEqual(ids.slice(offset, offset + limit))
            }
            expect(Object.values(roomTotals(picture, { buildings })).reduce((sum, n) => sum + n, 0)).toBe(
              pickRooms(picture, { filter: { buildings }, sort, descending, part: { what: 'all' } }).total,
            )
            const counts = incidentCounts(picture, undefined)
            for (const chip of ['needAction', 'investigating', 'unassigned', 'mine', 'resolved'] as const)
              for (const group of ['none', 'signal', 'customer'] as const) {
                const all = pickIncidents(picture, { filter: { chip }, group, part: { what: 'all' } })
                expect(counts[chip]).toBe(all.total)
                for (const { offset, limit } of pages) {
                  const { total, rows, groups } = listIncidents(picture, { filter: { chip }, group, offset, limit })
                  expect(total).toBe(all.total)
                  expect(rows.map(({ id }) => id)).toEqual(all.rows.slice(offset, offset + limit).map(({ id }) => id))
                  if (group === 'signal')
                    for (const { value, incidents } of groups)
                      expect(incidents).toBe(all.rows.filter(({ signal }) => signal === value).length)
                  if (group === 'customer') expect(groups).toEqual(rows.length === 0 ? [] : [{ value: tenantId, incidents: all.total }])
                }
              }
            for (const { n } of unsent) {
              reader.overlayRoom(idOf('room', n), null)
              reader.overlayIncident(idOf('incident', n + 1), null)
            }
          }
        },
      ),
      { numRuns: cases(60) },
    )
  })

  it('goes on by key from the place where a page ended, and jumps from the nearest one', () => {
    const asked: [string | null, number][] = []
    const source: KeyedSource = {
      total: () => 1_000,
      after: (line, skip, limit) => {
        asked.push([line?.id ?? null, skip])
        const from = (line === null ? 0 : Number(line.id) + 1) + skip
        return Array.from({ length: limit }, (_, n) => ({ id: String(from + n), keys: [from + n] }))
      },
    }
    const marks = new Marks()
    for (const offset of [0, 100, 500, 200, 650]) expect(marks.page(source, offset, 100)[0]?.id).toBe(String(offset))
    expect(asked).toEqual([
      [null, 0],
      ['99', 0],
      ['199', 300],
      ['199', 0],
      ['599', 50],
    ])
  })
})

describe('no page of a list', () => {
  /** What SQLite does for each query that is made meanwhile. */
  function plansOf(run: (reader: CacheReader) => void): string[] {
    const { reader } = copy.shown
    const plans: string[] = []
    const spy = new Proxy(reader, {
      get(target, name) {
        if (name !== 'all' && name !== 'one') return Reflect.get(target, name, target) as unknown
        return (sql: string, ...values: (string | number)[]) => {
          plans.push(
            target
              .all<{ detail: string }>(`explain query plan ${sql}`, ...values)
              .map(({ detail }) => detail)
              .join('; '),
          )
          return name === 'all' ? target.all(sql, ...values) : target.one(sql, ...values)
        }
      },
    })
    run(spy)
    return plans
  }
  const pages = (source: KeyedSource): void => {
    const [first] = source.after(null, 0, 1)
    source.after(null, 2, 1)
    if (first !== undefined) {
      source.after(first, 0, 1)
      source.after(first, 1, 1)
    }
  }

  it.each(RoomSort.options.flatMap((sort) => [false, true].map((descending) => ({ sort, descending }))))(
    'of rooms by $sort (descending: $descending) sorts them or walks the table, whether something is unsent or not',
    ({ sort, descending }) => {
      copy.load(Array.from({ length: 4 }, (_, n) => rowOf('room', makeRoom(n))))
      for (const unsent of [false, true]) {
        if (unsent) copy.shown.reader.overlayRoom(idOf('room', 1), roomColumns(makeRoom(1, { name: 'Other' })))
        for (const plan of plansOf((reader) => pages(roomPages(reader, {}, sort, descending)))) {
          if (plan.includes('room_total')) continue
          expect(plan).toMatch(/(SCAN|SEARCH) (main\.)?room_list USING (COVERING )?INDEX room_list_/)
          // What is unsent is few, and lies in memory.
          expect(plan.replace(/SCAN temp\.room_overlay; USE TEMP B-TREE[^;]*/, '')).not.toMatch(
            /USE TEMP B-TREE|SCAN (main\.)?room_list(;|$)/,
          )
        }
      }
    },
  )

  it.each(
    (['needAction', 'investigating', 'unassigned', 'resolved'] as const).flatMap((chip) =>
      (['none', 'signal', 'customer'] as const).map((group) => ({ chip, group })),
    ),
  )('of incidents ($chip, by $group) sorts them or walks the table', ({ chip, group }) => {
    copy.load(
      Array.from({ length: 4 }, (_, n) =>
        rowOf('incident', makeIncident(n + 1, n, { status: chip === 'unassigned' ? 'needAction' : chip })),
      ),
    )
    for (const unsent of [false, true]) {
      const { shown } = copy
      if (unsent) shown.reader.overlayIncident(idOf('incident', 1), incidentColumns(makeIncident(1, 0, { status: 'investigating' })))
      const plans = plansOf((reader) => {
        const spied = new Proxy(shown, {
          get: (target, name) => (name === 'reader' ? reader : (Reflect.get(target, name, target) as unknown)),
        })
        pages(incidentPages(spied, chip, group))
      })
      for (const plan of plans) {
        expect(plan).toMatch(/SEARCH (main\.)?incident_list USING (COVERING )?INDEX incident_list_/)
        expect(plan.replace(/SCAN temp\.incident_overlay; USE TEMP B-TREE[^;]*/, '')).not.toMatch(/USE TEMP B-TREE/)
      }
    }
  })
})
