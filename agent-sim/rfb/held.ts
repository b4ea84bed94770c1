import type { Screen } from './interfaces.ts'

/** Keys held at once that are remembered; no hand has more. */
const keysAtMost = 256

/** Input on its way to a screen. Remembers what is held down, so that nothing stays down when the operator goes. */
export class Held {
  readonly #screen: Screen
  readonly #keys = new Set<number>()
  #x = 0
  #y = 0
  #buttons = 0

  constructor(screen: Screen) {
    this.#screen = screen
  }

  key(keysym: number, down: boolean): void {
    // 0: a key that the viewer knows only by its place.
    if (keysym === 0) return
    if (!down) this.#keys.delete(keysym)
    else if (this.#keys.size < keysAtMost) this.#keys.add(keysym)
    this.#screen.key(keysym, down)
  }

  pointer(x: number, y: number, buttons: number): void {
    this.#x = Math.min(x, this.#screen.width - 1)
    this.#y = Math.min(y, this.#screen.height - 1)
    this.#buttons = buttons & 0x7f
    this.#screen.pointer(this.#x, this.#y, this.#buttons)
  }

  release(): void {
    for (const keysym of this.#keys) this.#screen.key(keysym, false)
    this.#keys.clear()
    if (this.#buttons !== 0) this.pointer(this.#x, this.#y, 0)
  }
}
