import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { ByteStream, StreamListener } from '../rfb/interfaces.ts'

/** What a frame that is kept takes in memory beside its bytes, about. */
const frameCost = 128

export interface ChannelsOptions {
  /** As a link's: always taken; false: wait for `room`. */
  readonly send: (channel: number, bytes: Uint8Array) => boolean
  /** Stops, and goes on, getting frames of all channels. */
  readonly pause: () => void
  readonly resume: () => void
  /** A channel was closed by this end; the other one is to be told. */
  readonly onClosed: (channel: number, code: ErrorCode | undefined) => void
}

/**
 * The channels of one session, each a stream of bytes. A number is used once: what still comes for a channel that was
 * closed is dropped. Bytes for a stream that is paused are kept; when they take more memory than
 * `limits.sessionWindowBytes`, the whole session is read no further.
 */
export class Channels {
  readonly #options: ChannelsOptions
  readonly #open = new Map<number, ChannelStream>()
  readonly #used = new Set<number>()
  #kept = 0
  #paused = false

  constructor(options: ChannelsOptions) {
    this.#options = options
  }

  get open(): number {
    return this.#open.size
  }

  wasUsed(channel: number): boolean {
    return this.#used.has(channel)
  }

  isOpen(channel: number): boolean {
    return this.#open.has(channel)
  }

  /** Marks a number as used, for a channel that is refused. */
  use(channel: number): void {
    this.#used.add(channel)
  }

  /** Begins a channel whose number was not used yet. `ended`: once, whichever end closes it. */
  begin(channel: number, ended: () => void): ByteStream {
    this.#used.add(channel)
    const stream = new ChannelStream({
      send: (bytes) => this.#options.send(channel, bytes),
      keep: (bytes) => {
        this.#keep(bytes)
      },
      closed: (code, mine) => {
        this.#open.delete(channel)
        if (mine) this.#options.onClosed(channel, code)
        ended()
      },
    })
    this.#open.set(channel, stream)
    return stream
  }

  /** Bytes came. False: such a channel was never opened. */
  take(channel: number, bytes: Uint8Array): boolean {
    this.#open.get(channel)?.take(bytes)
    return this.#used.has(channel)
  }

  /** There is room again in the link. */
  room(): void {
    for (const stream of [...this.#open.values()]) stream.room()
  }

  /** The other end closes a channel; the answer goes out as for a close of this end. */
  close(channel: number): void {
    this.#open.get(channel)?.close()
  }

  /** Ends all of them without telling the other end. */
  end(): void {
    for (const stream of [...this.#open.values()]) stream.end(undefined, false)
  }

  #keep(bytes: number): void {
    this.#kept += bytes
    const full = this.#kept > limits.sessionWindowBytes
    if (full === this.#paused) return
    this.#paused = full
    if (full) this.#options.pause()
    else this.#options.resume()
  }
}

interface StreamOptions {
  readonly send: (bytes: Uint8Array) => boolean
  /** So many bytes more are kept, or less. */
  readonly keep: (bytes: number) => void
  /** `mine`: this end closed it. */
  readonly closed: (code: ErrorCode | undefined, mine: boolean) => void
}

class ChannelStream implements ByteStream {
  readonly #options: StreamOptions
  #listener: StreamListener | undefined
  #kept: Uint8Array[] = []
  #paused = false
  #giving = false
  #full = false
  #closed = false

  constructor(options: StreamOptions) {
    this.#options = options
  }

  listen(listener: StreamListener): void {
    this.#listener = listener
    this.#give()
  }

  send(bytes: Uint8Array): boolean {
    if (this.#closed) return true
    this.#full = !this.#options.send(bytes)
    return !this.#full
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#give()
  }

  close(code?: ErrorCode): void {
    this.end(code, true)
  }

  take(bytes: Uint8Array): void {
    // Nothing is in it, and yet it would take memory.
    if (bytes.length === 0) return
    this.#kept.push(bytes)
    this.#options.keep(bytes.length + frameCost)
    this.#give()
  }

  room(): void {
    if (!this.#full) return
    this.#full = false
    this.#listener?.room()
  }

  end(code: ErrorCode | undefined, mine: boolean): void {
    if (this.#closed) return
    this.#closed = true
    for (const bytes of this.#kept) this.#options.keep(-bytes.length - frameCost)
    this.#kept = []
    this.#listener?.closed(code)
    this.#options.closed(code, mine)
  }

  /** In order, also where the listener pauses, resumes or closes while it is given bytes. */
  #give(): void {
    if (this.#giving) return
    this.#giving = true
    while (!this.#paused && this.#listener) {
      const bytes = this.#kept.shift()
      if (!bytes) break
      this.#options.keep(-bytes.length - frameCost)
      this.#listener.bytes(bytes)
    }
    this.#giving = false
  }
}
