import type { Rect } from '../rfb/interfaces.ts'
import type { IconName } from './icons.ts'

/** A colour, or two of them from top to bottom. */
export type Fill = string | readonly [string, string]

/** What a picture is made of. A shape is data and draws nothing outside `boundsOf(shape)`, so that changes can be found. */
export type Shape =
  | { readonly kind: 'wallpaper'; readonly rect: Rect; readonly theme: number; readonly shade: number }
  | {
      readonly kind: 'box'
      readonly rect: Rect
      readonly fill: Fill
      readonly radius: number
      /** Colour of a line inside the edge, `lineWidth` pixels wide. */
      readonly line?: string | undefined
      readonly lineWidth?: number | undefined
      /** How far its soft shadow reaches, in pixels. */
      readonly shadow?: number | undefined
    }
  | {
      readonly kind: 'text'
      readonly rect: Rect
      readonly text: string
      readonly size: number
      readonly weight: number
      readonly color: string
      readonly align: 'left' | 'center' | 'right'
      /** A dot stands before the text. */
      readonly dot?: boolean | undefined
    }
  | { readonly kind: 'icon'; readonly rect: Rect; readonly icon: IconName; readonly color: string }

/** Something that can be pressed, by the pointer or by the keyboard. */
export interface Target {
  readonly id: string
  readonly rect: Rect
  readonly press: () => void
  /** Reached by Tab; default true. */
  readonly tab: boolean
}

/** One picture: its shapes from back to front, and what of it can be pressed. */
export interface Scene {
  readonly shapes: readonly Shape[]
  readonly targets: readonly Target[]
}

/** A rectangle. Parts of pixels are dropped, so that edges are sharp and damage is exact. */
export const rectOf = (x: number, y: number, width: number, height: number): Rect => ({
  x: Math.round(x),
  y: Math.round(y),
  width: Math.round(width),
  height: Math.round(height),
})

/** The rectangle made smaller by so many pixels on each side. */
export const inset = ({ x, y, width, height }: Rect, by: number): Rect => rectOf(x + by, y + by, width - 2 * by, height - 2 * by)

export const contains = ({ x, y, width, height }: Rect, atX: number, atY: number): boolean =>
  atX >= x && atX < x + width && atY >= y && atY < y + height

/** Places for so many tiles in an area: as square as they can be, the last row in the middle. */
export function gridOf(count: number, area: Rect, gap: number): Rect[] {
  const columns = count <= 3 ? count : count === 4 ? 2 : 3
  const rows = Math.ceil(count / columns)
  const width = (area.width - (columns - 1) * gap) / columns
  const height = (area.height - (rows - 1) * gap) / rows
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns)
    const inRow = Math.min(columns, count - row * columns)
    const left = (area.width - inRow * width - (inRow - 1) * gap) / 2
    return rectOf(area.x + left + (index % columns) * (width + gap), area.y + row * (height + gap), width, height)
  })
}

/** What both cover, or undefined where they do not meet. */
export function intersection(one: Rect, other: Rect): Rect | undefined {
  const x = Math.max(one.x, other.x)
  const y = Math.max(one.y, other.y)
  const width = Math.min(one.x + one.width, other.x + other.width) - x
  const height = Math.min(one.y + one.height, other.y + other.height) - y
  return width > 0 && height > 0 ? { x, y, width, height } : undefined
}

function union(one: Rect, other: Rect): Rect {
  const x = Math.min(one.x, other.x)
  const y = Math.min(one.y, other.y)
  return {
    x,
    y,
    width: Math.max(one.x + one.width, other.x + other.width) - x,
    height: Math.max(one.y + one.height, other.y + other.height) - y,
  }
}

/** All that a shape may touch. */
export function boundsOf(shape: Shape): Rect {
  return shape.kind === 'box' && shape.shadow !== undefined ? inset(shape.rect, -2 * shape.shadow) : shape.rect
}

/** More separate rectangles than this are joined, since each costs a viewer a message of its own. */
const rectsAtMost = 12

/** What has to be drawn anew to come from one picture to the other, within `screen`. */
export function damageBetween(before: readonly Shape[], after: readonly Shape[], screen: Rect): Rect[] {
  const old = keyed(before)
  const fresh = keyed(after)
  const stays = [...fresh.keys()].filter((key) => old.has(key))
  const stayed = [...old.keys()].filter((key) => fresh.has(key))
  // What stays but lies in another order may cover others than before.
  if (stays.some((key, index) => stayed[index] !== key)) return [screen]
  const changed = [...[...old].filter(([key]) => !fresh.has(key)), ...[...fresh].filter(([key]) => !old.has(key))]
  return joined(
    changed.map(([, shape]) => intersection(boundsOf(shape), screen)).filter((rect) => rect !== undefined),
    screen,
  )
}

/** Shapes by what they look like; two that look the same are numbered. */
function keyed(shapes: readonly Shape[]): Map<string, Shape> {
  const keys = new Map<string, Shape>()
  for (const shape of shapes) {
    const look = JSON.stringify(shape)
    let key = look
    for (let times = 2; keys.has(key); times += 1) key = `${look}#${times}`
    keys.set(key, shape)
  }
  return keys
}

/** Two that lie close are one where that costs little; two that overlap otherwise are drawn twice where they do. */
function joined(rects: readonly Rect[], screen: Rect): Rect[] {
  const apart: Rect[] = []
  for (const rect of rects) {
    let grown = rect
    for (let index = apart.findIndex((one) => isOne(one, grown)); index >= 0; index = apart.findIndex((one) => isOne(one, grown))) {
      const [met] = apart.splice(index, 1)
      if (met) grown = union(grown, met)
    }
    apart.push(grown)
  }
  return apart.length <= rectsAtMost ? apart : [apart.reduce(union, apart[0] ?? screen)]
}

const areaOf = ({ width, height }: Rect): number => width * height

function isOne(one: Rect, other: Rect): boolean {
  return areaOf(union(one, other)) <= 1.2 * (areaOf(one) + areaOf(other))
}
