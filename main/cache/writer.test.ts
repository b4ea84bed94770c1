import { statSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { bytesOf, openTestCache, type TestCache } from '../testing/cache.ts'
import {
  idOf,
  makeEntry,
  makeTransition,
  makeIncident,
  makeMe,
  makeRequest,
  makeRoom,
  removalOf,
  rowOf,
  tenantId,
} from '../testing/documents.ts'
import { roomOrders } from './migration5.ts'

const open: TestCache[] = []
const cache = (): TestCache => {
  const made = openTestCache()
  open.push(made)
  return made
}
afterEach(() => {
  for (const made of open.splice(0)) made.remove()
})

const batch = (from: string, to: string, rows: unknown[], scope = 1, behind = 0) =>
  bytesOf({ type: 'batch', scope, from, to, rows, behind })

describe('a batch', () => {
  it('applies only where the copy ends, with its cursor', () => {
    const { writer, reader, fill } = cache()
    fill([rowOf('room', makeRoom(1))], 'c1')
    expect(writer.feed(batch('c0', 'c9', [rowOf('room', makeRoom(2))]), 5).event).toMatchObject({ outcome: 'gap' })
    expect(writer.state.cursor).toBe('c1')
    const { event, change } = writer.feed(batch('c1', 'c2', [rowOf('room', makeRoom(2))]), 7)
    expect(event).toMatchObject({ outcome: 'applied', behind: 0, rows: 1 })
    expect(change).toMatchObject({ kinds: ['room'], rooms: [idOf('room', 2)] })
    expect(writer.state).toMatchObject({ cursor: 'c2', syncedAt: 7 })
    expect(reader.get('room', idOf('room', 2))?.name).toBe('Room 2')
    // The same again, as a peer that repeats itself would send it.
    expect(writer.feed(batch('c1', 'c2', [rowOf('room', makeRoom(2))]), 7).event).toMatchObject({ outcome: 'gap' })
  })

  it('is dropped when it was made under another scope', () => {
    const { writer, fill } = cache()
    fill([], 'c1')
    expect(writer.feed(batch('c1', 'c2', [], 2), 1).event).toMatchObject({ outcome: 'otherScope' })
    expect(writer.state.cursor).toBe('c1')
  })

  it('never puts an older revision over a newer one, and removes what is removed', () => {
    const { writer, reader, fill } = cache()
    fill([rowOf('room', makeRoom(1, { name: 'New' }), 5)], 'c1')
    writer.feed(batch('c1', 'c2', [rowOf('room', makeRoom(1, { name: 'Old' }), 4)]), 1)
    expect(reader.get('room', idOf('room', 1))?.name).toBe('New')
    writer.feed(batch('c2', 'c3', [removalOf('room', idOf('room', 1), idOf('room', 1), 6)]), 1)
    expect(reader.get('room', idOf('room', 1))).toBeUndefined()
    expect(reader.all('select * from room_list')).toEqual([])
    expect(reader.all(`select rowid from room_words where room_words match '"new"*'`)).toEqual([])
  })

  it('leaves out rows that do not fit, and takes the others', () => {
    const { writer, reader, fill } = cache()
    fill([], 'c1')
    const rows = [
      rowOf('room', { ...makeRoom(1), health: 'splendid' } as never),
      { kind: 'hologram', id: 'x', room: null, rev: 1, doc: {} },
      { ...rowOf('room', makeRoom(2)), id: idOf('room', 3) },
      'nonsense',
      rowOf('room', makeRoom(4)),
    ]
    const { event, skipped } = writer.feed(batch('c1', 'c2', rows), 1)
    expect(event).toMatchObject({ outcome: 'applied' })
    expect(skipped).toMatchObject({ count: 4 })
    // What is said of them is the field, never what was in it.
    expect(JSON.stringify(skipped)).not.toContain('splendid')
    expect(reader.counts()).toEqual({ room: 1 })
  })

  it('keeps a room that has signals of a newer service, without those', () => {
    const { writer, reader, fill } = cache()
    fill([], 'c1')
    const [now, state] = [makeRoom(1).signals, makeRoom(1).signals['peripherals.camera']]
    const row = rowOf('room', makeRoom(1))
    const newer = { 'peripherals.hologram': { ...state, value: 'unhealthy' }, toString: 'odd' }
    const rows = [{ ...row, doc: { ...(row['doc'] as object), signals: newer } }]
    expect(writer.feed(batch('c1', 'c2', rows), 1).skipped).toBeUndefined()
    expect(reader.room(idOf('room', 1))?.signals).toEqual(now)
  })

  it.each([
    ['not JSON', new Uint8Array([1, 2, 3])],
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['another type', bytesOf({ type: 'song' })],
    ['no rows', bytesOf({ type: 'batch' })],
    ['null', bytesOf(null)],
  ])('that is %s changes nothing', (_what, bytes) => {
    const { writer } = cache()
    const before = writer.state
    expect(writer.feed(bytes, 1).event.type).toBe('malformed')
    expect(writer.state).toEqual(before)
  })

  it('that the disk cannot take changes nothing', () => {
    const { writer, reader, fill, fillDisk } = cache()
    fill([rowOf('room', makeRoom(1))], 'c1')
    fillDisk()
    const many = Array.from({ length: 500 }, (_, n) => rowOf('room', makeRoom(n + 2)))
    expect(() => writer.feed(batch('c1', 'c2', many), 1)).toThrow(/full/)
    expect(writer.state.cursor).toBe('c1')
    expect(reader.counts()).toEqual({ room: 1 })
  })
})

describe('a change of scope', () => {
  it('purges at once what may not be seen, and fetches what is new', () => {
    const { writer, reader, fill } = cache()
    const incident = makeIncident(1, 2)
    fill(
      [
        rowOf('me', makeMe()),
        rowOf('room', makeRoom(1)),
        rowOf('room', makeRoom(2)),
        rowOf('incident', incident),
        rowOf('entry', makeEntry(1, incident) as never),
      ],
      'c1',
    )
    for (const room of [1, 2]) writer.window({ room: idOf('room', room), rev: 1, items: [makeTransition(1, room, {})], anew: true }, 5)
    // A service of before names a kind that is none any more.
    const rooms = { room: [idOf('room', 1)], roomEvent: [idOf('room', 1)], incident: [idOf('room', 1)] }
    const { event, change } = writer.feed(bytesOf({ type: 'scope', version: 2, rooms }), 9)
    expect(event).toMatchObject({ type: 'scope', applied: true })
    expect(change?.kinds.sort()).toEqual(['entry', 'incident', 'room'])
    expect(reader.counts()).toEqual({ me: 1, room: 1 })
    expect(reader.all('select * from incident_list')).toEqual([])
    expect(reader.all('select room from room_window')).toEqual([{ room: idOf('room', 1) }])
    expect(reader.all('select room from transition')).toEqual([{ room: idOf('room', 1) }])
    expect(writer.state).toMatchObject({ cursor: 'c1', scope: 2, snapshot: { full: false, after: null } })
  })

  it('purges marks of the policy and requests where their kind is not named, and keeps them where it is', () => {
    const { writer, reader, fill } = cache()
    const mark = { id: tenantId, at: 1 }
    fill([rowOf('policy', mark), rowOf('request', makeRequest(idOf('key', 1))), rowOf('room', makeRoom(1))], 'c1')
    expect(reader.requests()).toEqual([makeRequest(idOf('key', 1))])
    writer.feed(bytesOf({ type: 'scope', version: 2, rooms: { room: 'all', request: [], policy: 'all' } }), 9)
    expect(reader.counts()).toEqual({ policy: 1, request: 1, room: 1 })
    const { change } = writer.feed(bytesOf({ type: 'scope', version: 3, rooms: { room: 'all' } }), 9)
    expect(change?.kinds.sort()).toEqual(['policy', 'request'])
    expect(reader.counts()).toEqual({ room: 1 })
  })

  it('lets pages made under the scope before drop, and an older message', () => {
    const { writer, reader, fill } = cache()
    fill([rowOf('room', makeRoom(1))], 'c1')
    writer.feed(bytesOf({ type: 'scope', version: 3, rooms: { room: 'all' } }), 9)
    const { generation } = writer.beginSnapshot(false, 9)
    const page = { cursor: 'c1', scope: 2, rows: [rowOf('room', makeRoom(7))], total: 1 }
    expect(writer.page(bytesOf(page), generation, null, 9).event.type).toBe('restart')
    expect(reader.counts()).toEqual({ room: 1 })
    expect(writer.feed(bytesOf({ type: 'scope', version: 2, rooms: {} }), 9).event).toMatchObject({ applied: false })
    expect(reader.counts()).toEqual({ room: 1 })
  })
})

describe('a snapshot', () => {
  const page = (rows: unknown[], next?: string) =>
    bytesOf({ cursor: 'c5', scope: 1, rows, total: 3, ...(next === undefined ? {} : { next }) })

  it('goes on where it was, counts, and ends with its cursor', () => {
    const made = cache()
    const { writer } = made
    const first = writer.beginSnapshot(true, 3)
    const nexts: string[] = []
    expect(
      writer.page(page([rowOf('room', makeRoom(1))], 'p2'), first.generation, null, 3, (next) => nexts.push(next)).event,
    ).toMatchObject({
      type: 'applied',
      snapshot: { after: 'p2', done: 1, total: 3 },
    })
    expect(nexts).toEqual(['p2'])
    expect(writer.beginSnapshot(true, 4)).toMatchObject({ generation: first.generation, after: 'p2', startedAt: 3 })
    // A page that is late or twice belongs to nothing.
    expect(writer.page(page([], 'p2'), first.generation, null, 3).event.type).toBe('dropped')
    expect(writer.page(page([rowOf('room', makeRoom(2))]), first.generation, 'p2', 5).event.type).toBe('finished')
    expect(writer.state).toEqual({ cursor: 'c5', scope: 1, snapshot: null, syncedAt: 5 })
  })

  it('of very many rooms into an empty copy makes the orders of lists at its end, and a later one leaves them', () => {
    const { writer, reader } = cache()
    const orders = (): string[] =>
      reader
        .all<{ name: string }>(`select name from sqlite_schema where type = 'index' and tbl_name = 'room_list' order by name`)
        .map(({ name }) => name)
    const before = orders()
    const many = (rows: unknown[], next?: string) => bytesOf({ cursor: 'c5', scope: 1, rows, total: 100_000, ...(next && { next }) })
    const { generation } = writer.beginSnapshot(true, 3)
    writer.page(many([rowOf('room', makeRoom(1))], 'p2'), generation, null, 3)
    expect(orders()).toEqual([])
    expect(writer.page(many([rowOf('room', makeRoom(2))]), generation, 'p2', 3).event.type).toBe('finished')
    expect(orders()).toEqual(before)
    expect(before.length).toBe(Object.keys(roomOrders).length)
    writer.feed(bytesOf({ type: 'snapshot' }), 1)
    writer.page(many([rowOf('room', makeRoom(1))], 'p2'), writer.beginSnapshot(true, 4).generation, null, 4)
    expect(orders()).toEqual(before)
  })

  it('takes away what the service does not have any more, and takes back older revisions of a restored service', () => {
    const { writer, reader, fill } = cache()
    fill([rowOf('room', makeRoom(1), 9), rowOf('room', makeRoom(2), 9)], 'c1')
    writer.feed(bytesOf({ type: 'snapshot' }), 1)
    expect(writer.state.cursor).toBeNull()
    // Until the new one is whole, what was known stays to be read.
    expect(reader.counts()).toEqual({ room: 2 })
    fill([rowOf('room', makeRoom(1, { name: 'Restored' }), 2)], 'c2')
    expect(reader.counts()).toEqual({ room: 1 })
    expect(reader.get('room', idOf('room', 1))?.name).toBe('Restored')
  })

  it('[ACC-8] lies on the disk once, and what a scope took away not at all', () => {
    const { writer, path, fill } = cache()
    const logged = (): number => statSync(`${path}-wal`).size
    fill([rowOf('room', makeRoom(1)), rowOf('room', makeRoom(2))], 'c1')
    writer.tidy()
    expect(logged()).toBe(0)
    writer.feed(batch('c1', 'c2', [rowOf('room', makeRoom(2), 2)]), 1)
    expect(logged()).toBeGreaterThan(0)
    writer.feed(bytesOf({ type: 'scope', version: 2, rooms: { room: [idOf('room', 1)] } }), 1)
    writer.tidy()
    expect(logged()).toBe(0)
  })

  it('[ACC-8] follows the scope of a restored service, whose version is an older one', () => {
    const { writer, reader, fill } = cache()
    fill([rowOf('room', makeRoom(1), 9), rowOf('room', makeRoom(2), 9)], 'c1')
    writer.feed(bytesOf({ type: 'scope', version: 7, rooms: { room: 'all' } }), 1)
    writer.feed(bytesOf({ type: 'snapshot' }), 1)
    const { generation } = writer.beginSnapshot(true, 1)
    const older = bytesOf({ cursor: 'c2', scope: 5, rows: [rowOf('room', makeRoom(1), 2)], total: 1 })
    expect(writer.page(older, generation, null, 1).event.type).toBe('finished')
    expect(writer.state).toMatchObject({ cursor: 'c2', scope: 5 })
    expect(reader.counts()).toEqual({ room: 1 })
    expect(writer.feed(batch('c2', 'c3', [rowOf('room', makeRoom(3), 1)], 5), 1).event).toMatchObject({ outcome: 'applied' })
  })

  it('does not bring back what was removed while it ran', () => {
    const { writer, reader, fill } = cache()
    fill([rowOf('room', makeRoom(1), 1)], 'c1')
    writer.feed(bytesOf({ type: 'scope', version: 1, rooms: { room: 'all' } }), 1)
    const { generation } = writer.beginSnapshot(false, 1)
    writer.feed(batch('c1', 'c2', [removalOf('room', idOf('room', 1), idOf('room', 1), 2)]), 1)
    writer.page(page([rowOf('room', makeRoom(1), 1)]), generation, null, 1)
    expect(reader.get('room', idOf('room', 1))).toBeUndefined()
    expect(reader.all('select * from document')).toEqual([])
    expect(writer.state.cursor).toBe('c2')
  })

  it.each([
    ['says it goes on where it is', 'p2'],
    ['was made from another start', undefined],
  ])('begins anew when a page %s', (_what, next) => {
    const { writer } = cache()
    const { generation } = writer.beginSnapshot(true, 1)
    writer.page(page([], 'p2'), generation, null, 1)
    const strange = bytesOf({
      cursor: next === undefined ? 'c6' : 'c5',
      scope: 1,
      rows: [],
      total: 0,
      ...(next === undefined ? {} : { next }),
    })
    expect(writer.page(strange, generation, 'p2', 1).event.type).toBe('restart')
    expect(writer.restartSnapshot(1)).toMatchObject({ generation: generation + 1, after: null, full: true })
  })
})

/**
 * Any order of what a service and a network can do, against the simplest thing that could be right: the service's own
 * documents, cut to the scope.
 */
describe('the copy', () => {
  interface Service {
    docs: Map<string, { rev: number; doc?: ReturnType<typeof makeRoom> }>
    log: string[]
    scope: number
    visible: Set<number> | 'all'
  }
  const rooms = 5
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('change' as const), room: fc.integer({ min: 1, max: rooms }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), room: fc.integer({ min: 1, max: rooms }) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), twice: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('stale' as const), pick: fc.nat(30) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('page' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('scope' as const), rooms: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: rooms }))) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
  )

  it('equals what the service has and the person may see, whatever came in between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const made = openTestCache()
        try {
          const { writer, reader } = made
          const service: Service = { docs: new Map(), log: [], scope: 1, visible: 'all' }
          const sees = (id: string): boolean => service.visible === 'all' || [...service.visible].some((n) => idOf('room', n) === id)
          const rowAt = (id: string): unknown => {
            const { rev, doc } = service.docs.get(id) ?? { rev: 0 }
            return doc === undefined ? removalOf('room', id, id, rev) : rowOf('room', doc, rev)
          }
          const sent: Uint8Array[] = []
          const change = (n: number, gone: boolean): void => {
            const id = idOf('room', n)
            const rev = (service.docs.get(id)?.rev ?? 0) + 1
            if (gone && service.docs.get(id)?.doc === undefined) return
            service.docs.set(id, { rev, ...(gone ? {} : { doc: makeRoom(n, { name: `Room ${n}.${rev}` }) }) })
            service.log.push(id)
          }
          const deliver = (): void => {
            const cursor = writer.state.cursor
            if (cursor === null) return
            const at = Number(cursor.slice(1))
            const changed = [...new Set(service.log.slice(at))].filter(sees)
            const message = batch(cursor, `c${service.log.length}`, changed.map(rowAt), service.scope)
            sent.push(message)
            writer.feed(message, 1)
          }
          /** The next page of the snapshot that the copy wants, two rows each. */
          const page = (): void => {
            const { cursor, snapshot } = writer.state
            if (cursor !== null && snapshot === null) return
            const { generation, after } = snapshot ?? writer.beginSnapshot(true, 1)
            const [start, from] = after === null ? [service.log.length, ''] : (JSON.parse(after) as [number, string])
            const ids = [...service.docs.keys()].filter((id) => sees(id) && service.docs.get(id)?.doc !== undefined && id > from).sort()
            const some = ids.slice(0, 2)
            const next = ids.length > 2 ? { next: JSON.stringify([start, some.at(-1)]) } : {}
            const message = bytesOf({ cursor: `c${start}`, scope: service.scope, rows: some.map(rowAt), total: ids.length, ...next })
            if (writer.page(message, generation, after, 1).event.type === 'restart') writer.restartSnapshot(1)
          }
          for (const it of steps) {
            if (it.do === 'change' || it.do === 'remove') change(it.room, it.do === 'remove')
            else if (it.do === 'deliver') {
              deliver()
              const last = sent.at(-1)
              if (it.twice && last !== undefined) writer.feed(last, 1)
            } else if (it.do === 'stale') {
              const old = sent[it.pick % Math.max(1, sent.length)]
              if (old !== undefined && !sameStart(old, writer.state.cursor)) writer.feed(old, 1)
            } else if (it.do === 'page') page()
            else if (it.do === 'forget') writer.feed(bytesOf({ type: 'snapshot' }), 1)
            else {
              service.scope++
              service.visible = it.rooms === null ? 'all' : new Set(it.rooms)
              const visible = service.visible
              writer.feed(
                bytesOf({
                  type: 'scope',
                  version: service.scope,
                  rooms: { room: visible === 'all' ? 'all' : [...visible].map((n) => idOf('room', n)) },
                }),
                1,
              )
              const held = reader.all<{ id: string }>('select id from room_list')
              expect(held.every(({ id }) => sees(id))).toBe(true)
            }
          }
          for (let n = 0; n < 20 && (writer.state.snapshot !== null || writer.state.cursor === null); n++) page()
          deliver()
          const held = Object.fromEntries(
            reader.all<{ id: string; rev: number }>(`select id, rev from document where kind = 'room'`).map(({ id, rev }) => [id, rev]),
          )
          const wanted = Object.fromEntries(
            [...service.docs].filter(([id, { doc }]) => doc !== undefined && sees(id)).map(([id, { rev }]) => [id, rev]),
          )
          expect(held).toEqual(wanted)
          expect(reader.all<{ id: string }>('select id from room_list order by id').map(({ id }) => id)).toEqual(Object.keys(wanted).sort())
        } finally {
          made.remove()
        }
      }),
      { numRuns: 60 },
    )
  })
})

/** A batch from the cursor that the copy is at is not stale: what it says would be true. */
function sameStart(message: Uint8Array, cursor: string | null): boolean {
  const { from } = JSON.parse(new TextDecoder().decode(message)) as { from: string }
  return from === cursor
}
