import { Malformed, Packet, u16 } from './bytes.ts'

/** A true-colour pixel format of RFB; colour maps are not supported. */
export interface PixelFormat {
  readonly bits: 8 | 16 | 32
  readonly depth: number
  readonly bigEndian: boolean
  /** Red, green, blue. */
  readonly max: readonly [number, number, number]
  readonly shift: readonly [number, number, number]
}

/** Red, green, blue, ignored: the order of a canvas, and what noVNC asks for. */
export const rgba: PixelFormat = { bits: 32, depth: 24, bigEndian: false, max: [255, 255, 255], shift: [0, 8, 16] }

export const pixelFormatBytes = 16

/** @throws Malformed where it is no true-colour format. */
export function parsePixelFormat(bytes: Uint8Array): PixelFormat {
  const [bits = 0, depth = 0, bigEndian = 0, trueColour = 0] = bytes
  if (bits !== 8 && bits !== 16 && bits !== 32) throw new Malformed(`pixels of ${bits} bits`)
  if (trueColour === 0) throw new Malformed('a colour map')
  if (depth < 1 || depth > bits) throw new Malformed(`a depth of ${depth} in ${bits} bits`)
  const max: PixelFormat['max'] = [u16(bytes, 4), u16(bytes, 6), u16(bytes, 8)]
  const shift: PixelFormat['shift'] = [bytes[10] ?? 0, bytes[11] ?? 0, bytes[12] ?? 0]
  for (const [at, value] of max.entries()) {
    if (value === 0 || (value & (value + 1)) !== 0) throw new Malformed(`${value} as the largest value of a colour`)
    if ((shift[at] ?? 0) + Math.log2(value + 1) > bits) throw new Malformed('a colour outside its pixel')
  }
  return { bits, depth, bigEndian: bigEndian !== 0, max, shift }
}

export function writePixelFormat(packet: Packet, format: PixelFormat): Packet {
  packet.u8(format.bits, format.depth, format.bigEndian ? 1 : 0, 1)
  return packet.u16(...format.max).u8(...format.shift, 0, 0, 0)
}

export function sameFormat(a: PixelFormat, b: PixelFormat): boolean {
  return Buffer.compare(writePixelFormat(new Packet(), a).done(), writePixelFormat(new Packet(), b).done()) === 0
}

/** Bytes of one pixel inside Tight: three (red, green, blue) where the format has 8 bits of each. */
export function tightPixelBytes({ bits, depth, max }: PixelFormat): number {
  return bits === 32 && depth === 24 && max.every((value) => value === 255) ? 3 : bits / 8
}

/** Pixels of 4 bytes (red, green, blue, ignored) as the client wants them. */
export function convert(pixels: Uint8Array, format: PixelFormat): Uint8Array {
  if (sameFormat(format, rgba)) return pixels
  const bytes = format.bits / 8
  const count = pixels.length / 4
  const answer = Buffer.alloc(count * bytes)
  const scaled = format.max.map((max, at) =>
    Array.from({ length: 256 }, (_, value) => (Math.round((value * max) / 255) << (format.shift[at] ?? 0)) >>> 0),
  )
  const [red = [], green = [], blue = []] = scaled
  for (let at = 0; at < count; at += 1) {
    const value = ((red[pixels[at * 4] ?? 0] ?? 0) | (green[pixels[at * 4 + 1] ?? 0] ?? 0) | (blue[pixels[at * 4 + 2] ?? 0] ?? 0)) >>> 0
    if (format.bigEndian) answer.writeUIntBE(value, at * bytes, bytes)
    else answer.writeUIntLE(value, at * bytes, bytes)
  }
  return answer
}
