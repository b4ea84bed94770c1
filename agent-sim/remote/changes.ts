import { Damage, tileSize } from '../rfb/damage.ts'
import type { Picture, Rect } from '../rfb/interfaces.ts'

/** More tiles than this share of a picture, and all of it is taken. */
const wholeShare = 0.6
/** Areas of one picture event at most; more: all of it is taken. */
const areasAtMost = 64

/** What a recorder has of one picture: which areas have really changed since it was last taken. */
export class Changes {
  readonly #picture: Picture
  #damage: Damage
  #whole = true

  constructor(picture: Picture) {
    this.#picture = picture
    this.#damage = new Damage(picture.width, picture.height)
  }

  /** Something may have changed there. */
  mark(rect: Rect): void {
    this.#damage.mark(rect)
  }

  /** The picture has another size. */
  resized(): void {
    this.#damage = new Damage(this.#picture.width, this.#picture.height)
    this.#whole = true
  }

  /** The areas to record now, or undefined where nothing has changed; they count as taken. `key`: it is the whole picture. */
  take(): { rects: Rect[]; key: boolean } | undefined {
    const { width, height } = this.#picture
    const areas: Rect[] = []
    let pixels = 0
    for (const row of this.#damage.rows({ x: 0, y: 0, width, height })) {
      const band = this.#damage.take(row, this.#picture)
      for (const area of band ? runs(band.columns, band.y, band.height, width) : []) {
        pixels += area.width * area.height
        join(areas, area)
      }
    }
    if (this.#whole || pixels > width * height * wholeShare || areas.length > areasAtMost) return this.#all()
    return areas.length === 0 ? undefined : { rects: areas, key: false }
  }

  /** All of it; it counts as taken. */
  takeAll(): { rects: Rect[]; key: boolean } {
    const { width, height } = this.#picture
    for (const row of this.#damage.rows({ x: 0, y: 0, width, height })) this.#damage.take(row, this.#picture)
    return this.#all()
  }

  #all(): { rects: Rect[]; key: boolean } {
    this.#whole = false
    return { rects: [{ x: 0, y: 0, width: this.#picture.width, height: this.#picture.height }], key: true }
  }
}

/** Columns of tiles that lie side by side, each as one area. */
function runs(columns: readonly number[], y: number, height: number, width: number): Rect[] {
  const found: { from: number; to: number }[] = []
  for (const column of columns) {
    const last = found.at(-1)
    if (last && last.to === column) last.to += 1
    else found.push({ from: column, to: column + 1 })
  }
  return found.map(({ from, to }) => ({ x: from * tileSize, y, width: Math.min(width, to * tileSize) - from * tileSize, height }))
}

/** Adds an area; where it continues one above, that one grows. */
function join(areas: Rect[], area: Rect): void {
  const at = areas.findIndex(({ x, y, width, height }) => x === area.x && width === area.width && y + height === area.y)
  const above = areas[at]
  if (above) areas[at] = { ...above, height: above.height + area.height }
  else areas.push(area)
}
