import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { TenantId } from '../../../contract/ids.ts'
import { checkChain, type ChainSource } from '../../audit/check.ts'
import { headText, type NotedHead, readHead } from '../../audit/head.ts'
import type { AuditTable } from '../store/tables.ts'
import type { UnchainedRecord } from './append.ts'
import { chainHash } from './chain.ts'
import { type Pruned, prunedRecord } from './pruned.ts'

const tenant = TenantId.parse(v7())
const now = Date.UTC(2027, 5, 1)
const dayMs = 24 * 3_600_000

const record: fc.Arbitrary<UnchainedRecord> = fc.record({
  tenant: fc.constant(tenant),
  id: fc.uuid(),
  at: fc.integer({ min: now - 100 * dayMs, max: now - dayMs }),
  category: fc.constantFrom('Role', 'User'),
  objectName: fc.string(),
  operation: fc.constantFrom('Create', 'Update', 'Delete'),
  resultStatus: fc.constantFrom('Successful', 'Failed'),
  userId: fc.string(),
  userTenantId: fc.string(),
  actor: fc.constant(null),
  detail: fc.json(),
})

function chained(records: readonly UnchainedRecord[]): AuditTable[] {
  let hash = ''
  return records.map((one, index) => {
    const numbered = { ...one, number: index + 1 }
    hash = chainHash(hash, numbered)
    return { ...numbered, hash }
  })
}

/** A log of these records, as it was last written. */
function sourceOf(all: readonly AuditTable[], kept: readonly AuditTable[] = all, pruned = 0): ChainSource {
  const [start, head] = [all[pruned - 1], all.at(-1)]
  return {
    ends: async () => ({
      prunedNumber: start?.number ?? 0,
      prunedHash: start?.hash ?? '',
      headNumber: head?.number ?? 0,
      headHash: head?.hash ?? '',
      there: kept.length,
    }),
    after: async (number, limit) =>
      kept
        .filter((one) => one.number > number)
        .sort((a, b) => a.number - b.number)
        .slice(0, limit),
  }
}

/** What the product writes when it deletes the first of them; or whoever cuts the log says. */
const tellsOf = (all: readonly AuditTable[], to: number, changes: Partial<Pruned> = {}, at = now): UnchainedRecord => {
  const last = all[to - 1]!
  return prunedRecord(v7(), tenant, at, { action: 'audit.prune', from: 1, to, count: to, lastAt: last.at, lastHash: last.hash, ...changes })
}

const headOf = (all: readonly AuditTable[], number = all.length, pruned = 0): NotedHead => ({
  number,
  count: number - pruned,
  from: all[pruned]!.at,
  at: all[number - 1]!.at,
  hash: all[number - 1]!.hash,
})

const log = fc.array(record, { minLength: 2, maxLength: 8 }).map(chained)
/** A log of a year, a record every ten days. */
const year = chained(fc.sample(record, { numRuns: 36, seed: 1 }).map((one, index) => ({ ...one, at: now - (360 - index * 10) * dayMs })))
const edits: readonly ((one: AuditTable) => Partial<AuditTable>)[] = [
  ({ at }) => ({ at: at + 1 }),
  ({ category }) => ({ category: `${category}.` }),
  ({ objectName }) => ({ objectName: `${objectName}.` }),
  ({ operation }) => ({ operation: operation === 'Create' ? 'Delete' : 'Create' }),
  ({ resultStatus }) => ({ resultStatus: resultStatus === 'Failed' ? 'Successful' : 'Failed' }),
  ({ userId }) => ({ userId: `${userId}.` }),
  ({ userTenantId }) => ({ userTenantId: `${userTenantId}.` }),
  ({ detail }) => ({ detail: `${detail} ` }),
  ({ id }) => ({ id: `${id}0` }),
  ({ hash }) => ({ hash: `${hash}A` }),
]

describe('[AUD-1] the chain of an audit log', () => {
  it('fits where nothing was changed', async () => {
    await fc.assert(
      fc.asyncProperty(log, async (all) => {
        expect(await checkChain(sourceOf(all), now)).toEqual({
          records: all.length,
          from: all[0]!.at,
          head: headText(headOf(all)),
          broken: null,
          noted: [],
        })
      }),
    )
  })

  it('breaks at a record of which anything was edited', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.nat(), fc.constantFrom(...edits), async (all, some, edit) => {
        const at = some % all.length
        const edited = all.map((one, index) => (index === at ? { ...one, ...edit(one) } : one))
        expect((await checkChain(sourceOf(all, edited), now)).broken).toBe(at + 1)
      }),
    )
  })

  it('breaks where a record was taken out, at the start, in the middle or at the end', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.nat(), async (all, some) => {
        const at = some % all.length
        expect(
          (
            await checkChain(
              sourceOf(
                all,
                all.filter((_, index) => index !== at),
              ),
              now,
            )
          ).broken,
        ).toBe(at + 1)
      }),
    )
  })

  it('breaks where records were taken out and the rest numbered anew', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.nat(), async (all, some) => {
        const at = some % all.length
        const renumbered = all.filter((_, index) => index !== at).map((one, index) => ({ ...one, number: index + 1 }))
        expect((await checkChain(sourceOf(all, renumbered), now)).broken).toBe(at + 1)
      }),
    )
  })

  it('breaks where a record was slipped in or two were swapped', async () => {
    await fc.assert(
      fc.asyncProperty(log, record, fc.nat(), async (all, strange, some) => {
        const at = some % (all.length - 1)
        const slipped = [...all.slice(0, at), { ...strange, number: 0, hash: all[at]!.hash }, ...all.slice(at)].map((one, index) => ({
          ...one,
          number: index + 1,
        }))
        expect((await checkChain(sourceOf(all, slipped), now)).broken).toBe(at + 1)
        const swapped = all.map((one, index) =>
          index === at ? { ...all[at + 1]!, number: at + 1 } : index === at + 1 ? { ...all[at]!, number: at + 2 } : one,
        )
        expect((await checkChain(sourceOf(all, swapped), now)).broken).toBe(at + 1)
      }),
    )
  })

  it.each([
    ['far behind the head', [40], 37],
    ['just behind the head', [37], 37],
    ['before the first', [0], 1],
    ['far before the first', [-9], 1],
    ['between two', [3.5], 4],
    ['beside another of its number', [3], 4],
  ])('breaks where a record was slipped in that no other has to fit: %s', async (_, numbers, broken) => {
    const strange = numbers.map((number) => ({ ...year[2]!, id: v7(), number }))
    expect((await checkChain(sourceOf(year, [...year, ...strange]), now)).broken).toBe(broken)
  })

  it('breaks where a record was slipped in among those that were deleted, or where one page ends', async () => {
    const once = chained([...year, tellsOf(year, 17)])
    const among = [...once.slice(17), { ...once[3]!, objectName: 'other' }]
    expect((await checkChain(sourceOf(once, among, 17), now)).broken).toBe(18)
    const long = chained(Array.from({ length: 1_001 }, (__, index) => ({ ...year[0]!, id: String(index) })))
    const twice = [...long, { ...long[999]!, objectName: 'other' }]
    expect((await checkChain(sourceOf(long, twice), now)).broken).toBe(1_002)
  })

  it('of an empty log is whole', async () => {
    expect(await checkChain(sourceOf([]), now)).toEqual({ records: 0, from: null, head: null, broken: null, noted: [] })
  })
})

describe('[AUD-1] the start of a log that was shortened', () => {
  it('fits where a record in the chain tells of it, and once it is shortened again', async () => {
    const once = chained([...year, tellsOf(year, 17)])
    expect(await checkChain(sourceOf(once, once.slice(17), 17), now)).toMatchObject({ broken: null, records: 20, from: once[17]!.at })
    const later = now + 30 * dayMs
    const twice = chained([...once, tellsOf(once, 20, { from: 18, count: 3 }, later)])
    expect(await checkChain(sourceOf(twice, twice.slice(20), 20), later)).toMatchObject({ broken: null, records: 18 })
  })

  it.each([
    ['no record tells of it', chained(year), 17],
    ['the record names another', chained([...year, tellsOf(year, 16)]), 17],
    ['the record names another hash', chained([...year, tellsOf(year, 17, { lastHash: year[3]!.hash })]), 17],
    ['the record tells of it, and nothing was deleted', chained([...year, tellsOf(year, 17)]), 0],
    ['it was cut again behind what the record names', chained([...year, tellsOf(year, 17)]), 18],
    ['all of it was cut', chained(year), year.length],
  ])('does not fit where %s: broken at the first record that is there', async (_, all, pruned) => {
    expect((await checkChain(sourceOf(all, all.slice(pruned), pruned), now)).broken).toBe(pruned + 1)
  })

  it.each([
    ['of records that were not old enough', { to: 20, count: 20, lastAt: year[19]!.at }],
    ['of more than there were', { count: 16 }],
    ['of itself', { to: 37, count: 37 }],
  ])('does not fit where the record tells %s: broken at that record', async (_, changes) => {
    const all = chained([...year, tellsOf(year, 17, changes)])
    expect((await checkChain(sourceOf(all, all.slice(17), 17), now)).broken).toBe(37)
  })

  it.each([
    ['one that was too young', 18, {}, now],
    ['all but itself', 36, {}, now],
    ['as the migration did, today', 20, { lastAt: now - 180 * dayMs - 1 }, now],
    ['as the migration did, in its time', 20, { lastAt: Date.UTC(2026, 11, 1) - 180 * dayMs - 1 }, Date.UTC(2026, 11, 1)],
    ['later than it is', 20, {}, now + 100 * dayMs],
  ])('does not fit, without any head, where whoever cut it says that it was old: %s', async (_, to, changes, at) => {
    const all = chained([...year, tellsOf(year, to, { lastAt: at - 181 * dayMs, ...changes }, at)])
    expect((await checkChain(sourceOf(all, all.slice(to), to), now)).broken).not.toBeNull()
  })

  it('does not fit where a young log is cut with what the migration would have written of it, at its time', async () => {
    const at = Date.UTC(2026, 11, 1)
    const young = chained(year.map((one, index) => ({ ...one, at: at - (36 - index) * dayMs })))
    const all = chained([...young, tellsOf(young, 20, { lastAt: at - 180 * dayMs - 1 }, at)])
    expect((await checkChain(sourceOf(all, all.slice(20), 20), at)).broken).toBe(21)
  })

  it('does not fit where a person pretends to be what deletes', async () => {
    const all = chained([...year, { ...tellsOf(year, 17), userId: 'ada' }])
    expect((await checkChain(sourceOf(all, all.slice(17), 17), now)).broken).toBe(18)
  })
})

describe('[AUD-1] a head that was noted', () => {
  const state = async (source: ChainSource, ...noted: NotedHead[]) => (await checkChain(source, now, noted)).noted

  it('is text and back, and nothing else is one', () => {
    const head = headOf(year)
    expect(readHead(headText(head))).toEqual(head)
    for (const text of [
      '',
      head.hash,
      `${headText(head)}x`,
      `0:0:0:0:${head.hash}`,
      `3:4:0:0:${head.hash}`,
      `-1:1:0:0:${head.hash}`,
      `1:1:0:0:short`,
    ])
      expect(readHead(text)).toBeUndefined()
  })

  it('is found in what was written on from it, and missing where anything up to it was written anew', async () => {
    await fc.assert(
      fc.asyncProperty(log, record, fc.nat(), fc.nat(), async (all, other, some, where) => {
        const number = (some % all.length) + 1
        const noted = headOf(all, number)
        expect(await state(sourceOf(all), noted)).toEqual(['found'])
        const at = where % number
        const rewritten = chained([...all.slice(0, at), { ...other, id: 'other' }, ...all.slice(at)])
        expect(await checkChain(sourceOf(rewritten), now, [noted])).toMatchObject({ broken: null, noted: ['missing'] })
      }),
    )
  })

  it('is missing where the end was cut off before it', async () => {
    const short = year.slice(0, 30)
    expect(await checkChain(sourceOf(short), now, [headOf(year), headOf(year, 30)])).toMatchObject({
      broken: null,
      noted: ['missing', 'found'],
    })
  })

  it('is pruned when its time is over, and those after it are found', async () => {
    const all = chained([...year, tellsOf(year, 17)])
    const source = sourceOf(all, all.slice(17), 17)
    expect(await state(source, headOf(year, 10), headOf(year, 17), headOf(year, 18), headOf(year))).toEqual([
      'pruned',
      'pruned',
      'found',
      'found',
    ])
    expect(await state(source, { ...headOf(year, 17), hash: year[3]!.hash })).toEqual(['missing'])
  })

  it('shows that the oldest were deleted and the start set to it, whatever record tells of it', async () => {
    const noted = headOf(year, 30)
    for (const told of [[], [tellsOf(year, 30, { lastAt: now - 200 * dayMs })]]) {
      const all = chained([...year, ...told])
      expect(await state(sourceOf(all, all.slice(30), 30), noted)).toEqual(['cut'])
    }
  })

  it('shows that anything at all was deleted of a log that was young when it was noted', async () => {
    const young = year.slice(20).map((one, index) => ({ ...one, number: index + 1 }))
    const noted = headOf(chained(young))
    for (const cut of [1, 5, 15]) {
      const whole = chained(young)
      const all = chained([...young, tellsOf(whole, cut, { lastAt: now - 200 * dayMs })])
      expect(await checkChain(sourceOf(all, all.slice(cut), cut), now, [noted])).toMatchObject({ broken: cut + 1, noted: ['cut'] })
    }
  })
})
