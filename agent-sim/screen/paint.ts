import type { Canvas, Path2D, SKRSContext2D } from '@napi-rs/canvas'
import type { Rect } from '../rfb/interfaces.ts'
import { fontFamily, fontWeight, type CanvasLibrary } from './canvas.ts'
import { icons, type IconName } from './icons.ts'
import { boundsOf, intersection, type Fill, type Shape } from './scene.ts'
import { glowsOf } from './wallpaper.ts'

/** Longest text that is measured; whatever a device is called, a line of a screen is shorter. */
const textCharsAtMost = 400

/** So many times smaller than on the screen wallpapers are drawn. */
const lightScale = 4

/** Draws shapes into a canvas. */
export class Painter {
  readonly #library: CanvasLibrary
  readonly #context: SKRSContext2D
  readonly #paths = new Map<IconName, Path2D>()
  readonly #lights = new Map<string, Canvas>()

  constructor(library: CanvasLibrary, context: SKRSContext2D, language: string) {
    this.#library = library
    this.#context = context
    context.lang = language
    context.textBaseline = 'alphabetic'
    context.lineCap = 'round'
    context.lineJoin = 'round'
  }

  /** Draws what of the shapes lies within the rectangle, and leaves the rest of the canvas as it is. */
  paint(shapes: readonly Shape[], within: Rect): void {
    const context = this.#context
    context.save()
    clip(context, within)
    context.fillStyle = '#000000'
    context.fillRect(within.x, within.y, within.width, within.height)
    for (const shape of shapes) {
      if (intersection(boundsOf(shape), within)) this.#draw(shape)
    }
    context.restore()
  }

  #draw(shape: Shape): void {
    switch (shape.kind) {
      case 'wallpaper':
        this.#wallpaper(shape)
        return
      case 'box':
        this.#box(shape)
        return
      case 'text':
        this.#text(shape)
        return
      case 'icon':
        this.#icon(shape)
    }
  }

  #wallpaper({ rect, theme, shade }: Extract<Shape, { kind: 'wallpaper' }>): void {
    const context = this.#context
    const { x, y, width, height } = rect
    // Soft light costs much where it is drawn at its size, and nothing is lost where it is drawn small.
    context.imageSmoothingEnabled = true
    context.drawImage(this.#light(theme, Math.ceil(width / lightScale), Math.ceil(height / lightScale)), x, y, width, height)
    if (shade === 0) return
    context.fillStyle = `rgba(8, 8, 20, ${shade})`
    context.fillRect(x, y, width, height)
  }

  /** The picture of a wallpaper, drawn once. */
  #light(theme: number, width: number, height: number): Canvas {
    const key = `${theme} ${width} ${height}`
    const known = this.#lights.get(key)
    if (known) return known
    const canvas = this.#library.createCanvas(width, height)
    const context = canvas.getContext('2d')
    const { from, to, glows } = glowsOf(theme)
    const ground = context.createLinearGradient(0, 0, width, height)
    ground.addColorStop(0, from)
    ground.addColorStop(1, to)
    context.fillStyle = ground
    context.fillRect(0, 0, width, height)
    for (const { color, atX, atY, reach } of glows) {
      const glow = context.createRadialGradient(atX * width, atY * height, 0, atX * width, atY * height, reach * width)
      glow.addColorStop(0, `${color}cc`)
      glow.addColorStop(0.5, `${color}48`)
      glow.addColorStop(1, `${color}00`)
      context.fillStyle = glow
      context.fillRect(0, 0, width, height)
    }
    this.#lights.set(key, canvas)
    return canvas
  }

  #box({ rect, fill, radius, line, lineWidth = 1, shadow }: Extract<Shape, { kind: 'box' }>): void {
    const context = this.#context
    const { x, y, width, height } = rect
    context.save()
    if (shadow !== undefined) {
      context.shadowColor = 'rgba(0, 0, 0, 0.45)'
      context.shadowBlur = shadow
      context.shadowOffsetY = Math.round(shadow / 4)
    }
    context.fillStyle = this.#fill(fill, rect)
    context.beginPath()
    context.roundRect(x, y, width, height, radius)
    context.fill()
    context.restore()
    if (line === undefined) return
    context.strokeStyle = line
    context.lineWidth = lineWidth
    context.beginPath()
    context.roundRect(x + lineWidth / 2, y + lineWidth / 2, width - lineWidth, height - lineWidth, Math.max(0, radius - lineWidth / 2))
    context.stroke()
  }

  #fill(fill: Fill, { x, y, height }: Rect): Exclude<SKRSContext2D['fillStyle'], undefined> {
    if (typeof fill === 'string') return fill
    const gradient = this.#context.createLinearGradient(x, y, x, y + height)
    gradient.addColorStop(0, fill[0])
    gradient.addColorStop(1, fill[1])
    return gradient
  }

  #text({ rect, text, size, weight, color, align, dot = false }: Extract<Shape, { kind: 'text' }>): void {
    const context = this.#context
    const { x, y, width, height } = rect
    context.save()
    clip(context, rect)
    context.font = `${fontWeight(weight)} ${size}px ${fontFamily}`
    context.fillStyle = color
    context.textAlign = align
    const at = align === 'left' ? x : align === 'center' ? x + width / 2 : x + width
    // Capitals of this font are 0.727 of its size high, and stand in the middle.
    const before = dot ? size * 1.1 : 0
    const shown = this.#shortened(text, width - before)
    const shift = align === 'center' ? before / 2 : align === 'left' ? before : 0
    context.fillText(shown, at + shift, Math.round(y + height / 2 + size * 0.3635))
    if (dot) {
      const share = align === 'left' ? 0 : align === 'center' ? 0.5 : 1
      context.beginPath()
      context.arc(at + shift - share * context.measureText(shown).width - size * 0.8, y + height / 2, size * 0.3, 0, 2 * Math.PI)
      context.fill()
    }
    context.restore()
  }

  #shortened(text: string, width: number): string {
    const context = this.#context
    const whole = text.slice(0, textCharsAtMost)
    if (whole === text && context.measureText(whole).width <= width) return whole
    const characters = [...whole]
    let fits = 0
    let tooLong = characters.length
    while (tooLong - fits > 1) {
      const middle = Math.floor((fits + tooLong) / 2)
      if (context.measureText(`${characters.slice(0, middle).join('')}…`).width <= width) fits = middle
      else tooLong = middle
    }
    return `${characters.slice(0, fits).join('').trimEnd()}…`
  }

  #icon({ rect, icon, color }: Extract<Shape, { kind: 'icon' }>): void {
    const context = this.#context
    let path = this.#paths.get(icon)
    if (!path) {
      path = new this.#library.Path2D(icons[icon])
      this.#paths.set(icon, path)
    }
    context.save()
    clip(context, rect)
    context.translate(rect.x, rect.y)
    context.scale(rect.width / 24, rect.height / 24)
    context.strokeStyle = color
    context.lineWidth = icon === 'more' ? 3.2 : 1.75
    context.stroke(path)
    context.restore()
  }
}

function clip(context: SKRSContext2D, { x, y, width, height }: Rect): void {
  context.beginPath()
  context.rect(x, y, width, height)
  context.clip()
}
