import type { Timers, Undo } from '../agent/timers.ts'

/** Time that passes only when a test says so. */
export class FakeClock implements Timers {
  #now = 1_000_000
  #waiting: { at: number; run: () => void }[] = []

  readonly now = (): number => this.#now

  after(ms: number, run: () => void): Undo {
    const entry = { at: this.#now + ms, run }
    this.#waiting.push(entry)
    return () => {
      this.#waiting = this.#waiting.filter((one) => one !== entry)
    }
  }

  /** How many waits are under way. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Lets time pass, running what falls due in its order. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const due = this.#waiting.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0]
      if (!due) break
      this.#waiting = this.#waiting.filter((one) => one !== due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
    }
    this.#now = until
  }
}
