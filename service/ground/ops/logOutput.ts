import { writeSync } from 'node:fs'
import type { Clock } from '../../../contract/system.ts'

/** How bytes are written, and how many were; throws what the system says, such as ENOSPC. */
type Write = (bytes: Uint8Array) => number

/**
 * Where log lines go. A disk that is full, or a reader that is gone, ends nothing: lines are dropped and counted, and the first one that is
 * taken again says how many.
 */
export class LogOutput {
  readonly #clock: Pick<Clock, 'now'>
  readonly #write: Write
  #dropped = 0
  /** A line was taken in part. */
  #torn = false

  constructor(clock: Pick<Clock, 'now'>, write: Write = (bytes) => writeSync(2, bytes)) {
    this.#clock = clock
    this.#write = write
  }

  write(line: string): void {
    if (this.#put(this.#sayDropped() + line)) this.#dropped = 0
    else this.#dropped += 1
  }

  #sayDropped(): string {
    if (this.#dropped === 0) return ''
    const said = {
      level: 40,
      time: new Date(this.#clock.now()).toISOString(),
      dropped: this.#dropped,
      msg: 'log lines could not be written',
    }
    return `${this.#torn ? '\n' : ''}${JSON.stringify(said)}\n`
  }

  #put(text: string): boolean {
    const bytes = Buffer.from(text)
    let written = 0
    try {
      while (written < bytes.length) written += this.#write(bytes.subarray(written))
      this.#torn = false
      return true
    } catch {
      this.#torn ||= written > 0
      return false
    }
  }
}
