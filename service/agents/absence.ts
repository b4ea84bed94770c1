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
