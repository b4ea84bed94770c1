import type { AuditCheck } from '../../contract/policyApi.ts'
import type { Turn } from '../../contract/system.ts'
import { chainHash } from '../ground/audit/chain.ts'
import { type Pruned, prunedIn, retentionMs } from '../ground/audit/pruned.ts'
import type { AuditChainTable, AuditTable } from '../ground/store/tables.ts'
import type { TenantSelects } from '../ground/store/tenantTables.ts'
import { type HeadState, headText, type NotedHead, stateOfHead } from './head.ts'

/** Walks a tenant's audit log and says whether it is as it was written (AUD-1). */

/** What a walk reads: the ends of the chain and how many records there were at that moment; its records in the order of their numbers. */
export interface ChainSource {
  ends(): Promise<(Ends & { readonly there: number }) | undefined>
  after(number: number, limit: number): Promise<AuditTable[]>
}

type Ends = Pick<AuditChainTable, 'prunedNumber' | 'prunedHash' | 'headNumber' | 'headHash'>

export interface ChainCheck extends AuditCheck {
  /** What became of each head that was noted earlier, in their order. */
  readonly noted: readonly HeadState[]
}

/** What a walk found. */
export interface ChainWalk extends Ends {
  /** Records that fit, one after the other from the start; the time of the first, and the newest. */
  readonly records: number
  readonly from: number | null
  readonly last: Pick<AuditTable, 'number' | 'at' | 'hash'> | null
  /** The number of the first record that does not fit. */
  readonly broken: number | null
  /** Hashes of the records whose heads were noted, by number. */
  readonly hashes: ReadonlyMap<number, string>
}

/** How far ahead of the clock of who checks a record of pruning may be. */
const aheadMs = 24 * 3_600_000
/** Records read at once; in between others are served. */
const pageRecords = 1_000
const empty = { prunedNumber: 0, prunedHash: '', headNumber: 0, headHash: '', there: 0 }

/** Of a reader or of a database that only this process reads. Others have their turn before each page. */
export const chainSource = (tables: Pick<TenantSelects, 'audit' | 'auditChain'>, turn: Turn): ChainSource => ({
  ends: () =>
    tables
      .auditChain()
      .selectAll('auditChain')
      .select((eb) =>
        eb
          .selectFrom('audit')
          .select((count) => count.fn.countAll<number>().as('there'))
          .whereRef('audit.tenant', '=', 'auditChain.tenant')
          .as('there'),
      )
      .executeTakeFirst()
      .then((found) => found && { ...found, there: Number(found.there) }),
  async after(number, limit) {
    await turn()
    return tables.audit().selectAll().where('number', '>', number).orderBy('number').limit(limit).execute()
  },
})

/**
 * Checks the records up to the head as it is at the start; what is written meanwhile is not looked at. A start that no record
 * of pruning tells of does not fit: `broken` is the first record that is there. `noted`: heads that were noted earlier, which
 * show a log that was cut or rewritten as a whole (head.ts). `now`: UTC ms.
 */
export async function checkChain(source: ChainSource, now: number, noted: readonly NotedHead[] = []): Promise<ChainCheck> {
  const numbers = new Set(noted.map(({ number }) => number))
  for (;;) {
    const ends = (await source.ends()) ?? empty
    const found = await walk(source, ends, numbers, now)
    // Old records may have been deleted while it walked: then it starts again at the new start.
    if (found.broken !== null && ends.headNumber > 0 && (await source.ends())?.prunedNumber !== ends.prunedNumber) continue
    const { records, from, last, broken } = found
    const head =
      last === null || from === null ? null : headText({ number: last.number, count: records, from, at: last.at, hash: last.hash })
    return { records, from, head, broken, noted: noted.map((one) => stateOfHead(one, found, found.hashes.get(one.number), now)) }
  }
}

async function walk(
  source: ChainSource,
  { there, ...ends }: Ends & { there: number },
  wanted: ReadonlySet<number>,
  now: number,
): Promise<ChainWalk> {
  const { prunedNumber, prunedHash, headNumber, headHash } = ends
  const hashes = new Map<number, string>()
  let number = prunedNumber
  let hash = prunedHash
  let from: number | null = null
  let last: AuditTable | null = null
  let told: Told | undefined
  const result = (broken: number | null): ChainWalk => ({ ...ends, records: number - prunedNumber, from, last, broken, hashes })
  const atTheEnd = (): ChainWalk => {
    // More than the head counts: slipped in where the walk does not come by, and who reads the log does.
    if (number !== headNumber || hash !== headHash || there !== headNumber - prunedNumber) return result(number + 1)
    return result(startFits(ends, from, told) ? null : prunedNumber + 1)
  }
  // From the least number that there may be: nothing is before the start.
  for (let after = Number.MIN_SAFE_INTEGER; ; after = number) {
    const page = await source.after(after, pageRecords)
    for (const record of page) {
      // Behind the head: written since, or slipped in; how many there are tells.
      if (headNumber > 0 && record.number > headNumber) return atTheEnd()
      if (record.number !== number + 1 || record.hash !== chainHash(hash, record)) return result(number + 1)
      const says = prunedIn(record)
      if (says) {
        if (record.at > now + aheadMs || !mayBePruned(record, says, told)) return result(record.number)
        told = { ...says, at: record.at }
      }
      number = record.number
      hash = record.hash
      from ??= record.at
      last = record
      if (wanted.has(number)) hashes.set(number, hash)
    }
    if (page.length < pageRecords) return atTheEnd()
  }
}

/** What a record of pruning says, and when it was written. */
interface Told extends Pruned {
  readonly at: number
}

/** Whether what a record of pruning says can be: of older records than itself, old enough, and further than the one before it. */
const mayBePruned = ({ number, at }: AuditTable, { from, to, count, lastAt }: Pruned, before: Told | undefined): boolean =>
  from <= to && count === to - from + 1 && to < number && lastAt < at - retentionMs && from === (before ? before.to + 1 : from)

/**
 * The log starts at its first record, or behind what its newest record of pruning names. Then the first that is there was too
 * old itself when that was written: its place in the chain proves what nobody can say of those that are gone.
 */
function startFits({ prunedNumber, prunedHash }: Ends, from: number | null, told: Told | undefined): boolean {
  if (!told) return prunedNumber === 0 && prunedHash === ''
  return told.to === prunedNumber && told.lastHash === prunedHash && from !== null && from < told.at - retentionMs
}
