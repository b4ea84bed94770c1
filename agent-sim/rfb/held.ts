/** Keys held at once; no hand has more. One more is not pressed at all, since nobody would let go of it. */
const keysAtMost = 256

/** A key by what it writes (X11 keysym), and by its place where the viewer names that too; keysym 0: only its place is known. */
export interface Key {
  readonly keysym: number
  readonly scancode?: number | undefined
}

/** Where input goes: a simulated screen, or a VNC server. */
export interface InputSink {
  key(key: Key, down: boolean): void
  pointer(x: number, y: number, buttons: number): void
}

/**
 * Input on its way to a screen (REM-4). Remembers what is held down, so that nothing stays down when the operator goes, in
 * whichever way: no VNC server lets go of it by itself.
 */
export class Held {
  readonly #sink: InputSink
  readonly #keys = new Map<string, Key>()
  #x = 0
  #y = 0
  #buttons = 0

  constructor(sink: InputSink) {
    this.#sink = sink
  }

  key(key: Key, down: boolean): void {
    const name = key.scancode === undefined ? `keysym ${key.keysym}` : `place ${key.scancode}`
    if (!down) this.#keys.delete(name)
    else if (this.#keys.has(name) || this.#keys.size < keysAtMost) this.#keys.set(name, key)
    else return
    this.#sink.key(key, down)
  }

  pointer(x: number, y: number, buttons: number): void {
    this.#x = x
    this.#y = y
    this.#buttons = buttons
    this.#sink.pointer(x, y, buttons)
  }

  /** Lets go of everything: of keys from the last to the first, then of buttons, where the pointer is. */
  release(): void {
    for (const key of [...this.#keys.values()].reverse()) this.#sink.key(key, false)
    this.#keys.clear()
    if (this.#buttons !== 0) this.pointer(this.#x, this.#y, 0)
  }
}
