import { afterEach, beforeEach, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { chance } from '../../contract/testing/chance.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle } from '../../contract/testing/wait.ts'
import { placeOf, type Transition, type TransitionPage } from '../../contract/transitions.ts'
import { createLog } from '../log.ts'
import { ServiceTime } from '../serviceTime.ts'
import { bytesOf, openTestCache, type TestCache } from '../testing/cache.ts'
import { idOf, makeMe, makeRoom, makeTransition, rowOf } from '../testing/documents.ts'
import { Windows } from './windows.ts'

const now = 1_800_000_000_000
const room = RoomId.parse(idOf('room', 1))

let cache: TestCache
let clock: FakeClock
let windows: Windows
/** What the service has of the room, in no order, and what it was asked. */
let has: Transition[]
let asked: URL[]
let cursor: number
let unreached: boolean

beforeEach(() => {
  cache = openTestCache()
  clock = new FakeClock(now)
  has = []
  asked = []
  cursor = 0
  unreached = false
  cache.fill([rowOf('me', makeMe()), rowOf('room', makeRoom(1))], 'c0')
  windows = new Windows({
    reader: cache.reader,
    client: {
      json: async (schema, { path }) => {
        const url = new URL(path, 'http://service')
        asked.push(url)
        if (unreached) throw new RoomkeeperError('network.offline')
        return schema.parse(answer(url.searchParams))
      },
    },
    write: async (news) => void cache.writer.window(news, clock.now()),
    used: async (used) => cache.writer.windowUsed(used, clock.now()),
    clock: new ServiceTime(clock, 0),
    log: createLog('silent'),
  })
  windows.online = true
})
afterEach(() => cache.remove())

/** As the service answers. */
function answer(query: URLSearchParams): TransitionPage {
  const [from, since, limit] = ['from', 'since', 'limit'].map((name) => Number(query.get(name) ?? 0))
  const order = (one: Transition, other: Transition): number => other.at - one.at || other.number - one.number
  const [beforeAt = Infinity, beforeNumber = 0] = query.get('before')?.split('.').map(Number) ?? []
  const found = has
    .filter(
      ({ at, number, receivedAt }) =>
        at >= (from ?? 0) && receivedAt >= (since ?? 0) && (at < beforeAt || (at === beforeAt && number < beforeNumber)),
    )
    .sort(order)
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, keptSince: 0, ...(last && found.length > items.length ? { next: placeOf(last) } : {}) }
}

/** Something happens, and the feed brings the room's document, which says so. */
function happens(changes: Partial<Transition>, tell = true): void {
  const at = changes.at ?? clock.now()
  const number = has.filter((one) => one.at === at).length
  has.push(makeTransition(0, 1, { at, receivedAt: clock.now(), ...changes, number }))
  if (!tell) return
  const rows = [{ ...rowOf('room', makeRoom(1)), rev: 2 + cursor }]
  const { event } = cache.writer.feed(
    bytesOf({ type: 'batch', scope: 1, from: `c${cursor}`, to: `c${cursor + 1}`, rows, behind: 0 }),
    clock.now(),
  )
  expect(event).toMatchObject({ outcome: 'applied' })
  cursor += 1
}
const here = (): string[] => cache.reader.transitions(room, 0, 10_000).rows.map(placeOf)
const there = (): string[] =>
  answer(new URLSearchParams({ limit: '100000', from: String(clock.now() - kept.windowDays * dayMs) })).items.map(placeOf)

it('[CON-2] fetches what happened to a room when somebody looks at it, and again only where the room has changed since', async () => {
  for (let n = 0; n < 3; n++) happens({ at: now - n * 1_000 })
  expect(await windows.want(room)).toBe(true)
  expect(here()).toEqual(there())
  expect(await windows.want(room)).toBe(true)
  expect(asked).toHaveLength(1)
  clock.advance(limits.windowEveryMs)
  // Late: the device was away when it happened.
  happens({ at: now - 2 * dayMs })
  expect(await windows.want(room)).toBe(true)
  await settle()
  expect(here()).toEqual(there())
  expect(asked).toHaveLength(2)
  expect(asked[1]?.searchParams.get('since')).not.toBeNull()
})

it('[CON-2] says where it cannot be had, and shows what is here', async () => {
  windows.online = false
  happens({})
  expect([await windows.want(room), here()]).toEqual([false, []])
  windows.online = true
  unreached = true
  expect([await windows.want(room), here()]).toEqual([false, []])
  unreached = false
  clock.advance(limits.windowEveryMs)
  expect(await windows.want(room)).toBe(true)
  windows.online = false
  happens({ at: now + 1 })
  expect([await windows.want(room), here().length]).toEqual([false, 1])
})

it('[rule 9] asks about a room that changes all the time every now and then', async () => {
  happens({})
  await windows.want(room)
  for (let n = 0; n < 50; n++) {
    happens({})
    await windows.want(room)
  }
  expect(asked).toHaveLength(1)
  clock.advance(limits.windowEveryMs)
  await settle()
  expect(asked).toHaveLength(2)
  expect(here()).toEqual(there())
})

it('[rule 9, rule 12] keeps so much of so many rooms, for so long', async () => {
  for (let n = 0; n < limits.windowRows + 700; n++) happens({ at: now - n }, false)
  await windows.want(room)
  expect(here()).toEqual(there().slice(0, here().length))
  expect(here().length).toBeLessThan(limits.windowRows + limits.listRows)
  clock.advance((kept.windowDays + 1) * dayMs)
  happens({})
  await windows.want(room)
  await settle()
  expect(here()).toHaveLength(1)

  for (let n = 2; n < kept.windowRooms + 5; n++) {
    cache.writer.feed(
      bytesOf({ type: 'batch', scope: 1, from: `c${cursor}`, to: `c${cursor + 1}`, rows: [rowOf('room', makeRoom(n))], behind: 0 }),
      1,
    )
    cursor += 1
    clock.advance(1)
    cache.writer.window({ room: idOf('room', n), rev: 1, items: [makeTransition(0, n, { at: clock.now() })], anew: true }, clock.now())
  }
  expect(cache.reader.all('select 1 from room_window')).toHaveLength(kept.windowRooms)
  expect(cache.reader.window(room)).toBeUndefined()
  expect(here()).toEqual([])
})

it('[CON-2] whatever comes late, at once, or while nobody looks, it ends with what the service has', async () => {
  const random = chance('windows')
  const of = { below: (most: number): number => Math.floor(random() * most) }
  for (let step = 0; step < 150; step++) {
    const choice = of.below(6)
    if (choice < 3) happens({ at: clock.now() - of.below(3) * of.below(2 * dayMs) })
    else if (choice === 3) windows.online = of.below(3) > 0
    else if (choice === 4) clock.advance(of.below(2 * limits.windowEveryMs))
    else unreached = of.below(4) === 0
    if (of.below(2) === 0) void windows.want(room)
    if (of.below(4) === 0) await settle()
  }
  windows.online = true
  unreached = false
  happens({})
  for (let n = 0; n < 3; n++) {
    void windows.want(room)
    await settle()
    clock.advance(limits.windowEveryMs)
    await settle()
  }
  expect(here()).toEqual(there())
})
