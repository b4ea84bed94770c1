import { RoomkeeperError } from '../contract/errors.ts'
import type { Log } from './log.ts'

/** One change of what is open at a time, however fast they are asked for. A failure is logged, and told to whoever waits. */
export class Turns {
  readonly #log: Log
  #last: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(log: Log) {
    this.#log = log
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** From now on failures are logged only. */
  stop(): void {
    this.#stopped = true
  }

  run(change: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(change)
    this.#last = mine.catch((error: unknown) => {
      if (error instanceof RoomkeeperError && error.code === 'session.unsent') return
      this.#log.error({ error: String(error) }, 'the account could not be opened or closed')
    })
    return mine.catch((error: unknown) => {
      if (this.#stopped) return
      throw error
    })
  }
}
