/** Which colours an area has, as far as that decides how it is sent. */

/** A palette has at most this many. */
export const coloursAtMost = 256

/** Colours (red + green × 256 + blue × 65536) with their places in a palette. */
export type Palette = Map<number, number>

/** Pixels that are looked at: 4 bytes each as one number. */
export interface Pixels {
  readonly values: Uint32Array
  /** Pixels of one row. */
  readonly stride: number
}

/** Pixels of 4 bytes as numbers, without a copy where they lie well in memory. */
export function pixelsOf(bytes: Uint8Array, stride: number): Pixels {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes)
  return { values: new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2), stride }
}

/** The colours of an area, or undefined: more than a palette has. */
export function paletteOf({ values, stride }: Pixels, x: number, width: number, height: number): Palette | undefined {
  const palette: Palette = new Map()
  let before = -1
  for (let row = 0; row < height; row += 1) {
    const start = row * stride + x
    for (let at = start; at < start + width; at += 1) {
      const colour = (values[at] ?? 0) & 0xff_ffff
      if (colour === before) continue
      before = colour
      if (palette.has(colour)) continue
      if (palette.size === coloursAtMost) return undefined
      palette.set(colour, palette.size)
    }
  }
  return palette
}

/** All colours of both, or undefined: more than a palette has. */
export function joined(one: Palette, other: Palette): Palette | undefined {
  const both: Palette = new Map(one)
  for (const colour of other.keys()) {
    if (both.has(colour)) continue
    if (both.size === coloursAtMost) return undefined
    both.set(colour, both.size)
  }
  return both
}

/** One byte a pixel: the place of its colour. */
export function indexed({ values, stride }: Pixels, palette: Palette, x: number, width: number, height: number): Uint8Array {
  const answer = new Uint8Array(width * height)
  let before = -1
  let place = 0
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const colour = (values[row * stride + x + column] ?? 0) & 0xff_ffff
      if (colour !== before) {
        before = colour
        place = palette.get(colour) ?? 0
      }
      answer[row * width + column] = place
    }
  }
  return answer
}

/** One bit a pixel, rows begin with a byte: whether it has the second colour. */
export function bitmap(indices: Uint8Array, width: number, height: number): Uint8Array {
  const row = Math.ceil(width / 8)
  const answer = new Uint8Array(row * height)
  for (let at = 0; at < indices.length; at += 1) {
    if (indices[at] === 0) continue
    const column = at % width
    const to = Math.floor(at / width) * row + (column >> 3)
    answer[to] = (answer[to] ?? 0) | (0x80 >> (column & 7))
  }
  return answer
}

/** Three bytes a pixel. */
export function threeBytes({ values, stride }: Pixels, x: number, width: number, height: number): Uint8Array {
  const answer = new Uint8Array(width * height * 3)
  let to = 0
  for (let row = 0; row < height; row += 1) {
    const start = row * stride + x
    for (let at = start; at < start + width; at += 1) {
      const value = values[at] ?? 0
      answer[to] = value
      answer[to + 1] = value >> 8
      answer[to + 2] = value >> 16
      to += 3
    }
  }
  return answer
}
