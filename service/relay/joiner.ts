import type { Writable } from 'node:stream'
import { plainHeaderBytes, writePayloadHeader } from './frames.ts'

/** Pieces up to this size are moved together; moving larger ones costs more than naming them. In bytes. */
const movedBytes = 8 * 1024

/**
 * Gathers the pieces of payload in one chunk of a connection and sends them as one frame, from the memory they arrived
 * in: what was sent in many small frames and waited together leaves in one, with its header where theirs stood.
 * It is empty between two chunks, so one serves any number of connections.
 */
export class Joiner {
  /** Earlier runs of this frame. */
  #runs: Buffer[] = []
  #chunk: Buffer | undefined
  /** The run that still grows. */
  #from = 0
  #to = 0
  #bytes = 0
  /** Bytes of the chunk before the first piece that nothing uses any more begin here. */
  #free = 0

  /** How much was gathered. */
  get bytes(): number {
    return this.#bytes
  }

  /** A new chunk begins; nothing of it is used. */
  begin(): void {
    this.#free = 0
  }

  add(chunk: Buffer, from: number, to: number): void {
    const length = to - from
    if (this.#chunk === undefined) {
      this.#chunk = chunk
      this.#from = from
      this.#to = to
    } else if (from === this.#to) {
      this.#to = to
    } else if (length <= movedBytes) {
      chunk.copyWithin(this.#to, from, to)
      this.#to += length
    } else {
      this.#runs.push(chunk.subarray(this.#from, this.#to))
      this.#from = from
      this.#to = to
    }
    this.#bytes += length
  }

  /** Forgets what was gathered. */
  drop(): void {
    this.#runs = []
    this.#chunk = undefined
    this.#bytes = 0
  }

  /** Sends what was gathered as one frame. Says whether the target wants more, as `write` does; true for nothing. */
  send(target: Writable): boolean {
    const chunk = this.#chunk
    if (chunk === undefined) return true
    const header = plainHeaderBytes(this.#bytes)
    const first = this.#runs[0]
    const start = first ? first.byteOffset - chunk.byteOffset : this.#from
    const end = this.#to
    const last = chunk.subarray(this.#from, end)
    let wants: boolean
    if (start - this.#free >= header) {
      writePayloadHeader(chunk, start - header, this.#bytes)
      if (first) {
        const [, ...rest] = this.#runs
        wants = writeTogether(target, [chunk.subarray(start - header, start + first.length), ...rest, last])
      } else {
        wants = target.write(chunk.subarray(start - header, end))
      }
    } else {
      const separate = Buffer.allocUnsafe(header)
      writePayloadHeader(separate, 0, this.#bytes)
      wants = writeTogether(target, [separate, ...this.#runs, last])
    }
    this.drop()
    this.#free = end
    return wants
  }
}

function writeTogether(target: Writable, parts: readonly Buffer[]): boolean {
  let wants = true
  target.cork()
  for (const part of parts) wants = target.write(part)
  target.uncork()
  return wants
}
