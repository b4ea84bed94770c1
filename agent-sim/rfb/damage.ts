import type { Picture, Rect } from './interfaces.ts'

/** Width and height of a tile, in pixels: what is compared, and sent, at once. */
export const tileSize = 64

/** One row of tiles that has something to send. */
export interface Band {
  /** In pixels: where `pixels` lies in the picture. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** 4 bytes a pixel, rows packed. */
  readonly pixels: Uint8Array
  /** Columns of tiles (x / tileSize) that differ from what the viewer has. Ascending, not empty. */
  readonly columns: readonly number[]
}

const unknown = 0
const exact = 1
const lossy = 2

/** A picture of more pixels is not remembered; then all that was damaged is sent, changed or not. */
const rememberedAtMost = 1 << 24

/** What one viewer has of a picture: which tiles may differ, and which really do. */
export class Damage {
  readonly #width: number
  readonly #height: number
  readonly #columns: number
  readonly #rows: number
  readonly #dirty: Uint8Array
  readonly #state: Uint8Array
  readonly #sent: Buffer | undefined
  /** Dirty tiles of each row. */
  readonly #dirtyIn: Uint32Array

  constructor(width: number, height: number) {
    this.#width = width
    this.#height = height
    this.#columns = Math.ceil(width / tileSize)
    this.#rows = Math.ceil(height / tileSize)
    this.#dirty = new Uint8Array(this.#columns * this.#rows)
    this.#state = new Uint8Array(this.#columns * this.#rows)
    this.#dirtyIn = new Uint32Array(this.#rows)
    this.#sent = width * height > rememberedAtMost ? undefined : Buffer.alloc(width * height * 4)
    this.mark({ x: 0, y: 0, width, height })
  }

  /** Rows of tiles that touch the area and may have changed, from the top. */
  rows(area: Rect): number[] {
    const from = Math.max(0, Math.floor(area.y / tileSize))
    const to = Math.min(this.#rows, Math.ceil((area.y + area.height) / tileSize))
    return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at).filter((row) => (this.#dirtyIn[row] ?? 0) > 0)
  }

  /** Something may have changed there. */
  mark(rect: Rect): void {
    this.#each(rect, (at) => {
      this.#markTile(at)
    })
  }

  /** The viewer wants it whether it changed or not. */
  forget(rect: Rect): void {
    this.#each(rect, (at) => {
      this.#state[at] = unknown
      this.#markTile(at)
    })
  }

  /** What was sent with losses is to be sent again: the viewer wants another quality. */
  forgetLossy(): void {
    for (const [at, state] of this.#state.entries()) {
      if (state !== lossy) continue
      this.#state[at] = unknown
      this.#markTile(at)
    }
  }

  /** A tile of a band went with losses. */
  wasLossy(band: Band, column: number): void {
    this.#state[(band.y / tileSize) * this.#columns + column] = lossy
  }

  /** What differs in a row of tiles, as it is now; it counts as sent. Undefined: nothing. */
  take(row: number, picture: Picture): Band | undefined {
    const damaged = Array.from({ length: this.#columns }, (_, column) => column).filter(
      (column) => this.#dirty[row * this.#columns + column] === 1,
    )
    const [first] = damaged
    const last = damaged.at(-1)
    if (first === undefined || last === undefined) return undefined
    const x = first * tileSize
    const y = row * tileSize
    const width = Math.min(this.#width, (last + 1) * tileSize) - x
    const height = Math.min(tileSize, this.#height - y)
    const pixels = picture.read({ x, y, width, height })
    const band = { x, y, width, height, pixels }
    this.#dirtyIn[row] = 0
    const columns = damaged.filter((column) => {
      const at = row * this.#columns + column
      this.#dirty[at] = 0
      const changed = this.#remember(band, column, this.#state[at] === unknown)
      if (changed) this.#state[at] = exact
      return changed
    })
    return columns.length === 0 ? undefined : { ...band, columns }
  }

  #markTile(at: number): void {
    if (this.#dirty[at] === 1) return
    this.#dirty[at] = 1
    const row = Math.floor(at / this.#columns)
    this.#dirtyIn[row] = (this.#dirtyIn[row] ?? 0) + 1
  }

  #each({ x, y, width, height }: Rect, run: (at: number) => void): void {
    if (width <= 0 || height <= 0) return
    const right = Math.min(this.#columns - 1, Math.floor((x + width - 1) / tileSize))
    const bottom = Math.min(this.#rows - 1, Math.floor((y + height - 1) / tileSize))
    for (let row = Math.max(0, Math.floor(y / tileSize)); row <= bottom; row += 1) {
      for (let column = Math.max(0, Math.floor(x / tileSize)); column <= right; column += 1) run(row * this.#columns + column)
    }
  }

  /** Keeps a tile, and answers whether it differs from what was kept. `fresh`: it does whatever is there. */
  #remember(band: Omit<Band, 'columns'>, column: number, fresh: boolean): boolean {
    const sent = this.#sent
    if (!sent) return true
    const x = column * tileSize
    const bytes = Math.min(tileSize, this.#width - x) * 4
    const pixels = Buffer.from(band.pixels.buffer, band.pixels.byteOffset, band.pixels.length)
    let changed = fresh
    for (let line = 0; line < band.height; line += 1) {
      const from = (line * band.width + x - band.x) * 4
      const to = ((band.y + line) * this.#width + x) * 4
      if (!changed && pixels.compare(sent, to, to + bytes, from, from + bytes) === 0) continue
      changed = true
      pixels.copy(sent, to, from, from + bytes)
    }
    return changed
  }
}
