import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Store } from '../store/store.ts'
import { type Attempt, writeRefused } from './rows.ts'

/** People whose refusals are counted. Full: the one counted longest is forgotten. */
const peopleKept = 10_000

/**
 * Keeps refused attempts in the session log and in the audit (REM-3, REM-8): of one person no more than `refusedEntries`
 * within `refusedEntriesMs`, so that a program that tries for ever fills neither.
 */
export class RefusedSessions {
  readonly #store: Store
  readonly #now: () => number
  readonly #counted = new Map<string, { since: number; count: number }>()

  constructor(store: Store, now: () => number) {
    this.#store = store
    this.#now = now
  }

  async record(attempt: Attempt, code: ErrorCode): Promise<void> {
    const own = this.#of(`${attempt.caller.tenant}/${attempt.caller.person}`)
    if (own.count >= limits.refusedEntries) return
    own.count += 1
    await writeRefused(this.#store, attempt, code)
  }

  #of(key: string): { since: number; count: number } {
    const now = this.#now()
    const known = this.#counted.get(key)
    if (known && Math.abs(now - known.since) < limits.refusedEntriesMs) return known
    const made = { since: now, count: 0 }
    this.#counted.delete(key)
    this.#counted.set(key, made)
    const [oldest] = this.#counted.size > peopleKept ? this.#counted.keys() : []
    if (oldest !== undefined) this.#counted.delete(oldest)
    return made
  }
}
