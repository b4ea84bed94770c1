import type { Timers, Undo } from '../../contract/system.ts'

export interface IdlenessOptions {
  readonly timers: Timers
  readonly now: () => number
  readonly idleMs: number
  /** What was shown so far, where that counts: who only looks gives no input. Undefined: a clock that moves says nothing of who drives. */
  readonly shown: (() => number) | undefined
  readonly onIdle: () => void
}

/** Whether somebody is there (REM-7): who drives gives input, or a terminal writes; for who only looks, what is shown counts. */
export class Idleness {
  readonly #options: IdlenessOptions
  #activeAt: number
  #shown = 0
  #undo: Undo = () => undefined

  constructor(options: IdlenessOptions) {
    this.#options = options
    this.#activeAt = options.now()
  }

  /** Looks now and then, until it is stopped. */
  watch(): void {
    const { timers, now, idleMs, shown, onIdle } = this.#options
    this.#undo = timers.after(idleMs / 4, () => {
      const count = shown?.() ?? 0
      if (count !== this.#shown) this.isThere()
      this.#shown = count
      if (now() - this.#activeAt >= idleMs) onIdle()
      else this.watch()
    })
  }

  isThere(): void {
    this.#activeAt = this.#options.now()
  }

  stop(): void {
    this.#undo()
  }
}
