import { limits } from '../limits.ts'
import type { SessionKeys } from './interfaces.ts'
import { tagBytes } from './keys.ts'

/**
 * A record on the wire: 4 bytes length of what is sealed, 8 bytes number, both authenticated with it; then ciphertext and tag.
 * All numbers are big-endian.
 */
export const headBytes = 12
const sealedAtMost = limits.sessionRecordBytes - headBytes

export function writeNumber(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  bytes.writeUInt32BE(value % 2 ** 32, at + 4)
}

/** undefined: higher than is counted here. */
export function readNumber(bytes: Uint8Array, at: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8)
  const value = view.getUint32(0) * 2 ** 32 + view.getUint32(4)
  return Number.isSafeInteger(value) ? value : undefined
}

export type Seal = SessionKeys['seal']

/** A record as it goes over the wire, this time and each time that it is sent again. */
export function makeRecord(seal: Seal, number: number, plain: Uint8Array): Uint8Array {
  const length = plain.length + tagBytes
  const record = Buffer.allocUnsafe(headBytes + length)
  record.writeUInt32BE(length, 0)
  writeNumber(record, 4, number)
  seal(number, record.subarray(0, headBytes), plain, record.subarray(headBytes))
  return record
}

/** Valid until the next one: its memory is used again. */
export interface SealedRecord {
  readonly number: number
  readonly head: Uint8Array
  readonly sealed: Uint8Array
}

/** Thrown where bytes cannot be what the other end has sent. */
export class Tampered extends Error {}

/** Finds records in bytes that come in pieces of any size; holds one record at most. */
export class RecordReader {
  readonly #onRecord: (record: SealedRecord) => void
  /** What has come of a record that is not whole; as large as the largest one yet. */
  #part = Buffer.alloc(headBytes)
  #have = 0
  /** What the record will have; only its head until that is whole. */
  #want = headBytes
  /** Counts beginnings, so that a beginning in the middle of a chunk ends the reading of it. */
  #begun = 0

  constructor(onRecord: (record: SealedRecord) => void) {
    this.#onRecord = onRecord
  }

  /** What follows begins with a record; what there was of one is forgotten. */
  begin(): void {
    this.#begun += 1
    this.#have = 0
    this.#want = headBytes
  }

  /** @throws Tampered where a length or a number cannot be. What `onRecord` throws passes through. */
  read(chunk: Uint8Array): void {
    const begun = this.#begun
    let at = 0
    while (at < chunk.length && begun === this.#begun) {
      if (this.#have === 0 && chunk.length - at >= headBytes) {
        const whole = recordBytes(chunk, at)
        if (chunk.length - at >= whole) {
          const from = at
          at += whole
          this.#give(chunk.subarray(from, at))
          continue
        }
      }
      at = this.#gather(chunk, at)
    }
  }

  /** Takes of the chunk what is missing of a record, or of its head. Answers where it has come to. */
  #gather(chunk: Uint8Array, at: number): number {
    const to = Math.min(chunk.length, at + this.#want - this.#have)
    this.#part.set(chunk.subarray(at, to), this.#have)
    this.#have += to - at
    if (this.#have < this.#want) return to
    if (this.#want > headBytes) {
      const record = this.#part.subarray(0, this.#want)
      this.#have = 0
      this.#want = headBytes
      this.#give(record)
    } else {
      this.#want = recordBytes(this.#part, 0)
      if (this.#part.length < this.#want) this.#part = Buffer.concat([this.#part.subarray(0, headBytes)], this.#want)
    }
    return to
  }

  #give(record: Uint8Array): void {
    const number = readNumber(record, 4)
    if (number === undefined) throw new Tampered('a number that cannot be')
    this.#onRecord({ number, head: record.subarray(0, headBytes), sealed: record.subarray(headBytes) })
  }
}

/** Of the record whose head begins there, head included. */
function recordBytes(bytes: Uint8Array, at: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)
  if (length <= tagBytes || length > sealedAtMost) throw new Tampered(`a record of ${length} bytes`)
  return headBytes + length
}
