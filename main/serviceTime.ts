import type { Clock, Undo } from '../contract/system.ts'
import { Emitter } from './emitter.ts'
import type { Log } from './log.ts'
import type { PreferenceFile } from './preferences.ts'

/** A difference of less than this (ms) is the way of a message, or a time told in whole seconds. */
const toleranceMs = 2_000
/** How often this machine's clock is looked at, which may be set while the service is away. */
const lookEveryMs = 10_000

/**
 * The service's time, as it was last heard and evenly carried on since: by this everything is dated that the service is told or
 * that is shown beside what it said (rule 11). This machine's own clock may be wrong, and be set at any moment.
 */
export class ServiceTime implements Clock {
  /** This machine's. */
  readonly machine: Clock
  /** What the service's time is ahead of this machine's clock by (ms); negative: that is fast. */
  readonly onSkew = new Emitter<number>()
  /** It was heard to be other than was thought, by so many ms: what was dated since the start is off by as much. */
  readonly onShift = new Emitter<number>()
  #aheadOfSteady: number
  #told: number

  /** `skew`: as it was when the program last ran. */
  constructor(machine: Clock, skew: number) {
    this.machine = machine
    this.#aheadOfSteady = machine.now() + skew - machine.steady()
    this.#told = skew
  }

  now(): number {
    return Math.round(this.machine.steady() + this.#aheadOfSteady)
  }

  steady(): number {
    return this.machine.steady()
  }

  after(ms: number, run: () => void): Undo {
    return this.machine.after(ms, run)
  }

  get skew(): number {
    return this.#told
  }

  /** The service says what time it is. */
  heard(serviceTime: number): void {
    const shift = serviceTime - this.now()
    if (Math.abs(shift) > toleranceMs) {
      this.#aheadOfSteady += shift
      this.onShift.emit(shift)
    }
    this.#tell()
  }

  /** Looks now and then whether this machine's clock was set. Returns its undo. */
  watch(): Undo {
    let undo: Undo = () => undefined
    const look = (): void => {
      this.#tell()
      undo = this.machine.after(lookEveryMs, look)
    }
    undo = this.machine.after(lookEveryMs, look)
    return () => undo()
  }

  #tell(): void {
    const skew = this.now() - Math.round(this.machine.now())
    if (Math.abs(skew - this.#told) <= toleranceMs) return
    this.#told = skew
    this.onSkew.emit(skew)
  }
}

/** The service's time from what the last run heard of it; what this one hears is kept for the next. */
export function keptTime(machine: Clock, preferences: PreferenceFile, log: Log): ServiceTime {
  const time = new ServiceTime(machine, preferences.skew)
  time.onSkew.listen((skew) => {
    try {
      preferences.noteSkew(skew)
    } catch (error) {
      log.warn({ error: String(error) }, 'what the clocks differ by could not be noted')
    }
  })
  return time
}
