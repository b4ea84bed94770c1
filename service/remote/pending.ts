import type { AgentDeps } from '../agents/deps.ts'

/** What is still to be done for sessions when the service stops: waits that are not over, and writes that are not committed. */
export class Pending {
  readonly #log: AgentDeps['log']
  /** Each with what is done when the service stops before it is over. */
  readonly #waits = new Map<NodeJS.Timeout, () => void>()
  readonly #writes = new Set<Promise<void>>()

  constructor(log: AgentDeps['log']) {
    this.#log = log
  }

  after(ms: number, finish: () => void): void {
    const timer = setTimeout(() => {
      this.#waits.delete(timer)
      finish()
    }, ms)
    this.#waits.set(timer, finish)
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
    if (this.#waits.size > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    for (const [timer, finish] of this.#waits) {
      clearTimeout(timer)
      finish()
    }
    this.#waits.clear()
    await Promise.all(this.#writes)
  }
}
