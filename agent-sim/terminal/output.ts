import type { Undo } from '../../contract/system.ts'

/** Bytes on their way to whoever looks at a terminal: kept while paused, in order, and then its end. */
export class Output {
  readonly #listeners = new Set<(bytes: Uint8Array) => void>()
  readonly #endListeners = new Set<() => void>()
  #kept: Uint8Array[] = []
  #keptBytes = 0
  #paused = false
  #giving = false
  #ending = false
  #ended = false

  get paused(): boolean {
    return this.#paused
  }
  /** Its end was told, or is told when what is kept has gone. */
  get ended(): boolean {
    return this.#ending || this.#ended
  }
  /** Bytes that wait because it is paused. */
  get waiting(): number {
    return this.#keptBytes
  }

  onBytes(listener: (bytes: Uint8Array) => void): Undo {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  onEnd(listener: () => void): Undo {
    this.#endListeners.add(listener)
    return () => {
      this.#endListeners.delete(listener)
    }
  }

  push(bytes: Uint8Array): void {
    if (this.ended || bytes.length === 0) return
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
    this.#give()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#give()
  }

  /** Nothing follows. `now`: what is kept is dropped. */
  end(now = false): void {
    if (this.#ended) return
    this.#ending = true
    if (now) {
      this.#paused = false
      this.#kept = []
      this.#keptBytes = 0
    }
    this.#give()
  }

  #give(): void {
    // A listener may pause, resume or write; the outer call goes on with what came of it.
    if (this.#giving || this.#ended) return
    this.#giving = true
    for (let bytes = this.#next(); bytes; bytes = this.#next()) {
      for (const listener of [...this.#listeners]) listener(bytes)
    }
    this.#giving = false
    if (!this.#ending || this.#kept.length > 0) return
    this.#ended = true
    for (const listener of [...this.#endListeners]) listener()
  }

  #next(): Uint8Array | undefined {
    if (this.#paused) return undefined
    const bytes = this.#kept.shift()
    this.#keptBytes -= bytes?.length ?? 0
    return bytes
  }
}
