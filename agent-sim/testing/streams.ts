import type { ErrorCode } from '../../contract/errors.ts'
import type { ByteStream, StreamListener } from '../rfb/interfaces.ts'

export interface TestStream extends ByteStream {
  /** Bytes that this end has sent and the other one has not taken yet. */
  readonly waiting: number
  /** Ended, with this code. */
  readonly ended: { readonly code: ErrorCode | undefined } | undefined
}

export interface PairOptions {
  /** More waiting bytes than this: `send` answers false. */
  readonly window?: number
  /** Bytes are given on in pieces of this many. */
  readonly piece?: number
}

class End implements TestStream {
  ended: { readonly code: ErrorCode | undefined } | undefined
  waiting = 0
  other: End | undefined
  readonly #options: PairOptions
  readonly #queue: Uint8Array[] = []
  #listener: StreamListener | undefined
  #paused = false
  #full = false

  constructor(options: PairOptions) {
    this.#options = options
  }

  listen(listener: StreamListener): void {
    this.#listener = listener
    this.#later()
  }

  send(bytes: Uint8Array): boolean {
    if (this.ended || !this.other) return true
    const { piece = bytes.length } = this.#options
    for (let at = 0; at < bytes.length; at += piece) this.other.#queue.push(bytes.subarray(at, at + piece))
    this.waiting += bytes.length
    this.other.#later()
    this.#full = this.waiting > (this.#options.window ?? Number.POSITIVE_INFINITY)
    return !this.#full
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#later()
  }

  close(code?: ErrorCode): void {
    this.#end(code)
    const { other } = this
    if (other) other.#end(code)
  }

  #end(code: ErrorCode | undefined): void {
    if (this.ended) return
    this.ended = { code }
    this.#later()
  }

  #later(): void {
    queueMicrotask(() => {
      this.#deliver()
    })
  }

  #deliver(): void {
    const { other } = this
    while (this.#listener && other && !this.#paused) {
      const next = this.#queue.shift()
      if (!next) break
      other.waiting -= next.length
      this.#listener.bytes(next)
      if (other.#full && other.waiting === 0) {
        other.#full = false
        const listener = other.#listener
        if (listener) listener.room()
      }
    }
    if (!this.ended || this.#queue.length > 0 || !this.#listener) return
    const { code } = this.ended
    const listener = this.#listener
    this.#listener = undefined
    listener.closed(code)
  }
}

/** Two ends of a stream in memory. */
export function streamPair(options: PairOptions = {}): [TestStream, TestStream] {
  const one = new End(options)
  const other = new End(options)
  one.other = other
  other.other = one
  return [one, other]
}
