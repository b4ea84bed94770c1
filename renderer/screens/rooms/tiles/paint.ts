import type { RoomState } from '../../../../contract/views.ts'
import { drawing, type Shape, type Tone } from '../../../words/state.ts'
import { headingHeight, type TileLayout } from './layout.ts'

/** Draws tiles: state by colour and shape, on one canvas, as much as is in sight. */

export interface TileColours {
  /** Lines, and words beside them. */
  readonly text: string
  readonly faint: string
  readonly border: string
  readonly cursor: string
  readonly ground: string
  /** The line of a state, and the ground of one that calls for somebody. */
  readonly tone: (tone: Tone) => string
  readonly alarm: string
  readonly onAlarm: string
  /** A font of small letters, without its size. */
  readonly font: string
}

/** The shapes of `StateMark` on a grid of 12, for a canvas. `filled`: not a line. */
const shapes: Readonly<Record<Shape, { path: string; filled?: true }>> = {
  dot: { path: 'M6 3.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2z', filled: true },
  octagon: { path: 'M3.9.8h4.2l3.1 3.1v4.2l-3.1 3.1H3.9L.8 8.100V3.900z', filled: true },
  square: { path: 'M2.5 2.500h7v7h-7z' },
  diamond: { path: 'M6 1 11 6 6 11 1 6z', filled: true },
  triangle: { path: 'M6 1.3 11.3 10.5H.7z', filled: true },
  slashed: { path: 'M6 1.6a4.4 4.4 0 1 1 0 8.8 4.4 4.4 0 0 1 0-8.8zM1.5 10.5l9-9' },
  blocked: { path: 'M6 1.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 0 1 0-9.2zM2.8 2.8l6.4 6.4' },
  dashed: { path: 'M6 1.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 0 1 0-9.2zM6 5.2a.8.8 0 1 1 0 1.6.8.8 0 0 1 0-1.6z' },
  question: { path: 'M3.8 4.2a2.25 2.25 0 1 1 3.4 1.9c-.8.5-1.2.9-1.2 1.7M6 10.3v.2' },
  dash: { path: 'M2.5 6h7' },
  ring: { path: 'M6 1.7 10.7 9.9H1.3z' },
  check: { path: 'm1.8 6.4 2.9 2.9 5.5-6.3' },
}

/** One tile of each state at this size, drawn once: the picture is put together of them. */
export function makeSprites(step: number, ratio: number, colours: TileColours): (state: RoomState) => OffscreenCanvas {
  const made = new Map<RoomState, OffscreenCanvas>()
  return (state) => {
    const known = made.get(state)
    if (known !== undefined) return known
    const canvas = new OffscreenCanvas(Math.ceil(step * ratio), Math.ceil(step * ratio))
    const context = canvas.getContext('2d')
    if (context !== null) drawTile(context, state, step, ratio, colours)
    made.set(state, canvas)
    return canvas
  }
}

function drawTile(context: OffscreenCanvasRenderingContext2D, state: RoomState, step: number, ratio: number, colours: TileColours): void {
  const { shape, tone } = drawing[state]
  const side = step - (step > 16 ? 3 : 2)
  const alarm = state === 'unhealthy'
  context.scale(ratio, ratio)
  context.beginPath()
  context.roundRect(0.5, 0.5, side - 1, side - 1, step > 16 ? 4 : 2)
  context.fillStyle = alarm ? colours.alarm : colours.ground
  context.fill()
  context.strokeStyle = alarm ? colours.alarm : state === 'healthy' ? colours.border : colours.tone(tone)
  context.stroke()
  const shapeSide = Math.min(12, side - 2)
  context.translate((side - shapeSide) / 2, (side - shapeSide) / 2)
  context.scale(shapeSide / 12, shapeSide / 12)
  const { path, filled } = shapes[shape]
  const drawn = new Path2D(path)
  const colour = alarm ? colours.onAlarm : colours.tone(tone)
  if (filled) {
    context.fillStyle = colour
    context.fill(drawn)
  } else {
    context.strokeStyle = colour
    context.lineWidth = 1.5 * (12 / shapeSide)
    context.lineCap = 'round'
    context.stroke(drawn)
  }
}

export interface TileSight {
  /** What is in sight: from where, and how much, in CSS pixels. */
  readonly top: number
  readonly width: number
  readonly height: number
  /** Pixels of the screen to one of CSS. */
  readonly ratio: number
}

/** Draws what is in sight. `labelOf`: how a building or a floor is called. */
export function paint(
  context: CanvasRenderingContext2D,
  layout: TileLayout,
  stateOf: (place: number) => RoomState | undefined,
  spriteOf: (state: RoomState) => OffscreenCanvas,
  { top, width, height, ratio }: TileSight,
  colours: TileColours,
  labelOf: (label: TileLayout['labels'][number]) => string,
): void {
  const { rows, labels, step } = layout
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, width * ratio, height * ratio)
  for (const { x, y, first, count } of rows) {
    if (y + step < top || y > top + height) continue
    for (let n = 0; n < count; n++) {
      const state = stateOf(first + n)
      if (state !== undefined) context.drawImage(spriteOf(state), Math.round((x + n * step) * ratio), Math.round((y - top) * ratio))
    }
  }
  context.setTransform(ratio, 0, 0, ratio, 0, -top * ratio)
  context.textBaseline = 'middle'
  for (const label of labels) {
    if (label.y + headingHeight < top || label.y > top + height) continue
    const building = label.what === 'building'
    context.font = `${building ? '600 13px' : '400 12px'} ${colours.font}`
    context.fillStyle = building ? colours.text : colours.faint
    const middle = label.y + (building ? headingHeight : step - 2) / 2
    context.fillText(cut(context, labelOf(label), label.width - 8), label.x, middle)
  }
}

/** As much of a text as has room, with its end said. */
function cut(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text
  const letters = Array.from(text)
  let [low, high] = [0, letters.length]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (context.measureText(`${letters.slice(0, middle).join('')}…`).width <= width) low = middle
    else high = middle - 1
  }
  return `${letters.slice(0, low).join('')}…`
}

/** Draws a frame around the tile of the keyboard or the pointer. */
export function paintCursor(
  context: CanvasRenderingContext2D,
  at: { x: number; y: number },
  step: number,
  { top, ratio }: TileSight,
  colour: string,
  strong: boolean,
): void {
  context.setTransform(ratio, 0, 0, ratio, 0, -top * ratio)
  context.beginPath()
  const side = step - (step > 16 ? 3 : 2)
  context.roundRect(at.x - 1, at.y - 1, side + 2, side + 2, 4)
  context.strokeStyle = colour
  context.lineWidth = strong ? 2.5 : 1.5
  context.stroke()
}
