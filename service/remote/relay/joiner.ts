import type { Writable } from 'node:stream'
import { plainHeaderBytes, writePayloadHeader } from './frames.ts'

/** The header of a frame of up to 65,535 bytes; the headers that stood between pieces leave at least as much. */
const headroom = 4

/** Chunks from this size on are given back as soon as they are sent. In bytes. */
const givenBackBytes = 16 * 1024

/**
 * Gathers the pieces of payload in one chunk of a connection and sends them as one frame, from the memory they arrived
 * in: what was sent in many small frames and waited together leaves in one, with its header where theirs stood. One
 * write of one buffer costs the system less than several together, and moving bytes within a chunk costs less still.
 * It is empty between two chunks, so one serves any number of connections.
 */
export class Joiner {
  #chunk: Buffer | undefined
  /** What was gathered is bytes [from, to) of the chunk. */
  #from = 0
  #to = 0
  /** From here on nothing uses the bytes of the chunk that lie before what was gathered. */
  #free = 0

  /** How much was gathered. */
  get bytes(): number {
    return this.#to - this.#from
  }

  /** A new chunk begins; nothing of it is used. */
  begin(): void {
    this.#free = 0
  }

  add(chunk: Buffer, from: number, to: number): void {
    if (this.#chunk === undefined) {
      this.#chunk = chunk
      this.#from = from
      this.#to = to
    } else if (this.#from - this.#free < headroom || this.bytes < to - from) {
      // Up to the new piece: it is the smaller part, or there is no room for a header before it.
      const start = from - this.bytes
      chunk.copyWithin(start, this.#from, this.#to)
      this.#from = start
      this.#to = to
    } else {
      chunk.copyWithin(this.#to, from, to)
      this.#to += to - from
    }
  }

  /** Forgets what was gathered. */
  drop(): void {
    this.#chunk = undefined
    this.#from = 0
    this.#to = 0
  }

  /**
   * Sends what was gathered as one frame; with `last`, nobody uses the chunk after that. Says whether the target wants more, as `write`
   * does; true for nothing.
   */
  send(target: Writable, last = false): boolean {
    const chunk = this.#chunk
    if (chunk === undefined) return true
    const length = this.bytes
    const from = this.#from
    const to = this.#to
    this.drop()
    const sent = last && chunk.length >= givenBackBytes && chunk.length === chunk.buffer.byteLength ? giveBack(chunk) : undefined
    const header = plainHeaderBytes(length)
    const inPlace = from - this.#free >= header
    this.#free = to
    if (inPlace) {
      writePayloadHeader(chunk, from - header, length)
      return target.write(chunk.subarray(from - header, to), sent)
    }
    // The middle of a large frame: nothing stood before it.
    const separate = Buffer.allocUnsafe(header)
    writePayloadHeader(separate, 0, length)
    target.cork()
    target.write(separate)
    const wants = target.write(chunk.subarray(from, to), sent)
    target.uncork()
    return wants
  }
}

/**
 * What is to be done once a chunk is with the system: its memory is freed at once. Left to the garbage collector, the
 * bytes that pass would make it look through the whole heap many times a second.
 */
const giveBack =
  (chunk: Buffer) =>
  (error?: Error | null): void => {
    if (!error && chunk.buffer instanceof ArrayBuffer && !chunk.buffer.detached) chunk.buffer.transfer(0)
  }
