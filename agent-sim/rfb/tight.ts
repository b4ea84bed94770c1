import { Packet } from './bytes.ts'
import { bitmap, indexed, joined, paletteOf, pixelsOf, threeBytes, type Palette, type Pixels } from './colours.ts'
import { tileSize, type Band } from './damage.ts'
import { Deflater } from './deflater.ts'
import { encodings } from './protocol.ts'

/** Packs a band's area as JPEG. `quality`: 1 to 100. `x`, `width`: in pixels of the band. */
export type Jpeg = (band: Band, x: number, width: number, quality: number) => Promise<Uint8Array>

/** JPEG qualities of the levels 0 to 8, as TigerVNC has them; 9 is without losses here. */
const qualities = [15, 29, 41, 42, 62, 77, 79, 86, 92]

/** Areas with many colours and fewer pixels than this go without losses: a JPEG would hardly be smaller. */
const jpegPixelsAtLeast = 1_024
/** Tight allows 2,048 pixels in width; noVNC draws areas one after the other. */
const widthAtMost = 2_048
/** Areas of few colours are not joined beyond this: their palettes grow. */
const fewWidthAtMost = 512
const defaultLevel = 2

const streams = { colours: 0, mono: 1, palette: 2 } as const

interface Run {
  /** In pixels of the band. */
  readonly x: number
  readonly width: number
  readonly columns: readonly number[]
  /** Undefined: more colours than a palette has. */
  readonly palette: Palette | undefined
}

export interface TightRect {
  /** With its head, as it goes out. */
  readonly bytes: Uint8Array
  /** Columns of tiles that went with losses. */
  readonly lossy: readonly number[]
}

/** The Tight encoding for one viewer; its zlib streams live as long as the connection. */
export class TightEncoder {
  readonly #jpeg: Jpeg
  #deflaters: (Deflater | undefined)[] = []
  #level = defaultLevel
  #quality: number | undefined

  constructor(jpeg: Jpeg) {
    this.#jpeg = jpeg
  }

  /** Levels 0 to 9; undefined: no losses, usual compression. Not while `encode` runs. */
  set(quality: number | undefined, compression: number | undefined): void {
    this.#quality = quality === undefined ? undefined : qualities[quality]
    const level = compression ?? defaultLevel
    if (level === this.#level) return
    this.#level = level
    this.close()
  }

  /** All that changed in a band. One call after the other: the viewer unpacks in this order. */
  async encode(band: Band): Promise<TightRect[]> {
    const pixels = pixelsOf(band.pixels, band.width)
    const rects = runsOf(band, pixels).map((run) => this.#encode(band, pixels, run))
    return await Promise.all(rects)
  }

  close(): void {
    for (const deflater of this.#deflaters) deflater?.close()
    this.#deflaters = []
  }

  async #encode(band: Band, pixels: Pixels, run: Run): Promise<TightRect> {
    const { x, width, palette } = run
    const head = new Packet().u16(band.x + x, band.y, width, band.height).u32(encodings.tight)
    if (palette?.size === 1) {
      const [colour = 0] = palette.keys()
      return { bytes: head.u8(0x80, ...rgb(colour)).done(), lossy: [] }
    }
    if (palette) return { bytes: await this.#few(head, band, pixels, run, palette), lossy: [] }
    if (this.#quality !== undefined && width * band.height >= jpegPixelsAtLeast) {
      const image = await this.#jpeg(band, x, width, this.#quality)
      return { bytes: withLength(head.u8(0x90), image).done(), lossy: run.columns }
    }
    const bytes = threeBytes(pixels, x, width, band.height)
    const [reset, packed] = this.#pack(streams.colours, bytes)
    head.u8((streams.colours << 4) | reset)
    return { bytes: (await data(head, bytes, packed)).done(), lossy: [] }
  }

  #few(head: Packet, band: Band, pixels: Pixels, { x, width }: Run, palette: Palette): Promise<Uint8Array> {
    const indices = indexed(pixels, palette, x, width, band.height)
    const mono = palette.size === 2
    const bytes = mono ? bitmap(indices, width, band.height) : indices
    const stream = mono ? streams.mono : streams.palette
    const [reset, packed] = this.#pack(stream, bytes)
    head.u8(0x40 | (stream << 4) | reset, 1, palette.size - 1)
    for (const colour of palette.keys()) head.u8(...rgb(colour))
    return data(head, bytes, packed).then((packet) => packet.done())
  }

  /** The bit that tells the viewer to begin this stream anew, and what is packed. Called in the order in which it is sent. */
  #pack(stream: number, bytes: Uint8Array): [reset: number, packed: Promise<Uint8Array> | undefined] {
    if (bytes.length < smallestPacked) return [0, undefined]
    const known = this.#deflaters[stream]
    const deflater = known ?? new Deflater(this.#level)
    this.#deflaters[stream] = deflater
    return [known ? 0 : 1 << stream, deflater.pack(bytes)]
  }
}

/** Fewer bytes than this go as they are, without a length. */
const smallestPacked = 12

const rgb = (colour: number): [number, number, number] => [colour & 0xff, (colour >> 8) & 0xff, colour >> 16]

async function data(packet: Packet, bytes: Uint8Array, packed: Promise<Uint8Array> | undefined): Promise<Packet> {
  return packed ? withLength(packet, await packed) : packet.bytes(bytes)
}

/** Seven bits a byte, the lowest first, in at most three. */
function withLength(packet: Packet, bytes: Uint8Array): Packet {
  const { length } = bytes
  if (length < 0x80) packet.u8(length)
  else if (length < 0x4000) packet.u8((length & 0x7f) | 0x80, length >> 7)
  else packet.u8((length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14)
  return packet.bytes(bytes)
}

/** Joins neighbouring tiles that go the same way: one colour, few, or many. */
function runsOf(band: Band, pixels: Pixels): Run[] {
  const runs: Run[] = []
  for (const column of band.columns) {
    const x = column * tileSize - band.x
    const width = Math.min(tileSize, band.width - x)
    const palette = paletteOf(pixels, x, width, band.height)
    const last = runs.at(-1)
    const tile = { x, width, columns: [column], palette }
    const both = last && last.x + last.width === x ? join(last, tile) : undefined
    if (both) runs[runs.length - 1] = both
    else runs.push(tile)
  }
  return runs
}

function join(one: Run, other: Run): Run | undefined {
  const width = one.width + other.width
  const both = { x: one.x, width, columns: [...one.columns, ...other.columns] }
  if (!one.palette || !other.palette)
    return !one.palette && !other.palette && width <= widthAtMost ? { ...both, palette: undefined } : undefined
  const palette = joined(one.palette, other.palette)
  const [single, otherSingle] = [one.palette.size === 1, other.palette.size === 1]
  if (single || otherSingle) return palette?.size === 1 && width <= widthAtMost ? { ...both, palette } : undefined
  return palette && width <= fewWidthAtMost ? { ...both, palette } : undefined
}
