/** Reading a protocol from a stream of bytes that comes in any pieces, with memory bounded by what is asked for. */

/** The other end said what the protocol does not allow. The text is for the device's own log. */
export class Malformed extends Error {}

interface Ask {
  readonly want: number
  readonly to: ((bytes: Uint8Array) => void) | undefined
}

/** A protocol as a generator: it asks for bytes, and goes on when they are there. */
export type Steps<T = void> = Generator<Ask, T, Uint8Array>

/** The next `count` bytes in one piece. They are kept until complete: the caller bounds `count`. */
export function* take(count: number): Steps<Uint8Array> {
  return yield { want: count, to: undefined }
}

/** Gives the next `count` bytes on as they come, in as many pieces as they come in; nothing is kept or copied. */
export function* pass(count: number, to: (bytes: Uint8Array) => void): Steps {
  yield { want: count, to }
}

const nothing = new Uint8Array(0)
const nowhere = () => undefined

/** Reads and forgets the next `count` bytes. */
export const skip = (count: number): Steps => pass(count, nowhere)

/** Feeds bytes to a protocol. What it throws, and bytes after its end, go to `failed`, once; nothing is read after that. */
export class Intake {
  readonly #steps: Steps
  readonly #failed: (error: Error) => void
  readonly #queue: Uint8Array[] = []
  #ask: Ask = { want: 0, to: undefined }
  #got = 0
  #kept: Uint8Array | undefined
  #running = false
  #over = false

  constructor(steps: Steps, failed: (error: Error) => void) {
    this.#steps = steps
    this.#failed = failed
  }

  /** May be called while the protocol runs (an answer that came at once): it is read after what is being read. */
  push(bytes: Uint8Array): void {
    if (this.#over) return
    this.#queue.push(bytes)
    if (this.#running) return
    this.#running = true
    try {
      for (let next = this.#queue.shift(); next && !this.#over; next = this.#queue.shift()) this.#read(next)
    } catch (error) {
      this.#over = true
      this.#failed(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#running = false
    }
  }

  /** Reads nothing any more, not even the rest of what was pushed. */
  stop(): void {
    this.#over = true
    this.#queue.length = 0
  }

  #read(bytes: Uint8Array): void {
    let at = 0
    while (!this.#over) {
      const { want, to } = this.#ask
      const part = bytes.subarray(at, at + want - this.#got)
      at += part.length
      if (to) {
        if (part.length > 0) to(part)
      } else if (part.length < want && part.length > 0) {
        this.#kept ??= new Uint8Array(want)
        this.#kept.set(part, this.#got)
      }
      this.#got += part.length
      if (this.#got < want) return
      const whole = to || want === 0 ? nothing : (this.#kept ?? part)
      this.#got = 0
      this.#kept = undefined
      const step = this.#steps.next(whole)
      if (step.done) {
        if (at < bytes.length) throw new Malformed('bytes after the end')
        this.#over = true
        return
      }
      this.#ask = step.value
    }
  }
}

/** Colours of a map, which a server may still tell to who has asked for true colours: they mean nothing then. */
export function* skipColours(): Steps {
  const head = yield* take(5)
  yield* skip(u16(head, 3) * 6)
}

export const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
export const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 65_536 + u16(bytes, at + 2)
export const s32 = (bytes: Uint8Array, at: number): number => u32(bytes, at) | 0

/** A message that is put together, big-endian. */
export class Packet {
  #bytes = Buffer.alloc(64)
  #length = 0

  u8(...values: number[]): this {
    return this.#numbers(1, values)
  }

  u16(...values: number[]): this {
    return this.#numbers(2, values)
  }

  u32(...values: number[]): this {
    return this.#numbers(4, values)
  }

  bytes(bytes: Uint8Array): this {
    this.#makeRoom(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** As Latin-1. */
  text(text: string): this {
    return this.bytes(Buffer.from(text, 'latin1'))
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Of `size` bytes each; only their lowest bits count. */
  #numbers(size: 1 | 2 | 4, values: readonly number[]): this {
    this.#makeRoom(size * values.length)
    for (const value of values) {
      this.#length = this.#bytes.writeUIntBE((value >>> 0) % 256 ** size, this.#length, size)
    }
    return this
  }

  #makeRoom(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const larger = Buffer.alloc((this.#length + count) * 2)
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}
