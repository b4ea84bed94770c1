import type { Clock, Undo } from '../../contract/system.ts'
import { every } from '../../contract/timing.ts'
interface Entry {
  rounds: number
  run: () => void
}

/**
 * One ticking timer for all waits of a fleet: ten thousand devices with a heartbeat and a retry each cost one timer of
 * the process. Waits are rounded up to the next tick, so they are late by at most one tick, and never early.
 */
export class TimerWheel implements Clock {
  readonly #slots: Set<Entry>[]
  readonly #tickMs: number
  readonly #clock: Clock
  #ticks = 0
  readonly #startedAt: number
  #ticking: Undo | undefined
  #waiting = 0

  constructor(clock: Clock, options: { tickMs?: number; slots?: number } = {}) {
    this.#clock = clock
    this.#tickMs = options.tickMs ?? 25
    this.#slots = Array.from({ length: options.slots ?? 1_024 }, () => new Set<Entry>())
    this.#startedAt = this.#clock.steady()
  }

  now(): number {
    return this.#clock.now()
  }

  steady(): number {
    return this.#clock.steady()
  }

  after(ms: number, run: () => void): Undo {
    if (this.#waiting === 0) {
      // Nothing waits in any slot, so the wheel may jump to now.
      this.#ticks = Math.floor((this.#clock.steady() - this.#startedAt) / this.#tickMs)
      this.#ticking = every(this.#clock, this.#tickMs, () => {
        this.advance()
      })
    }
    const late = this.#clock.steady() - this.#startedAt - this.#ticks * this.#tickMs
    const ticks = Math.max(1, Math.ceil((ms + late) / this.#tickMs))
    const slot = this.#slots[(this.#ticks + ticks) % this.#slots.length]
    const entry: Entry = { rounds: Math.floor((ticks - 1) / this.#slots.length), run }
    slot?.add(entry)
    this.#waiting += 1
    return () => {
      if (slot?.delete(entry)) this.#left()
    }
  }

  /** Runs what is due by now. The wheel's own interval calls it; a test may. */
  advance(): void {
    const due = Math.floor((this.#clock.steady() - this.#startedAt) / this.#tickMs)
    while (this.#ticks < due && this.#waiting > 0) {
      this.#ticks += 1
      const slot = this.#slots[this.#ticks % this.#slots.length]
      if (!slot) return
      for (const entry of [...slot]) {
        if (entry.rounds > 0) {
          entry.rounds -= 1
        } else if (slot.delete(entry)) {
          this.#left()
          entry.run()
        }
      }
    }
  }

  #left(): void {
    this.#waiting -= 1
    if (this.#waiting === 0) {
      this.#ticking?.()
      this.#ticking = undefined
    }
  }
}
