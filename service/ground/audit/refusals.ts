import { limits } from '../../../contract/limits.ts'
import type { Clock, Undo } from '../../../contract/system.ts'
import { every } from '../../../contract/timing.ts'
import { Bucket } from '../bucket.ts'
import type { Who } from '../caller.ts'
import type { Logger } from '../ops/log.ts'
import type { Store } from '../store/store.ts'
import { type AuditRecord, system, type TenantTransaction } from '../store/transaction.ts'

/** Refusals of one kind and one person, since the first of them was recorded. */
interface Counted {
  readonly who: Who
  readonly kind: AuditRecord
  readonly since: number
  until: number
  count: number
}

export interface RefusalsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  /** Kinds of all people that are counted; `limits.refusalsCounted` where it is left out. */
  readonly most?: number
}

/** Counts written in one transaction. */
const writtenTogether = 500
/** How often counts are looked at whose time is over. */
const sweepMs = 60_000

/**
 * Refusals of known people in the audit (AUD-1). The first of a kind (whose, of what, why; each remote session
 * is one) is recorded at once; those like it
 * within `refusedEntriesMs` are counted, and when that time is over one record says how many there were. So somebody who tries
 * without end leaves two records an hour of each kind. No record is ever changed. Counts are in memory: a service that is killed
 * loses those of the last hour, not what was recorded.
 */
export class Refusals {
  readonly #store: Store
  readonly #clock: Pick<Clock, 'now'>
  readonly #log: Logger
  /** By tenant, person and kind, the oldest first. */
  readonly #counted = new Map<string, Counted>()
  /** Kinds of one person, by tenant and person. */
  readonly #kinds = new Map<string, number>()
  /** What may still be stored of one person's refusals, by tenant and person. */
  readonly #stored = new Map<string, Bucket>()
  readonly #most: number
  readonly #endSweeps: Undo

  constructor({ store, clock, log, most = limits.refusalsCounted }: RefusalsOptions) {
    this.#most = most
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#endSweeps = every(clock, sweepMs, () => {
      this.sweep().catch((error: unknown) => log.error({ err: error }, 'counts of refusals could not be recorded; trying again later'))
    })
  }

  /** `also`: written in the same transaction, with a record or without one. */
  async record(who: Who, refusal: AuditRecord, also?: (tx: TenantTransaction) => Promise<void>): Promise<void> {
    const { records, undo } = this.#count(who, refusal)
    if (records.length > 0 || also) {
      try {
        await this.#store.write(who.tenant, who.doer, async (tx) => {
          for (const record of records) tx.audit(record)
          await also?.(tx)
        })
      } catch (error) {
        undo()
        throw error
      }
    }
    const full = this.#counted.size - this.#most
    if (full > 0) await this.#end([...this.#counted.keys()].slice(0, full))
  }

  /**
   * Whether one more refused command of this person is stored under its key. Somebody who has used that up is answered all the
   * same; only, the same command again is looked at again.
   */
  mayStore({ tenant, person }: Pick<Who, 'tenant' | 'person'>): boolean {
    const now = this.#clock.now()
    const own = `${tenant}/${person}`
    const bucket = this.#stored.get(own) ?? new Bucket(limits.refusedOutcomes, limits.refusedOutcomeMs, now)
    if (bucket.left(now) < 1) return false
    bucket.spend(1, now)
    this.#stored.set(own, bucket)
    return true
  }

  /** Records the counts whose time is over. */
  async sweep(): Promise<void> {
    const now = this.#clock.now()
    for (const [own, bucket] of this.#stored) if (bucket.isFull(now)) this.#stored.delete(own)
    const over: string[] = []
    for (const [key, counted] of this.#counted) {
      if (this.#isOver(counted)) over.push(key)
    }
    await this.#end(over)
  }

  /** Records all counts; the service stops. */
  async stop(): Promise<void> {
    this.#endSweeps()
    await this.#end([...this.#counted.keys()])
  }

  /** What has to be recorded now that this was refused once more. */
  #count(who: Who, refusal: AuditRecord): { records: AuditRecord[]; undo: () => void } {
    const now = this.#clock.now()
    const own = `${who.tenant}/${who.person}`
    const kind = this.#kindOf(own, refusal)
    const key = keyOf(own, kind)
    const known = this.#counted.get(key)
    if (known && !this.#isOver(known)) {
      known.count += 1
      known.until = now
      return { records: [], undo: () => undefined }
    }
    if (known) this.#forget(key)
    const made: Counted = { who, kind, since: now, until: now, count: 1 }
    this.#keep(key, made)
    const undo = (): void => {
      if (this.#counted.get(key) === made) this.#forget(key)
      if (known && !this.#counted.has(key)) this.#keep(key, known)
    }
    return { records: [...(known && known.count > 1 ? [sumOf(known)] : []), refusal], undo }
  }

  /** Of one person who is refused in very many ways, what more comes is told apart by category and code alone. */
  #kindOf(own: string, refusal: AuditRecord): AuditRecord {
    const kind = kindOf(refusal)
    if (this.#counted.has(keyOf(own, kind)) || (this.#kinds.get(own) ?? 0) < limits.refusedEntries) return kind
    return { ...kind, objectName: '', operation: 'Update', detail: { action: 'access.ask', code: kind.detail['code'] } }
  }

  async #end(keys: readonly string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += writtenTogether) {
      const ended: [string, Counted][] = []
      for (const key of keys.slice(start, start + writtenTogether)) {
        const counted = this.#counted.get(key)
        if (!counted) continue
        this.#forget(key)
        if (counted.count > 1) ended.push([key, counted])
      }
      if (ended.length === 0) continue
      try {
        await this.#store.writeMany(system, async (on) => {
          for (const [, counted] of ended) {
            const tx = on(counted.who.tenant)
            await tx.as(counted.who.doer, async () => tx.audit(sumOf(counted)))
          }
        })
      } catch (error) {
        for (const [key, counted] of ended) if (!this.#counted.has(key)) this.#keep(key, counted)
        this.#log.error({ err: error }, 'counts of refusals could not be recorded; trying again later')
        return
      }
    }
  }

  #isOver({ since }: Counted): boolean {
    return Math.abs(this.#clock.now() - since) >= limits.refusedEntriesMs
  }

  #keep(key: string, counted: Counted): void {
    this.#counted.set(key, counted)
    const own = `${counted.who.tenant}/${counted.who.person}`
    this.#kinds.set(own, (this.#kinds.get(own) ?? 0) + 1)
  }

  #forget(key: string): void {
    const counted = this.#counted.get(key)
    if (!counted) return
    this.#counted.delete(key)
    const own = `${counted.who.tenant}/${counted.who.person}`
    const left = (this.#kinds.get(own) ?? 1) - 1
    if (left > 0) this.#kinds.set(own, left)
    else this.#kinds.delete(own)
  }
}

/** What refusals that are counted together have in common. */
function kindOf({ category, objectName, operation, detail }: AuditRecord): AuditRecord {
  const { action, code, command, tenant, session } = detail
  return { category, objectName, operation, resultStatus: 'Failed', detail: { action, code, command, tenant, session } }
}

const keyOf = (own: string, { category, objectName, operation, detail }: AuditRecord): string =>
  JSON.stringify([own, category, objectName, operation, detail])

const sumOf = ({ kind, count, since, until }: Counted): AuditRecord => ({
  ...kind,
  detail: { ...kind.detail, count, since: new Date(since).toISOString(), until: new Date(until).toISOString() },
})
