import { Malformed, Packet } from './bytes.ts'
import { cursorRect } from './cursor.ts'
import { Damage, tileSize, type Band } from './damage.ts'
import type { Rect, Screen } from './interfaces.ts'
import { convert, rgba, tightPixelBytes, type PixelFormat } from './pixels.ts'
import { compressionBase, encodings, fromServer, levelOf, qualityBase } from './protocol.ts'
import { TightEncoder, type Jpeg } from './tight.ts'

/** Pixels of one update at most; what is damaged beyond goes with the next one. Bounds memory and the count of areas. */
const pixelsAtMost = 1 << 22

/** Whether a change of size was asked for by this viewer, and what became of it (ExtendedDesktopSize). */
const sizeReasons = { server: [0, 0], refused: [1, 1] } as const

/** What one viewer is to be told: which pixels, in which encoding, and what of the screen itself. */
export class Updates {
  damage: Damage
  format: PixelFormat = rgba
  /** The area of continuous updates, while they are on. */
  continuous: Rect | undefined
  readonly #screen: Screen
  readonly #tight: TightEncoder
  #listed: ReadonlySet<number> = new Set()
  #levels: [quality: number | undefined, compression: number | undefined] = [undefined, undefined]
  /** What was asked for since the last update. */
  #asked: Rect | undefined
  /** What the viewer believes. */
  #width = 0
  #height = 0
  #sizeDue: keyof typeof sizeReasons | undefined
  #cursorDue = false
  #keysDue = false
  #told = new Set<number>()

  constructor(screen: Screen, jpeg: Jpeg) {
    this.#screen = screen
    this.#tight = new TightEncoder(jpeg)
    this.damage = new Damage(screen.width, screen.height)
  }

  /** The viewer begins: what it is told first. */
  start(): { width: number; height: number } {
    this.resized()
    this.#sizeDue = undefined
    this.#width = this.#screen.width
    this.#height = this.#screen.height
    return { width: this.#width, height: this.#height }
  }

  /** The screen has another size. */
  resized(): void {
    this.damage = new Damage(this.#screen.width, this.#screen.height)
    this.#sizeDue = 'server'
  }

  /** The viewer would like another size: a simulated screen has the one that it has. */
  refuseSize(): void {
    this.#sizeDue ??= 'refused'
  }

  /** What the viewer understands, from its SetEncodings. */
  choose(listed: readonly number[]): void {
    this.#listed = new Set(listed)
    const [before] = this.#levels
    this.#levels = [levelOf(listed, qualityBase), levelOf(listed, compressionBase)]
    if (before !== this.#levels[0]) this.damage.forgetLossy()
    const isNew = (encoding: number) => this.#listed.has(encoding) && !this.#told.has(encoding)
    this.#cursorDue ||= isNew(encodings.cursor)
    this.#keysDue ||= isNew(encodings.qemuKey)
    if (isNew(encodings.extendedDesktopSize)) this.#sizeDue ??= 'server'
    for (const encoding of listed) if (this.#isKnown(encoding)) this.#told.add(encoding)
  }

  request(area: Rect, incremental: boolean): void {
    this.#asked = this.#asked ? around(this.#asked, area) : area
    if (!incremental) this.damage.forget(area)
  }

  get #area(): Rect | undefined {
    return this.#asked && this.continuous ? around(this.#asked, this.continuous) : (this.#asked ?? this.continuous)
  }

  /** Whether the viewer waits for something that is there to be told. */
  get wanted(): boolean {
    const area = this.#area
    if (!area) return false
    return this.#sizeDue !== undefined || this.#cursorDue || this.#keysDue || this.damage.rows(area).length > 0
  }

  close(): void {
    this.#tight.close()
  }

  /** The next update; undefined: nothing differs. One call at a time. */
  async make(): Promise<Uint8Array | undefined> {
    const area = this.#area
    if (!area) return undefined
    const asked = this.#asked
    this.#asked = undefined
    this.#tight.set(...this.#levels)
    const rects = this.#announcements()
    const { damage, format } = this
    const useTight = this.#listed.has(encodings.tight) && tightPixelBytes(format) === 3
    let pixels = 0
    for (const row of damage.rows(area)) {
      // Another size came while this one was packed: the rest of it is gone.
      if (damage !== this.damage || pixels >= pixelsAtMost) break
      const band = damage.take(row, this.#screen)
      if (!band) continue
      pixels += band.width * band.height
      if (useTight) rects.push(...(await this.#packed(damage, band)))
      else rects.push(...rawRects(band, format))
    }
    if (rects.length > 0) return Buffer.concat([new Packet().u8(fromServer.update, 0).u16(rects.length).done(), ...rects])
    // Still to be answered.
    if (asked) this.request(asked, true)
    return undefined
  }

  async #packed(damage: Damage, band: Band): Promise<Uint8Array[]> {
    const rects = await this.#tight.encode(band)
    for (const { lossy } of rects) for (const column of lossy) damage.wasLossy(band, column)
    return rects.map(({ bytes }) => bytes)
  }

  #isKnown(encoding: number): boolean {
    return encoding === encodings.cursor || encoding === encodings.qemuKey || encoding === encodings.extendedDesktopSize
  }

  #announcements(): Uint8Array[] {
    const rects: Uint8Array[] = []
    // First, since what follows lies within it.
    if (this.#sizeDue) rects.push(...this.#size(this.#sizeDue))
    this.#sizeDue = undefined
    if (this.#cursorDue) rects.push(cursorRect(this.format))
    this.#cursorDue = false
    if (this.#keysDue) rects.push(new Packet().u16(0, 0, 0, 0).u32(encodings.qemuKey).done())
    this.#keysDue = false
    return rects
  }

  #size(why: keyof typeof sizeReasons): Uint8Array[] {
    const { width, height } = this.#screen
    const changed = width !== this.#width || height !== this.#height
    this.#width = width
    this.#height = height
    if (this.#listed.has(encodings.extendedDesktopSize)) {
      const head = new Packet().u16(...sizeReasons[why], width, height).u32(encodings.extendedDesktopSize)
      return [head.u8(1, 0, 0, 0).u32(0).u16(0, 0, width, height).u32(0).done()]
    }
    if (!changed) return []
    if (!this.#listed.has(encodings.desktopSize)) throw new Malformed('the viewer knows no change of size')
    return [new Packet().u16(0, 0, width, height).u32(encodings.desktopSize).done()]
  }
}

function rawRects(band: Band, format: PixelFormat): Uint8Array[] {
  return band.columns.map((column) => {
    const x = column * tileSize
    const width = Math.min(tileSize, band.x + band.width - x)
    const pixels = Buffer.alloc(width * band.height * 4)
    for (let row = 0; row < band.height; row += 1) {
      const from = (row * band.width + x - band.x) * 4
      pixels.set(band.pixels.subarray(from, from + width * 4), row * width * 4)
    }
    return new Packet().u16(x, band.y, width, band.height).u32(encodings.raw).bytes(convert(pixels, format)).done()
  })
}

function around(one: Rect, other: Rect): Rect {
  const x = Math.min(one.x, other.x)
  const y = Math.min(one.y, other.y)
  const right = Math.max(one.x + one.width, other.x + other.width)
  const bottom = Math.max(one.y + one.height, other.y + other.height)
  return { x, y, width: right - x, height: bottom - y }
}
