import type { Clock, Undo } from '../../contract/system.ts'

/** How often it is measured. */
const pingMs = 2_000

interface RoundTripOptions {
  readonly clock: Clock
  /** Asks the device for an answer with this time in it. */
  readonly ping: (at: number) => void
  /** `ms` has changed. */
  readonly changed: () => void
}

/** How long a word to the device and its answer take, while a session is live. */
export class RoundTrip {
  readonly #options: RoundTripOptions
  #ms: number | null = null
  /** When the ping that is not answered yet was sent. */
  #pingAt: number | undefined
  #undo: Undo | undefined

  constructor(options: RoundTripOptions) {
    this.#options = options
  }

  /** Null: not known. */
  get ms(): number | null {
    return this.#ms
  }

  /** One at a time: where the link is slow no more of them wait in it. */
  measure(): void {
    const { clock, ping } = this.#options
    this.#undo?.()
    this.#undo = clock.after(pingMs, () => this.measure())
    if (this.#pingAt !== undefined) return
    this.#pingAt = clock.steady()
    ping(this.#pingAt)
  }

  ponged(at: number): void {
    if (at !== this.#pingAt) return
    this.#pingAt = undefined
    const ms = Math.max(0, this.#options.clock.steady() - at)
    if (ms === this.#ms) return
    this.#ms = ms
    this.#options.changed()
  }

  /** What was measured counts no more. */
  stop(): void {
    this.#undo?.()
    this.#undo = undefined
    this.#pingAt = undefined
    this.#ms = null
  }
}
