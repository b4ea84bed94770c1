import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle } from '../../contract/testing/wait.ts'
import type { SyncState } from '../../contract/views.ts'
import type { SyncStore } from '../cache/cache.ts'
import { createLog } from '../log.ts'
import { ServiceTime } from '../serviceTime.ts'
import { bytesOf, openTestCache, type TestCache } from '../testing/cache.ts'
import { idOf, makeRoom, rowOf } from '../testing/documents.ts'
import { FakeSession } from '../testing/fakes.ts'
import type { FeedHandlers } from './socket.ts'
import { Sync } from './sync.ts'

/** One socket that the console opened, with what it said. */
interface Line {
  token: string
  handlers: FeedHandlers
  said: { type: string; [field: string]: unknown }[]
  dropped: boolean
}

let clock: FakeClock
let cache: TestCache
let session: FakeSession
let lines: Line[]
let sync: Sync
let states: SyncState[]
/** Pages that were asked for, and how a test answers them. */
let pages: { after: string | null; signal: AbortSignal; answer(page: unknown): void; fail(error: unknown): void }[]
let snapshots: number[]

const line = (): Line => lines.at(-1)!
const say = async (message: unknown): Promise<void> => {
  line().handlers.message(bytesOf(message))
  await settle()
}
const welcome = { type: 'welcome', version: 2, scope: 1, beatMs: 10_000 }
const batch = (from: string, to: string, rows: unknown[] = [], behind = 0) => ({ type: 'batch', scope: 1, from, to, rows, behind })
const answer = async (page: unknown): Promise<void> => {
  pages.at(-1)!.answer(page)
  await settle()
}
const dial = async (): Promise<void> => {
  await settle()
  line().handlers.open()
  await settle()
}

beforeEach(() => {
  clock = new FakeClock()
  cache = openTestCache()
  session = new FakeSession()
  session.token = () => Promise.resolve({ token: 'token', expiresAt: clock.now() + 600_000 })
  lines = []
  pages = []
  states = []
  snapshots = []
  const { writer } = cache
  const store: SyncStore = {
    get state() {
      return writer.state
    },
    feed: (bytes) => Promise.resolve(writer.feed(bytes, clock.now()).event),
    beginSnapshot: (full) => Promise.resolve(writer.beginSnapshot(full, clock.now())),
    restartSnapshot: () => Promise.resolve(writer.restartSnapshot(clock.now())),
    page: (bytes, generation, after, onNext) => Promise.resolve(writer.page(bytes, generation, after, clock.now(), onNext).event),
    synced: (at) => Promise.resolve(writer.synced(at)),
  }
  sync = new Sync({
    store,
    session,
    clock: new ServiceTime(clock, 0),
    random: () => 1,
    log: createLog('silent'),
    fetchPage: (after, signal) =>
      new Promise((resolve, reject) => {
        pages.push({ after, signal, answer: (page) => resolve(bytesOf(page)), fail: reject })
      }),
    openFeed: (token, handlers) => {
      const made: Line = { token, handlers, said: [], dropped: false }
      lines.push(made)
      return {
        send: (text) => made.said.push(JSON.parse(text)),
        pause: () => undefined,
        resume: () => undefined,
        drop: () => {
          made.dropped = true
        },
      }
    },
    onSnapshot: (startedAt) => snapshots.push(startedAt),
  })
  sync.listen((state) => states.push(state))
})
afterEach(() => {
  sync.stop()
  cache.remove()
})

it.each([
  [400, 'network.noWebSockets'],
  [404, 'network.noWebSockets'],
  [426, 'network.noWebSockets'],
  [200, 'network.noWebSockets'],
  [502, 'network.offline'],
  [undefined, 'network.offline'],
] as const)('[CON-2] an upgrade that somebody on the way answers with %s says so: %s', async (status, code) => {
  sync.open(null)
  await settle()
  line().handlers.closed({ code: 1006, ...(status === undefined ? {} : { status }) })
  expect(sync.state).toMatchObject({ state: 'offline', why: 'network', code })
})

it('[CON-2] a service that has heard no word of an upgrade is behind a proxy that lets none through', async () => {
  sync.open(null)
  await settle()
  line().handlers.closed({ code: 1006, status: 404, problem: 'request.notFound' })
  expect(sync.state).toMatchObject({ state: 'offline', why: 'network', code: 'network.noWebSockets' })
})

describe('[CON-2] sync', () => {
  it('fetches everything the first time, the next page while one is written, and goes live', async () => {
    sync.open(null)
    expect(sync.state.state).toBe('connecting')
    await dial()
    expect(line().said).toEqual([{ type: 'hello', versions: [3] }])
    await say(welcome)
    await say({ type: 'snapshot' })
    expect(pages.map(({ after }) => after)).toEqual([null])
    await answer({ cursor: 'c1', scope: 1, rows: [rowOf('room', makeRoom(1))], next: 'p2', total: 2 })
    expect(pages.map(({ after }) => after)).toEqual([null, 'p2'])
    expect(sync.state).toMatchObject({ state: 'catchingUp', done: 1, total: 2 })
    await answer({ cursor: 'c1', scope: 1, rows: [rowOf('room', makeRoom(2))], total: 2 })
    expect(snapshots).toEqual([clock.now()])
    expect(line().said.at(-1)).toEqual({ type: 'hello', versions: [3], cursor: 'c1', scope: 1 })
    await say(welcome)
    await say(batch('c1', 'c1'))
    expect(sync.state).toEqual({ state: 'live', syncedAt: clock.now() })
    expect(cache.reader.counts()).toEqual({ room: 2 })
  })

  it('says how long the rest of a snapshot takes, by the pace of this run alone', async () => {
    sync.open(null)
    await dial()
    await say(welcome)
    const left = () => (sync.state.state === 'catchingUp' ? sync.state.leftMs : undefined)
    const page = (n: number) => answer({ cursor: 'c1', scope: 1, rows: [rowOf('room', makeRoom(n))], next: `p${n}`, total: 10 })
    await page(1)
    expect(left()).toBeNull()
    clock.advance(1_500)
    await page(2)
    // So early a pace would be a guess.
    expect(left()).toBeNull()
    clock.advance(1_500)
    await page(3)
    expect(left()).toBe(11_000)
    pages.at(-1)!.fail(new RoomkeeperError('network.offline'))
    await settle()
    clock.advance(60_000)
    await dial()
    await say(welcome)
    await page(4)
    expect(left()).toBeNull()
    clock.advance(3_000)
    await page(5)
    expect(left()).toBe(15_000)
  })

  it('goes on with a snapshot that was interrupted', async () => {
    sync.open(null)
    await dial()
    await say(welcome)
    await answer({ cursor: 'c1', scope: 1, rows: [rowOf('room', makeRoom(1))], next: 'p2', total: 2 })
    pages.at(-1)!.fail(new RoomkeeperError('network.offline'))
    await settle()
    expect(sync.state).toMatchObject({ state: 'offline', why: 'network' })
    expect(line().dropped).toBe(true)
    clock.advance(500)
    await dial()
    await say(welcome)
    expect(pages.at(-1)!.after).toBe('p2')
  })

  it('begins anew when the service does not know the place any more', async () => {
    sync.open(null)
    await dial()
    await say(welcome)
    await answer({ cursor: 'c1', scope: 1, rows: [], next: 'p2', total: 2 })
    pages.at(-1)!.fail(new RoomkeeperError('request.invalid', { field: 'after' }))
    await settle()
    expect(pages.at(-1)!.after).toBeNull()
    expect(sync.state.state).toBe('catchingUp')
  })

  const live = async (): Promise<void> => {
    cache.fill([rowOf('room', makeRoom(1))], 'c1')
    sync.open(null)
    await dial()
    await say(welcome)
    await say(batch('c1', 'c2'))
    expect(sync.state.state).toBe('live')
  }

  it('counts down what is behind, without a snapshot', async () => {
    cache.fill([], 'c1')
    sync.open(null)
    await dial()
    await say(welcome)
    await say(batch('c1', 'c2', [rowOf('room', makeRoom(1))], 3))
    expect(sync.state).toMatchObject({ state: 'catchingUp', done: 1, total: 4 })
    expect(pages).toEqual([])
    await say(batch('c2', 'c3', [], 0))
    expect(sync.state.state).toBe('live')
  })

  it('purges on a new scope at once and fetches what it gained beside the live feed', async () => {
    await live()
    await say({ type: 'scope', version: 2, rooms: { room: [idOf('room', 2)] } })
    expect(cache.reader.counts()).toEqual({})
    expect(sync.state.state).toBe('catchingUp')
    await say({ ...batch('c2', 'c3', [rowOf('room', makeRoom(2, { name: 'Newest' }), 5)]), scope: 2 })
    await answer({ cursor: 'c2', scope: 2, rows: [rowOf('room', makeRoom(2), 4)], total: 1 })
    expect(cache.reader.get('room', idOf('room', 2))?.name).toBe('Newest')
    expect(cache.writer.state.cursor).toBe('c3')
    expect(sync.state.state).toBe('live')
  })

  it('[ACC-8] forgets what was synced when the service says that the person was removed, and fetches it when they are back', async () => {
    await live()
    line().handlers.closed({ code: 1006, status: 403, problem: 'auth.removed' })
    await settle()
    expect(cache.reader.counts()).toEqual({})
    expect(sync.state).toMatchObject({ state: 'offline', why: 'refused', code: 'auth.removed', nextTryAt: expect.any(Number) as unknown })
    sync.now()
    await dial()
    await say({ ...welcome, scope: 3 })
    await say({ type: 'scope', version: 3, rooms: { room: 'all' } })
    await answer({ cursor: 'c9', scope: 3, rows: [rowOf('room', makeRoom(1))], total: 1 })
    expect(cache.reader.counts()).toEqual({ room: 1 })
  })

  it('says that it lacks something where it left off in the middle of what it gained, and that it is whole once that is here', async () => {
    await live()
    await say({ type: 'scope', version: 2, rooms: { room: 'all' } })
    line().handlers.closed({ code: 1006 })
    sync.now()
    await dial()
    expect(line().said).toEqual([{ type: 'hello', versions: [3], cursor: 'c2', scope: 2, partial: true }])
    await say({ ...welcome, scope: 2 })
    await answer({ cursor: 'c2', scope: 2, rows: [rowOf('room', makeRoom(1))], total: 1 })
    expect(line().said.at(-1)).toEqual({ type: 'whole', scope: 2 })
  })

  it('gives up a snapshot that another scope overtakes, and takes none of its pages', async () => {
    await live()
    await say({ type: 'scope', version: 2, rooms: { room: 'all' } })
    const first = pages.at(-1)!
    await say({ type: 'scope', version: 3, rooms: { room: 'all' } })
    expect(first.signal.aborted).toBe(true)
    first.answer({ cursor: 'c2', scope: 2, rows: [rowOf('room', makeRoom(9))], total: 1 })
    await settle()
    expect(cache.reader.get('room', idOf('room', 9))).toBeUndefined()
    await answer({ cursor: 'c2', scope: 3, rows: [rowOf('room', makeRoom(3))], total: 1 })
    expect(cache.reader.counts()).toEqual({ room: 1 })
  })

  it('says hello again after a gap, with a word where it lacks a document, and hangs up on a peer that has nothing else', async () => {
    await live()
    await say(batch('c7', 'c8'))
    expect(line().said.at(-1)).toEqual({ type: 'hello', versions: [3], cursor: 'c2', scope: 1 })
    for (let n = 0; n < 5; n++) {
      await say(welcome)
      if (n === 0) await say(batch('c2', 'c3', [{ ...rowOf('room', makeRoom(9), 4), doc: undefined, difference: { name: 'Other' } }]))
      if (n === 1) expect(line().said.at(-1)).toEqual({ type: 'hello', versions: [3], cursor: 'c2', scope: 1, partial: true })
      await say(batch('c7', 'c8'))
    }
    expect(sync.state).toMatchObject({ state: 'offline', why: 'refused', code: 'message.unexpected' })
  })

  it('notices that nobody is there any more', async () => {
    await live()
    clock.advance(10_000)
    await settle()
    expect(line().said.at(-1)).toEqual({ type: 'beat' })
    await say({ type: 'beat', at: 1 })
    expect(sync.state).toMatchObject({ state: 'live' })
    clock.advance(30_000)
    expect(sync.state).toMatchObject({ state: 'offline', why: 'network', code: 'network.offline' })
    expect(lines[0]!.dropped).toBe(true)
  })

  it('gives up on a service that takes the connection and says nothing', async () => {
    sync.open(null)
    await dial()
    clock.advance(20_000)
    expect(sync.state).toMatchObject({ state: 'offline', why: 'network' })
  })

  it('tries again after longer and longer pauses, at once when told, and says since when', async () => {
    await live()
    const since = clock.now()
    const pauses: number[] = []
    for (let n = 0; n < 8; n++) {
      line().handlers.closed({ code: 1006 })
      await settle()
      expect(sync.state).toMatchObject({ state: 'offline', why: 'network', since })
      const { nextTryAt } = sync.state as { nextTryAt: number }
      pauses.push(nextTryAt - clock.now())
      clock.advance(pauses.at(-1)!)
      await settle()
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    line().handlers.closed({ code: 1006 })
    const before = lines.length
    sync.now()
    await settle()
    expect(lines.length).toBe(before + 1)
    await dial()
    await say(welcome)
    await say(batch('c2', 'c2'))
    expect(sync.state.state).toBe('live')
    line().handlers.closed({ code: 1006 })
    expect((sync.state as { nextTryAt: number }).nextTryAt - clock.now()).toBe(500)
  })

  it('renews its token in place before it ends, and asks for another when one is refused', async () => {
    const asked: unknown[] = []
    let n = 0
    session.accessToken = (options) => {
      asked.push(options)
      return Promise.resolve({ token: `t${++n}`, expiresAt: clock.now() + 600_000 })
    }
    await live()
    clock.advance(9_000)
    for (let at = 0; at < 510_000; at += 9_000) {
      await say({ type: 'beat', at: 1 })
      clock.advance(9_000)
      await settle()
    }
    expect(line().said.filter(({ type }) => type === 'renew')).toEqual([{ type: 'renew', token: 't2' }])
    line().handlers.closed({ code: 1006, status: 401 })
    expect(sync.state).toMatchObject({ why: 'refused', code: 'auth.invalid' })
    clock.advance(500)
    await settle()
    expect(asked).toEqual([{}, { renew: true }, { renew: true }])
    expect(line().token).toBe('t3')
  })

  it('stays closed while working offline or signed out, and opens when it may', async () => {
    await live()
    sync.open('workOffline')
    expect(sync.state).toMatchObject({ state: 'offline', why: 'workOffline', nextTryAt: null })
    expect(line().dropped).toBe(true)
    clock.advance(3_600_000)
    sync.now()
    expect(lines.length).toBe(1)
    sync.open(null)
    await settle()
    expect(lines.length).toBe(2)
    // What the old line says late is heard by nobody.
    lines[0]!.handlers.message(bytesOf(batch('c2', 'c9')))
    await settle()
    expect(cache.writer.state.cursor).toBe('c2')
  })

  it('waits for the person when the session has no token', async () => {
    session.accessToken = () => Promise.reject(new RoomkeeperError('session.none'))
    sync.open(null)
    await settle()
    expect(sync.state).toMatchObject({ state: 'offline', why: 'signedOut', nextTryAt: null })
    expect(clock.next()).toBeUndefined()
    session.accessToken = () => session.token()
    sync.open(null)
    await settle()
    expect(lines.length).toBe(1)
  })

  it.each([
    ['bytes that are no message', { type: 'poem' }, 'message.malformed'],
    ['an error', { type: 'error', code: 'auth.expired', retry: false }, 'auth.expired'],
  ])('hangs up on %s and comes back', async (_what, message, code) => {
    await live()
    await say(message)
    expect(sync.state).toMatchObject({ state: 'offline', why: 'refused', code })
    expect(clock.next()).toBeDefined()
  })

  it('tells how old the copy is at most once a second, and the last value always', async () => {
    await live()
    states.length = 0
    for (let n = 2; n < 12; n++) {
      clock.advance(50)
      await say(batch(`c${n}`, `c${n + 1}`))
    }
    expect(states).toEqual([])
    clock.advance(500)
    expect(states).toEqual([{ state: 'live', syncedAt: clock.now() - 500 }])
  })
})
