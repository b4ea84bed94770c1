import type { Undo } from '../contract/system.ts'

/** Listeners of one thing. Subscribing returns its undo. */
export class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>()

  listen(listener: (value: T) => void): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) listener(value)
  }

  clear(): void {
    this.#listeners.clear()
  }
}
