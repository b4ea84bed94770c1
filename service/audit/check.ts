import { setImmediate } from 'node:timers/promises'
import type { AuditCheck } from '../../contract/policyApi.ts'
import type { AuditChainTable, AuditTable } from '../store/tables.ts'
import type { TenantSelects } from '../store/tenantTables.ts'
import { chainHash } from './chain.ts'

/** Walks a tenant's audit log and says whether it is as it was written (AUD-1). */

/** What a walk reads: the ends of the chain, and its records in the order of their numbers. */
export interface ChainSource {
  ends(): Promise<Pick<AuditChainTable, 'prunedNumber' | 'prunedHash' | 'headNumber' | 'headHash'> | undefined>
  after(number: number, limit: number): Promise<AuditTable[]>
}

export interface ChainCheck extends AuditCheck {
  /** Whether the head noted earlier is in the chain; null: none was given. */
  readonly expectedHead: boolean | null
}

/** Records read at once; in between others are served. */
const pageRecords = 1_000

/** Of a reader or of a database that only this process reads. */
export const chainSource = (tables: Pick<TenantSelects, 'audit' | 'auditChain'>): ChainSource => ({
  ends: () => tables.auditChain().selectAll().executeTakeFirst(),
  after: (number, limit) => tables.audit().selectAll().where('number', '>', number).orderBy('number').limit(limit).execute(),
})

/**
 * Checks the records up to the head as it is at the start; what is written meanwhile is not looked at. `expectHead`: a
 * head that was noted earlier, which must still be one of the hashes in the chain: it shows a log that was rewritten as
 * a whole. It is lost when its record is deleted for its age.
 */
export async function checkChain(source: ChainSource, expectHead?: string): Promise<ChainCheck> {
  for (;;) {
    const ends = (await source.ends()) ?? { prunedNumber: 0, prunedHash: '', headNumber: 0, headHash: '' }
    const check = await walk(source, ends, expectHead)
    // Old records may have been deleted while it walked: then it starts again at the new start.
    if (check.broken === null || (await source.ends())?.prunedNumber === ends.prunedNumber || ends.headNumber === 0) return check
  }
}

type Ends = NonNullable<Awaited<ReturnType<ChainSource['ends']>>>

async function walk(source: ChainSource, { prunedNumber, prunedHash, headNumber, headHash }: Ends, expectHead: string | undefined): Promise<ChainCheck> {
  let number = prunedNumber
  let hash = prunedHash
  let from: number | null = null
  let found = expectHead === prunedHash
  const result = (broken: number | null): ChainCheck => ({
    records: number - prunedNumber,
    from,
    head: hash === '' ? null : hash,
    broken,
    expectedHead: expectHead === undefined ? null : found,
  })
  for (;;) {
    const page = await source.after(number, pageRecords)
    for (const record of page) {
      // Behind the head: written since, or slipped in where no head counts it. The next check tells.
      if (headNumber > 0 && record.number > headNumber) return result(number === headNumber && hash === headHash ? null : number + 1)
      if (record.number !== number + 1 || record.hash !== chainHash(hash, record)) return result(number + 1)
      number = record.number
      hash = record.hash
      from ??= record.at
      found ||= hash === expectHead
    }
    if (page.length < pageRecords) return result(number === headNumber && hash === headHash ? null : number + 1)
    await setImmediate()
  }
}
