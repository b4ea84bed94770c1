import type { Clock, Undo } from '../../../contract/system.ts'
import { realSystem } from '../../../contract/testing/system.ts'

interface Wait {
  readonly at: number
  readonly end: () => void
}

/** The machine's clock, which a test may put ahead: what comes due on the way is over then, in its order, as if that time had passed. */
export class AheadClock implements Clock {
  #ahead = 0
  readonly #waits = new Set<Wait>()

  readonly now = (): number => realSystem.clock.now() + this.#ahead
  readonly steady = this.now

  after(ms: number, run: () => void): Undo {
    const undo = (): void => {
      undoReal()
      this.#waits.delete(wait)
    }
    const end = (): void => {
      undo()
      run()
    }
    const wait = { at: this.now() + ms, end }
    const undoReal = realSystem.clock.after(ms, end)
    this.#waits.add(wait)
    return undo
  }

  pass(ms: number): void {
    const until = this.now() + ms
    for (;;) {
      const [next] = [...this.#waits].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (!next) break
      this.#ahead += Math.max(0, next.at - this.now())
      next.end()
    }
    this.#ahead += Math.max(0, until - this.now())
  }
}

/** A clock that leaps: nothing comes due on the way. */
export const leapingClock = (now: () => number): Clock => ({ ...realSystem.clock, now, steady: now })
