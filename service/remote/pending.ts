import type { Undo, Clock } from '../../contract/system.ts'
import { pause } from '../../contract/timing.ts'
import type { AgentDeps } from '../agents/deps.ts'

/** What is still to be done for sessions when the service stops: waits that are not over, and writes that are not committed. */
export class Pending {
  readonly #log: AgentDeps['log']
  readonly #clock: Clock
  /** Each with what is done when the service stops before it is over. */
  readonly #waits = new Map<Undo, () => void>()
  readonly #writes = new Set<Promise<void>>()

  constructor({ log, clock }: Pick<AgentDeps, 'log' | 'clock'>) {
    this.#log = log
    this.#clock = clock
  }

  after(ms: number, finish: () => void): void {
    const undo = this.#clock.after(ms, () => {
      this.#waits.delete(undo)
      finish()
    })
    this.#waits.set(undo, finish)
  }

  /** Waits for a write when the service stops. One that failed is logged, or thrown too. */
  async keep(write: Promise<void>, thrown = false): Promise<void> {
    const kept = write.catch((error: unknown) => this.#log.error({ err: error }, 'the session log could not be written'))
    this.#writes.add(kept)
    await kept
    this.#writes.delete(kept)
    if (thrown) await write
  }

  /** Gives waits so many ms, and ends them; resolves when all is written. */
  async finish(ms: number): Promise<void> {
    if (this.#waits.size > 0) await pause(this.#clock, ms)
    for (const [undo, finish] of this.#waits) {
      undo()
      finish()
    }
    this.#waits.clear()
    await Promise.all(this.#writes)
  }
}
