import type { Clock, Undo } from '../system.ts'

/** A clock for tests: time stands still until it is moved on. */
export class FakeClock implements Clock {
  #now: number
  #ahead = 0
  #order = 0
  readonly #waits = new Set<{ at: number; order: number; run: () => void }>()

  constructor(now = 1_800_000_000_000) {
    this.#now = now
  }

  readonly now = (): number => this.#now + this.#ahead

  readonly steady = (): number => this.#now

  /** The clock is put forward or back by hand, or the machine slept: waits go on as they were. */
  shift(ms: number): void {
    this.#ahead += ms
  }

  after(ms: number, run: () => void): Undo {
    const wait = { at: this.#now + ms, order: this.#order++, run }
    this.#waits.add(wait)
    return () => this.#waits.delete(wait)
  }

  /** Moves on and runs what comes due on the way, in order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#waits].filter((wait) => wait.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0]
      if (due === undefined) break
      this.#waits.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
    }
    this.#now = end
  }

  /** How many waits are under way. */
  get waiting(): number {
    return this.#waits.size
  }

  /** How long until the next wait is over; undefined when nothing waits. */
  next(): number | undefined {
    const times = [...this.#waits].map((wait) => wait.at)
    return times.length === 0 ? undefined : Math.min(...times) - this.#now
  }
}
