import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { someBytes } from '../../contract/testing/chance.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeSystem } from '../../contract/testing/system.ts'
import { Outbox } from '../outbox/outbox.ts'
import { OutboxStore } from '../outbox/store.ts'
import { openTestCache, type TestCache } from '../testing/cache.ts'
import { tempFolder } from '../testing/fakes.ts'
import { compareLines, type LineSource, type ListLine } from './line.ts'
import { Picture } from './picture.ts'
import { Shown } from './shown.ts'

/** Parts whose lists come from what a test says, and that count how often they are asked. */
let caches: TestCache[]
let folder: ReturnType<typeof tempFolder>
let parts: Shown[]
let outboxes: Outbox[]
let lines: Map<Shown, ListLine[]>
let asked: (number | undefined)[]

const sourceOf =
  (shown: Shown): LineSource =>
  (only) => {
    asked.push(only?.length)
    return (lines.get(shown) ?? []).filter(({ id }) => only === undefined || only.includes(id))
  }

beforeEach(() => {
  caches = [openTestCache(), openTestCache(), openTestCache()]
  folder = tempFolder()
  const clock = new FakeClock()
  outboxes = caches.map(
    (_cache, n) => new Outbox(OutboxStore.open(join(folder.path, `outbox-${n}.db`), someBytes(32), clock.now()).store, fakeSystem(clock)),
  )
  parts = caches.flatMap(({ reader }, n) => {
    const outbox = outboxes[n]
    return outbox === undefined ? [] : [new Shown(reader, outbox)]
  })
  lines = new Map()
  asked = []
})
afterEach(() => {
  for (const shown of parts) shown.close()
  for (const outbox of outboxes) outbox.close()
  for (const cache of caches) cache.remove()
  folder.remove()
})

describe('a list over several tenants', () => {
  it('is in the order of one list of all, each line with whose it is, whatever changed', () => {
    const change = fc.record({ part: fc.nat(2), id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), key: fc.integer({ min: 0, max: 3 }) })
    let run = 0
    fc.assert(
      fc.property(
        fc.array(fc.array(change, { maxLength: 5 }), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.nat(6),
        fc.nat(6),
        (rounds, descending, offset, limit) => {
          const name = `list ${++run}`
          const picture = new Picture(parts, true)
          for (const shown of parts) lines.set(shown, [])
          for (const round of rounds) {
            for (const { part, id, key } of round) {
              const shown = parts[part]
              if (shown === undefined) continue
              const own = `${part}${id}`
              lines.set(shown, [...(lines.get(shown) ?? []).filter((line) => line.id !== own), { id: own, keys: [key] }])
              shown.lists.touch([own])
            }
            const all = [...lines.values()].flat().sort(compareLines(descending))
            const run = picture.run(name, { lines: sourceOf }, descending)
            const [total, some] = [run.lines.length, picture.slice(run, offset, limit)]
            expect(total).toBe(all.length)
            expect(some.map(({ id }) => id)).toEqual(all.slice(offset, offset + limit).map(({ id }) => id))
            for (const { id, shown } of some) expect(lines.get(shown)?.some((line) => line.id === id)).toBe(true)
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('of 100,000 is merged once, and again only when one part changed', () => {
    const count = 50_000
    const [one, two] = parts
    if (one === undefined || two === undefined) throw new Error('there are parts')
    lines.set(
      one,
      Array.from({ length: count }, (_, n) => ({ id: `a${n}`, keys: [2 * n] })),
    )
    lines.set(
      two,
      Array.from({ length: count }, (_, n) => ({ id: `b${n}`, keys: [2 * n + 1] })),
    )
    const picture = new Picture([one, two], true)
    const at = (offset: number) => picture.slice(picture.run('all', { lines: sourceOf }, false), offset, 2).map(({ id }) => id)
    for (let offset = 0; offset < 2 * count; offset += 1_000) expect(at(offset)).toEqual([`a${offset / 2}`, `b${offset / 2}`])
    expect(asked).toEqual([undefined, undefined])
    lines.set(
      two,
      (lines.get(two) ?? []).map((line) => (line.id === 'b7' ? { id: 'b7', keys: [-1] } : line)),
    )
    two.lists.touch(['b7'])
    expect(at(0)).toEqual(['b7', 'a0'])
    expect(asked).toEqual([undefined, undefined, 1])
  })

  it('of nothing is empty', () => {
    const none = new Picture([], true)
    const run = none.run('none', { lines: sourceOf }, false)
    expect([run.lines, none.slice(run, 0, 10)]).toEqual([[], []])
  })
})
