import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { TenantId } from '../../contract/ids.ts'
import type { AuditTable } from '../store/tables.ts'
import type { UnchainedRecord } from './append.ts'
import { chainHash } from './chain.ts'
import { checkChain, type ChainSource } from './check.ts'

const tenant = TenantId.parse(v7())

const record: fc.Arbitrary<UnchainedRecord> = fc.record({
  tenant: fc.constant(tenant),
  id: fc.uuid(),
  at: fc.nat(),
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

/** A log whose first `pruned` records were deleted for their age. */
function sourceOf(all: readonly AuditTable[], kept: readonly AuditTable[] = all, pruned = 0): ChainSource {
  const [start, head] = [all[pruned - 1], all.at(-1)]
  return {
    ends: async () => ({ prunedNumber: start?.number ?? 0, prunedHash: start?.hash ?? '', headNumber: head?.number ?? 0, headHash: head?.hash ?? '' }),
    after: async (number, limit) => kept.filter((one) => one.number > number).sort((a, b) => a.number - b.number).slice(0, limit),
  }
}

const log = fc.array(record, { minLength: 2, maxLength: 8 }).map(chained)
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
  it('fits where nothing was changed, from its start or from where old records were deleted', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.nat(), async (all, some) => {
        const pruned = some % all.length
        expect(await checkChain(sourceOf(all, all.slice(pruned), pruned))).toEqual({
          records: all.length - pruned,
          from: all[pruned]!.at,
          head: all.at(-1)!.hash,
          broken: null,
          expectedHead: null,
        })
      }),
    )
  })

  it('breaks at a record of which anything was edited', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.nat(), fc.constantFrom(...edits), async (all, some, edit) => {
        const at = some % all.length
        const edited = all.map((one, index) => (index === at ? { ...one, ...edit(one) } : one))
        expect((await checkChain(sourceOf(all, edited))).broken).toBe(at + 1)
      }),
    )
  })

  it('breaks where a record was taken out, at the start, in the middle or at the end', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.nat(), async (all, some) => {
        const at = some % all.length
        expect((await checkChain(sourceOf(all, all.filter((_, index) => index !== at)))).broken).toBe(at + 1)
      }),
    )
  })

  it('breaks where records were taken out and the rest numbered anew', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.nat(), async (all, some) => {
        const at = some % all.length
        const renumbered = all.filter((_, index) => index !== at).map((one, index) => ({ ...one, number: index + 1 }))
        expect((await checkChain(sourceOf(all, renumbered))).broken).toBe(at + 1)
      }),
    )
  })

  it('breaks where a record was slipped in or two were swapped', async () => {
    await fc.assert(
      fc.asyncProperty(log, record, fc.nat(), async (all, strange, some) => {
        const at = some % (all.length - 1)
        const slipped = [...all.slice(0, at), { ...strange, number: 0, hash: all[at]!.hash }, ...all.slice(at)].map((one, index) => ({ ...one, number: index + 1 }))
        expect((await checkChain(sourceOf(all, slipped))).broken).toBe(at + 1)
        const swapped = all.map((one, index) => (index === at ? { ...all[at + 1]!, number: at + 1 } : index === at + 1 ? { ...all[at]!, number: at + 2 } : one))
        expect((await checkChain(sourceOf(all, swapped))).broken).toBe(at + 1)
      }),
    )
  })

  it('knows a head noted earlier, and misses it in a log that was rewritten as a whole', async () => {
    await fc.assert(
      fc.asyncProperty(log, record, fc.nat(), async (all, other, some) => {
        const noted = all[some % all.length]!.hash
        expect((await checkChain(sourceOf(all), noted)).expectedHead).toBe(true)
        const rewritten = chained([{ ...other, id: 'other' }, ...all])
        expect(await checkChain(sourceOf(rewritten), noted)).toMatchObject({ broken: null, expectedHead: false })
      }),
    )
  })

  it('of an empty log is whole', async () => {
    expect(await checkChain(sourceOf([]))).toEqual({ records: 0, from: null, head: null, broken: null, expectedHead: null })
  })
})
