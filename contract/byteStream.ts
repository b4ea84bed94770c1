import type { BridgeStream, StreamEvents } from './bridge.ts'
import { RoomkeeperError } from './errors.ts'
import { limits } from './limits.ts'

/**
 * The flow of a byte stream of the bridge, the same at both ends: what may be on the way, what was taken, and how `bytes`
 * look in a binary message.
 */

export interface StreamWire {
  /** What is given is valid for this call only. */
  bytes(bytes: Uint8Array): void
  credit(bytes: number): void
  /** This end has ended it: everything was sent before, or is not wanted. */
  end(): void
}

export interface StreamEndEvents extends StreamEvents {
  /** After `send` has answered false: there is room again. */
  room?(): void
}

/** Taken bytes are told of together: at once when so many are (bytes). */
const creditFrom = limits.bridgeStreamBytes / 4

export class StreamEnd implements BridgeStream {
  readonly #wire: StreamWire
  readonly #events: StreamEndEvents
  /** What the other end lets come, and what this end lets the other send (bytes). */
  #mayGo: number = limits.bridgeStreamBytes
  #mayCome: number = limits.bridgeStreamBytes
  #taken = 0
  #kept: Uint8Array[] = []
  #ending = false
  #over = false

  constructor(wire: StreamWire, events: StreamEndEvents) {
    this.#wire = wire
    this.#events = events
  }

  get over(): boolean {
    return this.#over
  }

  /** The bytes may be changed afterwards. */
  send(bytes: Uint8Array): boolean {
    if (this.#over || this.#ending) return true
    const now = this.#kept.length === 0 ? Math.min(bytes.byteLength, this.#mayGo) : 0
    this.#put(bytes, now)
    if (now < bytes.byteLength) this.#kept.push(bytes.slice(now))
    return this.#kept.length === 0
  }

  /** Ends it at once: what is kept is not sent. Nothing is told. */
  close(): void {
    if (this.#over) return
    this.#stop()
    this.#wire.end()
  }

  /** Ends it when all that is kept was taken. What comes meanwhile is not told any more. */
  finish(): void {
    if (this.#over) return
    this.#ending = true
    if (this.#kept.length === 0) this.close()
  }

  /** The other end has said that it is over, or nothing is known of it any more. Told once. */
  ended(error?: Error): void {
    if (this.#over) return
    this.#stop()
    this.#events.ended(error)
  }

  /** Bytes have come. False: more than was let, which ends it. */
  received(bytes: Uint8Array): boolean {
    if (this.#over) return true
    if (bytes.byteLength > this.#mayCome) return false
    this.#mayCome -= bytes.byteLength
    if (this.#ending) return true
    void this.#give(bytes)
    return true
  }

  /** The other end has taken bytes. False: more than it was sent, which ends it. */
  credited(bytes: number): boolean {
    if (this.#over) return true
    if (this.#mayGo + bytes > limits.bridgeStreamBytes) return false
    this.#mayGo += bytes
    if (this.#kept.length > 0) this.#flush()
    return true
  }

  #put(bytes: Uint8Array, length: number): void {
    if (length === 0) return
    this.#mayGo -= length
    this.#wire.bytes(length === bytes.byteLength ? bytes : bytes.subarray(0, length))
  }

  #flush(): void {
    let sent = 0
    for (const bytes of this.#kept) {
      const now = Math.min(bytes.byteLength, this.#mayGo)
      this.#put(bytes, now)
      if (now < bytes.byteLength) {
        this.#kept = [bytes.subarray(now), ...this.#kept.slice(sent + 1)]
        return
      }
      sent++
    }
    this.#kept = []
    if (this.#ending) this.close()
    else this.#events.room?.()
  }

  async #give(bytes: Uint8Array): Promise<void> {
    const { byteLength } = bytes
    try {
      const wait = this.#events.bytes(bytes)
      // Without a promise it counts at once, in the order in which it came.
      if (wait !== undefined) await wait
    } catch (error) {
      if (this.#over) return
      this.#stop()
      this.#wire.end()
      this.#events.ended(error instanceof Error ? error : new RoomkeeperError('console.failed'))
      return
    }
    this.#taken += byteLength
    if (this.#over || this.#taken < creditFrom) return
    const taken = this.#taken
    this.#taken = 0
    this.#mayCome += taken
    this.#wire.credit(taken)
  }

  #stop(): void {
    this.#over = true
    this.#kept = []
  }
}

const idBytes = 4

/** `bytes` as one binary message: the id (4 bytes, big-endian) and the bytes, copied. */
export function packBytes(id: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(idBytes + bytes.byteLength)
  new DataView(packed.buffer).setUint32(0, id)
  packed.set(bytes, idBytes)
  return packed
}

/** What a binary message says; the bytes are a view of it. Undefined where it is none. */
export function unpackBytes(message: Uint8Array): { type: 'bytes'; id: number; bytes: Uint8Array } | undefined {
  if (message.byteLength < idBytes) return undefined
  const id = new DataView(message.buffer, message.byteOffset).getUint32(0)
  return id === 0 ? undefined : { type: 'bytes', id, bytes: message.subarray(idBytes) }
}

/** These bytes alone: a clone of a view would bring all that lies around it along. */
export const alone = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength && bytes.constructor === Uint8Array ? bytes : Uint8Array.from(bytes)
