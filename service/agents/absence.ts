/**
 * Notices that the service itself was away: its machine slept, or it was stopped, between two looks. Goes by how long the machine has
 * been up, sleep included, so that a clock that is set is no absence.
 */
export class Absence {
  readonly #up: () => number
  readonly #longestMs: number
  #lookedAt: number

  /** `up`: ms, sleep included; `longestMs`: what a look may be late by and still be one of a service that was there. */
  constructor(up: () => number, longestMs: number) {
    this.#up = up
    this.#longestMs = longestMs
    this.#lookedAt = up()
  }

  /** How long it was away since the last look, in ms; 0: it was there. */
  look(): number {
    const now = this.#up()
    const passed = now - this.#lookedAt
    this.#lookedAt = now
    return passed > this.#longestMs ? passed : 0
  }
}

/** What is slewed by a time server between two looks is less, in ms. */
const setByMs = 2_000

/**
 * A date (ms) from before a clock was set by so much, or from the moment since, as that clock would have given it: never later than `now`.
 */
export const movedBy = (at: number, byMs: number, now: number): number => (byMs < 0 && at <= now ? at : Math.min(now, at + byMs))

/** Notices that the clock of the service's machine was set between two looks. Goes by the same time as an absence. */
export class ClockSet {
  readonly #wall: () => number
  readonly #up: () => number
  #apart: number

  /** `wall`: the service's clock (UTC ms); `up`: ms, sleep included. */
  constructor(wall: () => number, up: () => number) {
    this.#wall = wall
    this.#up = up
    this.#apart = wall() - up()
  }

  /** By how much it was set since the last look, in ms: forward is more than 0; 0: it was not. */
  look(): number {
    const apart = this.#wall() - this.#up()
    const by = apart - this.#apart
    this.#apart = apart
    return Math.abs(by) > setByMs ? Math.round(by) : 0
  }
}
