import { isUtf8 } from 'node:buffer'
import { relayCloseCodes } from '../../../contract/relay.ts'
import { unmaskInPlace } from './mask.ts'

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const finBit = 0x80
const reservedBits = 0x70
const maskBit = 0x80
const controlBytes = 125
/** The longest header of a masked frame. */
const headerBytes = 14
const none = Buffer.alloc(0)

/** What a reader tells. Payload is unmasked in place: bytes [from, to) of the chunk, which the handler may keep. */
export interface FrameHandler {
  payload(chunk: Buffer, from: number, to: number): void
  /** A whole text message. */
  text(text: string): void
  ping(data: Buffer): void
  pong(): void
  /** The other end closes, with a code if it gave one. The last call. */
  closed(code: number | undefined): void
  /** The other end broke the protocol; close with this code. The last call. */
  failed(code: number, reason: string): void
}

export interface FrameRules {
  /** Whether frames must be masked (they come from a client) or must not be. */
  readonly masked: boolean
  /** Bytes of one binary frame, and of one text message. */
  readonly frameBytes: number
  readonly textBytes: number
}

/** Where the header of a frame ends, or how many bytes of it must be there before that is known. */
function headerLength(second: number): number {
  const length = second & 0x7f
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & maskBit ? 4 : 0)
}

/**
 * Reads WebSocket frames (RFC 6455) from the bytes of a connection without making messages of them: binary payload is
 * passed on as it comes. Whatever the bytes are, it never throws; the first thing wrong is told as `failed`, and
 * nothing is read after that.
 */
export class FrameReader {
  readonly #handler: FrameHandler
  readonly #rules: FrameRules
  #stopped = false
  /** The beginning of a header whose rest has not come. */
  #header: Buffer = none
  /** The data message that has begun and not ended: opcode text or binary, or 0. */
  #message = 0
  /** Of the frame being read: opcode, whether it is its message's last, bytes to come, bytes read, mask. */
  #opcode = 0
  #final = true
  #left = 0
  #read = 0
  #mask = 0
  /** What has come of a text message. */
  #held: Buffer[] = []
  #heldBytes = 0
  /** What has come of a close, ping or pong. */
  #control: Buffer = none

  constructor(handler: FrameHandler, rules: FrameRules) {
    this.#handler = handler
    this.#rules = rules
  }

  /** Reads no more. */
  stop(): void {
    this.#stopped = true
    this.#held = []
    this.#header = none
  }

  /** Reads what has come; the chunk is changed in place. */
  read(chunk: Buffer): void {
    let at = 0
    while (!this.#stopped) {
      if (this.#left > 0) {
        if (at === chunk.length) return
        at = this.#readPayload(chunk, at)
      } else {
        const next = this.#readHeader(chunk, at)
        if (next === -1) return
        at = next
      }
    }
  }

  /** Where the payload begins; -1 where the header is not all there, or wrong. */
  #readHeader(chunk: Buffer, at: number): number {
    if (at === chunk.length) return -1
    if (this.#header.length === 0) {
      const length = this.#parseHeader(chunk, at)
      if (length > 0) return at + length
      if (!this.#stopped) this.#header = Buffer.from(chunk.subarray(at))
      return -1
    }
    const before = this.#header.length
    const joined = Buffer.concat([this.#header, chunk.subarray(at, at + headerBytes - before)])
    const length = this.#parseHeader(joined, 0)
    if (length === 0) {
      if (!this.#stopped) this.#header = joined
      return -1
    }
    this.#header = none
    return at + length - before
  }

  /** The header's length; 0 where it is not all there, or wrong. */
  #parseHeader(bytes: Buffer, at: number): number {
    const there = bytes.length - at
    if (there < 1) return 0
    const first = bytes[at] ?? 0
    const opcode = first & 0x0f
    const final = (first & finBit) !== 0
    if ((first & reservedBits) !== 0) return this.#fail(relayCloseCodes.protocol, 'reserved bits')
    const problem = this.#orderProblem(opcode, final)
    if (problem !== undefined) return this.#fail(relayCloseCodes.protocol, problem)
    if (there < 2) return 0
    const second = bytes[at + 1] ?? 0
    if (((second & maskBit) !== 0) !== this.#rules.masked) return this.#fail(relayCloseCodes.protocol, 'mask')
    const short = second & 0x7f
    if (opcode >= opcodes.close && short > controlBytes) return this.#fail(relayCloseCodes.protocol, 'long control frame')
    const length = headerLength(second)
    if (there < length) return 0
    let payload = short
    if (short === 126) {
      payload = bytes.readUInt16BE(at + 2)
      if (payload < 126) return this.#fail(relayCloseCodes.protocol, 'length')
    } else if (short === 127) {
      const high = bytes.readUInt32BE(at + 2)
      payload = high * 2 ** 32 + bytes.readUInt32BE(at + 6)
      if (high >= 2 ** 31 || payload < 65_536) return this.#fail(relayCloseCodes.protocol, 'length')
    }
    if (opcode < opcodes.close) {
      const message = opcode === opcodes.continuation ? this.#message : opcode
      const tooLong = message === opcodes.text ? this.#heldBytes + payload > this.#rules.textBytes : payload > this.#rules.frameBytes
      if (tooLong) return this.#fail(relayCloseCodes.tooLarge, 'too large')
      this.#message = message
    }
    this.#opcode = opcode
    this.#final = final
    this.#left = payload
    this.#read = 0
    this.#mask = this.#rules.masked ? bytes.readInt32BE(at + length - 4) : 0
    if (payload === 0) this.#frameEnds(none)
    return length
  }

  /** What is wrong with a frame of this kind now. */
  #orderProblem(opcode: number, final: boolean): string | undefined {
    if (opcode === opcodes.close || opcode === opcodes.ping || opcode === opcodes.pong) return final ? undefined : 'control frame in parts'
    if (opcode === opcodes.continuation) return this.#message === 0 ? 'nothing to continue' : undefined
    if (opcode === opcodes.text || opcode === opcodes.binary) return this.#message === 0 ? undefined : 'message in a message'
    return 'unknown kind of frame'
  }

  #readPayload(chunk: Buffer, from: number): number {
    const to = Math.min(chunk.length, from + this.#left)
    unmaskInPlace(chunk, from, to, this.#mask, this.#read)
    this.#read += to - from
    this.#left -= to - from
    if (this.#opcode < opcodes.close && this.#message === opcodes.binary) {
      if (this.#left === 0 && this.#final) this.#message = 0
      this.#handler.payload(chunk, from, to)
    } else if (this.#left > 0) {
      // A control frame in the middle of a text message has bytes of its own.
      if (this.#opcode < opcodes.close) this.#hold(chunk.subarray(from, to))
      else this.#control = Buffer.concat([this.#control, chunk.subarray(from, to)])
    } else {
      this.#frameEnds(chunk.subarray(from, to))
    }
    return to
  }

  #hold(bytes: Buffer): void {
    this.#held.push(Buffer.from(bytes))
    this.#heldBytes += bytes.length
  }

  /** A frame other than of binary payload is complete, or one without payload. */
  #frameEnds(last: Buffer): void {
    if (this.#opcode >= opcodes.close) {
      const data = Buffer.concat([this.#control, last])
      this.#control = none
      if (this.#opcode === opcodes.ping) this.#handler.ping(data)
      else if (this.#opcode === opcodes.pong) this.#handler.pong()
      else this.#closes(data)
      return
    }
    if (this.#message === opcodes.text && last.length > 0) this.#hold(last)
    if (!this.#final) return
    const text = this.#message === opcodes.text
    this.#message = 0
    if (!text) return
    const bytes = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    if (isUtf8(bytes)) this.#handler.text(bytes.toString('utf8'))
    else this.#fail(relayCloseCodes.notText, 'not UTF-8')
  }

  #closes(data: Buffer): void {
    if (data.length === 1) {
      this.#fail(relayCloseCodes.protocol, 'close code')
      return
    }
    const code = data.length === 0 ? undefined : data.readUInt16BE(0)
    if (code !== undefined && !isCloseCode(code)) this.#fail(relayCloseCodes.protocol, 'close code')
    else if (!isUtf8(data.subarray(2))) this.#fail(relayCloseCodes.notText, 'not UTF-8')
    else {
      this.stop()
      this.#handler.closed(code)
    }
  }

  #fail(code: number, reason: string): 0 {
    this.stop()
    this.#handler.failed(code, reason)
    return 0
  }
}

/** Codes that may be on the wire. */
const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)

/** Bytes of the header of an unmasked frame. */
export const plainHeaderBytes = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10)

/** Writes the header of an unmasked, whole frame, and answers where it ends. */
function writeHeader(target: Buffer, at: number, opcode: number, length: number): number {
  target[at] = finBit | opcode
  if (length < 126) {
    target[at + 1] = length
    return at + 2
  }
  if (length < 65_536) {
    target[at + 1] = 126
    return target.writeUInt16BE(length, at + 2)
  }
  target[at + 1] = 127
  target.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2)
  return target.writeUInt32BE(length >>> 0, at + 6)
}

/** Writes the header of a frame of payload, and answers where it ends. */
export const writePayloadHeader = (target: Buffer, at: number, length: number): number => writeHeader(target, at, opcodes.binary, length)

function frame(opcode: number, data: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(plainHeaderBytes(data.length) + data.length)
  data.copy(bytes, writeHeader(bytes, 0, opcode, data.length))
  return bytes
}

export const textFrame = (text: string): Buffer => frame(opcodes.text, Buffer.from(text))
export const payloadFrame = (data: Buffer): Buffer => frame(opcodes.binary, data)
export const pingFrame = (): Buffer => frame(opcodes.ping, none)
export const pongFrame = (data: Buffer): Buffer => frame(opcodes.pong, data)

/** @param reason short: with the code at most 125 bytes. */
export function closeFrame(code: number, reason: string): Buffer {
  const data = Buffer.allocUnsafe(2 + Buffer.byteLength(reason))
  data.writeUInt16BE(code, 0)
  data.write(reason, 2)
  return frame(opcodes.close, data)
}

/** The frame as a client sends it. The mask of zero leaves the payload as it is. */
export function masked(plain: Buffer, mask: number): Buffer {
  const start = headerLength((plain[1] ?? 0) & 0x7f)
  const bytes = Buffer.allocUnsafe(plain.length + 4)
  plain.copy(bytes, 0, 0, start)
  bytes[1] = (plain[1] ?? 0) | maskBit
  bytes.writeInt32BE(mask | 0, start)
  plain.copy(bytes, start + 4, start)
  unmaskInPlace(bytes, start + 4, bytes.length, mask | 0, 0)
  return bytes
}
