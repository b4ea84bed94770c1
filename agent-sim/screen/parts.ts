import type { Rect } from '../rfb/interfaces.ts'
import type { IconName } from './icons.ts'
import { inset, rectOf, type Fill, type Scene, type Shape, type Target } from './scene.ts'
import { glowsOf } from './wallpaper.ts'

/** Which target the pointer is over, which is held down, and which the keyboard is at. */
export interface Attention {
  readonly hot: string | undefined
  readonly held: string | undefined
  readonly focus: string | undefined
}

export const noAttention: Attention = { hot: undefined, held: undefined, focus: undefined }

export const colors = {
  text: '#ffffff',
  soft: 'rgba(255, 255, 255, 0.72)',
  faint: 'rgba(255, 255, 255, 0.5)',
  line: 'rgba(255, 255, 255, 0.14)',
  card: 'rgba(255, 255, 255, 0.09)',
  raised: 'rgba(255, 255, 255, 0.14)',
  hot: 'rgba(255, 255, 255, 0.22)',
  held: 'rgba(255, 255, 255, 0.3)',
  good: '#4ade80',
  warning: '#fbbf24',
  danger: '#dc3545',
  session: '#e5232e',
} as const

export interface TextLook {
  size?: number
  weight?: number
  color?: string
  align?: 'left' | 'center' | 'right'
  /** A dot stands before the text. */
  dot?: boolean
}

/** Where a button stands, what it says and does, and how it looks. */
export interface ButtonLook {
  id: string
  label?: string
  icon?: IconName
  /** Colour by meaning; `plain` where left out. */
  tone?: 'plain' | 'accent' | 'danger' | 'on'
  radius?: number
  size?: number
}

/** Collects the shapes and targets of one picture, from back to front. */
export class SceneBuilder implements Scene {
  readonly shapes: Shape[] = []
  #targets: Target[] = []
  readonly #attention: Attention
  readonly #accent: Fill

  constructor(theme: number, attention: Attention) {
    this.#attention = attention
    this.#accent = glowsOf(theme).accent
  }

  get targets(): readonly Target[] {
    return this.#targets
  }
  get accent(): Fill {
    return this.#accent
  }

  wallpaper(rect: Rect, theme: number, shade = 0): void {
    this.shapes.push({ kind: 'wallpaper', rect, theme, shade })
  }

  box(rect: Rect, fill: Fill, radius = 0, more: { line?: string; lineWidth?: number; shadow?: number } = {}): void {
    this.shapes.push({ kind: 'box', rect, fill, radius, ...more })
  }

  text(rect: Rect, text: string, { size = 18, weight = 400, color = colors.text, align = 'left', dot }: TextLook = {}): void {
    if (text) this.shapes.push({ kind: 'text', rect, text, size, weight, color, align, dot })
  }

  icon(rect: Rect, icon: IconName, color: string = colors.text): void {
    this.shapes.push({ kind: 'icon', rect, icon, color })
  }

  card(rect: Rect): void {
    this.box(rect, colors.card, 22, { line: colors.line })
  }

  target(id: string, rect: Rect, press: () => void, tab = true): void {
    this.#targets.push({ id, rect, press, tab })
  }

  /** What was there before can be seen but not pressed any more: a panel lies over it. */
  cover(rect: Rect, press: () => void): void {
    this.#targets = []
    this.box(rect, 'rgba(6, 6, 16, 0.55)')
    this.target('cover', rect, press, false)
  }

  /** The ground of something that can be pressed, as it looks now. */
  ground(id: string, rect: Rect, radius: number, tone: NonNullable<ButtonLook['tone']> = 'plain'): void {
    const { hot, held, focus } = this.#attention
    if (tone === 'plain') {
      this.box(rect, held === id ? colors.held : hot === id ? colors.hot : colors.raised, radius, { line: colors.line })
    } else {
      const fill: Fill = tone === 'danger' ? ['#e2495a', '#c62f41'] : tone === 'on' ? ['#f4f4fb', '#dcdcf0'] : this.#accent
      this.box(rect, fill, radius, { line: 'rgba(255, 255, 255, 0.18)' })
      if (held === id) this.box(rect, 'rgba(0, 0, 0, 0.22)', radius)
      else if (hot === id) this.box(rect, 'rgba(255, 255, 255, 0.14)', radius)
    }
    if (focus === id) this.box(inset(rect, -4), 'rgba(255, 255, 255, 0)', radius + 4, { line: '#ffffff', lineWidth: 2 })
  }

  /** The same for what lies on a card and shows only when it is pointed at. */
  quiet(id: string, rect: Rect, radius: number): void {
    const { hot, held, focus } = this.#attention
    if (held === id || hot === id) this.box(rect, held === id ? colors.hot : 'rgba(255, 255, 255, 0.08)', radius)
    if (focus === id) this.box(inset(rect, -3), 'rgba(255, 255, 255, 0)', radius + 3, { line: '#ffffff', lineWidth: 2 })
  }

  button(rect: Rect, { id, label, icon, tone = 'plain', radius = 12, size = 18 }: ButtonLook, press: () => void): void {
    this.ground(id, rect, radius, tone)
    const color = tone === 'on' ? '#20203a' : colors.text
    const middle = rect.y + rect.height / 2
    if (icon && label === undefined) {
      const side = Math.min(28, rect.height * 0.5)
      this.icon(rectOf(rect.x + (rect.width - side) / 2, middle - side / 2, side, side), icon, color)
    } else if (label !== undefined) {
      const side = icon ? 22 : 0
      if (icon) this.icon(rectOf(rect.x + 16, middle - side / 2, side, side), icon, color)
      const left = icon ? 16 + side + 12 : 10
      this.text(rectOf(rect.x + left, rect.y, rect.width - left - 10, rect.height), label, {
        size,
        weight: 560,
        color,
        align: icon ? 'left' : 'center',
      })
    }
    this.target(id, rect, press)
  }

  /** A switch at the right end of a row. */
  toggle(rect: Rect, id: string, on: boolean, press: () => void): void {
    const { hot, focus } = this.#attention
    const track = rectOf(rect.x + rect.width - 64, rect.y + (rect.height - 34) / 2, 64, 34)
    if (hot === id) this.box(rect, 'rgba(255, 255, 255, 0.05)', 10)
    this.box(track, on ? this.#accent : 'rgba(255, 255, 255, 0.12)', 17, {
      line: on ? 'rgba(255, 255, 255, 0.25)' : 'rgba(255, 255, 255, 0.5)',
      lineWidth: 1.5,
    })
    this.box(rectOf(track.x + (on ? 35 : 5), track.y + 5, 24, 24), on ? '#ffffff' : 'rgba(255, 255, 255, 0.8)', 12)
    if (focus === id) this.box(inset(track, -5), 'rgba(255, 255, 255, 0)', 22, { line: '#ffffff', lineWidth: 2 })
    this.target(id, rect, press)
  }
}
