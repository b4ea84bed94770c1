import type { Canvas } from '@napi-rs/canvas'
import type { Undo } from '../../contract/system.ts'
import type { Rect, Screen } from '../rfb/interfaces.ts'
import type { CanvasLibrary } from './canvas.ts'
import { Painter } from './paint.ts'
import { damageBetween, intersection, type Scene, type Shape, type Target } from './scene.ts'

export interface SimulatedDisplayOptions {
  name: string
  rect: Rect
  language: string
  /** What it shows now. */
  picture: () => Scene
  /** The library, once it is there. */
  library: () => CanvasLibrary | undefined
  /** The first of its viewers came, or the last went. */
  onWatched: (watched: boolean) => void
  /** Its picture was made anew: what of it can be pressed may have changed. */
  onPicture?: () => void
  pointer?: (x: number, y: number, buttons: number) => void
  key: (keysym: number, down: boolean) => void
  cutText: (text: string) => void
}

/** One display of a simulated room. Its canvas lives as long as somebody looks. */
export class SimulatedDisplay implements Screen {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly #options: SimulatedDisplayOptions
  readonly #viewers = new Set<(rect: Rect) => void>()
  readonly #copied = new Set<(text: string) => void>()
  #canvas: { canvas: Canvas; painter: Painter } | undefined
  /** What the canvas shows. */
  #painted: readonly Shape[] = []
  #targets: readonly Target[] | undefined

  constructor(options: SimulatedDisplayOptions) {
    this.name = options.name
    this.width = options.rect.width
    this.height = options.rect.height
    this.#options = options
  }

  get watched(): boolean {
    return this.#viewers.size > 0
  }

  /** What can be pressed now, from back to front. */
  get targets(): readonly Target[] {
    this.#targets ??= this.#options.picture().targets
    return this.#targets
  }

  read(rect: Rect): Uint8Array {
    const inside = intersection(rect, this.#options.rect)
    const { width, height } = rect
    if (!inside || inside.width !== width || inside.height !== height) return new Uint8Array(Math.max(0, width * height * 4))
    if (!this.watched) this.#paint()
    const context = this.#canvas?.canvas.getContext('2d')
    if (!context) return new Uint8Array(width * height * 4)
    const { data } = context.getImageData(rect.x, rect.y, width, height)
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    if (!this.watched) this.#canvas = undefined
    return pixels
  }

  onDamage(listener: (rect: Rect) => void): Undo {
    const viewer = (rect: Rect) => {
      listener(rect)
    }
    if (this.#viewers.size === 0) this.#paint()
    this.#viewers.add(viewer)
    if (this.#viewers.size === 1) this.#options.onWatched(true)
    return () => {
      if (!this.#viewers.delete(viewer) || this.watched) return
      this.#canvas = undefined
      this.#options.onWatched(false)
    }
  }

  /** Its size never changes. */
  onSize(): Undo {
    return () => undefined
  }

  pointer(x: number, y: number, buttons: number): void {
    this.#options.pointer?.(x, y, buttons)
  }

  key(keysym: number, down: boolean): void {
    this.#options.key(keysym, down)
  }

  cutText(text: string): void {
    this.#options.cutText(text)
  }

  onCutText(listener: (text: string) => void): Undo {
    const one = (text: string) => {
      listener(text)
    }
    this.#copied.add(one)
    return () => {
      this.#copied.delete(one)
    }
  }

  /** Tells who looks that something was copied. */
  copied(text: string): void {
    for (const listener of [...this.#copied]) listener(text)
  }

  /** The picture may have changed: draws what has, and tells who looks. */
  refresh(): void {
    this.#targets = undefined
    if (!this.watched) return
    for (const rect of this.#paint()) {
      for (const viewer of [...this.#viewers]) viewer(rect)
    }
  }

  /** Brings the canvas up to date; what of it is new. */
  #paint(): Rect[] {
    const { library, rect, picture, language, onPicture } = this.#options
    const loaded = library()
    if (!loaded) return []
    const { shapes, targets } = picture()
    const fresh = this.#canvas === undefined
    if (!this.#canvas) {
      const canvas = loaded.createCanvas(rect.width, rect.height)
      this.#canvas = { canvas, painter: new Painter(loaded, canvas.getContext('2d'), language) }
    }
    const damage = fresh ? [rect] : damageBetween(this.#painted, shapes, rect)
    for (const one of damage) this.#canvas.painter.paint(shapes, one)
    this.#painted = shapes
    this.#targets = targets
    onPicture?.()
    return damage
  }
}
