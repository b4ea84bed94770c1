import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Store } from '../store/store.ts'
import type { AuditTable } from '../store/tables.ts'
import type { AuditRecord } from '../store/transaction.ts'
import type { Caller } from './service.ts'

/** What somebody asks, as the audit names it. */
export interface Question {
  readonly method: string
  /** Its pattern, without the ids that were asked about. */
  readonly route: string
}

const operations: Readonly<Record<string, AuditTable['operation']>> = { POST: 'Create', DELETE: 'Delete' }

/** A refusal for want of rights (AUD-1). */
export const recordOfRefusal = ({ method, route }: Question, code: ErrorCode, detail: Record<string, unknown> = {}): AuditRecord => ({
  category: 'Access',
  objectName: `${method} ${route}`,
  operation: operations[method] ?? 'Update',
  resultStatus: 'Failed',
  detail: { code, ...detail },
})

/** People whose refusals are remembered. Full: the one remembered longest is forgotten. */
const peopleKept = 10_000

/**
 * Records that known people are not let in (AUD-1). Consoles try again by themselves, for hours: within
 * `refusedEntriesMs`, the same refusal is recorded once, and of one person no more than `refusedEntries`.
 */
export class RefusedEntries {
  readonly #store: Store
  readonly #now: () => number
  /** By tenant and person: what was recorded since when. */
  readonly #recorded = new Map<string, { readonly since: number; readonly refusals: Set<string> }>()

  constructor(store: Store, now: () => number) {
    this.#store = store
    this.#now = now
  }

  async record({ tenant, person, doer }: Pick<Caller, 'tenant' | 'person' | 'doer'>, question: Question, code: ErrorCode, detail: Record<string, unknown> = {}): Promise<void> {
    const { refusals } = this.#of(`${tenant}/${person}`)
    const refusal = JSON.stringify([question.method, question.route, code, detail])
    if (refusals.has(refusal) || refusals.size >= limits.refusedEntries) return
    refusals.add(refusal)
    await this.#store.write(tenant, doer, async (tx) => tx.audit(recordOfRefusal(question, code, detail)))
  }

  #of(key: string): { readonly refusals: Set<string> } {
    const now = this.#now()
    const known = this.#recorded.get(key)
    if (known && Math.abs(now - known.since) < limits.refusedEntriesMs) return known
    const made = { since: now, refusals: new Set<string>() }
    this.#recorded.delete(key)
    this.#recorded.set(key, made)
    const [oldest] = this.#recorded.size > peopleKept ? this.#recorded.keys() : []
    if (oldest !== undefined) this.#recorded.delete(oldest)
    return made
  }
}
