import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'
import type { Refusals } from '../ground/audit/refusals.ts'
import { type Attempt, writeRefused } from './rows.ts'

/** People whose refusals are counted. Full: the one counted longest is forgotten. */
const peopleKept = 10_000

/**
 * Keeps refused attempts in the session log and in the audit (REM-3, REM-8). The log has no more than `refusedEntries` of one
 * person within `refusedEntriesMs`, and the audit counts those that are alike, so that a program that tries for ever fills neither.
 */
export class RefusedSessions {
  readonly #refusals: Refusals
  readonly #clock: Pick<Clock, 'now'>
  readonly #counted = new Map<string, { since: number; count: number }>()

  constructor(refusals: Refusals, clock: Pick<Clock, 'now'>) {
    this.#refusals = refusals
    this.#clock = clock
  }

  /** `logged` false: the log has, or will have, another session of this id. */
  async record(attempt: Attempt, code: ErrorCode, logged = true): Promise<void> {
    const own = this.#of(`${attempt.caller.tenant}/${attempt.caller.person}`)
    own.count += 1
    await writeRefused(this.#refusals, attempt, code, logged && own.count <= limits.refusedEntries)
  }

  #of(key: string): { since: number; count: number } {
    const now = this.#clock.now()
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
