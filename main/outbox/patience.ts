import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'

/**
 * Waits for another program's lock on an outbox beside the thread, which answers everything (docs/decisions/0050-locks-of-others.md).
 * What comes first is kept first.
 */
export class Patience {
  readonly #clock: Clock
  #turn: Promise<unknown> = Promise.resolve()
  /** The lock that is in the way: when it was first met, and last (steady ms). */
  #locked: { since: number; last: number } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Runs it, after what came before it, and again while it meets a lock: for `outboxLockedMs` from when the lock was first met, and from
   * then on once, until something succeeds or nobody has met it for as long. Errors: `outbox.locked`; those of `run`.
   */
  keep<T>(run: () => T): Promise<T> {
    const mine = this.#turn.then(() => this.#try(run))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async #try<T>(run: () => T): Promise<T> {
    for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
      try {
        const result = run()
        this.#locked = undefined
        return result
      } catch (error) {
        if (!(error instanceof RoomkeeperError) || error.code !== 'outbox.locked') throw error
        const now = this.#clock.steady()
        const known = this.#locked
        const since = known !== undefined && now - known.last < limits.outboxLockedMs ? known.since : now
        this.#locked = { since, last: now }
        if (now - since >= limits.outboxLockedMs) throw error
      }
      await new Promise<void>((resolve) => this.#clock.after(pauseMs, resolve))
    }
  }
}
