/** One soft light on a wallpaper; positions and reach as shares of the screen's width and height. */
export interface Glow {
  readonly color: string
  readonly atX: number
  readonly atY: number
  readonly reach: number
}

export interface Theme {
  readonly from: string
  readonly to: string
  readonly glows: readonly Glow[]
  /** Of what asks to be pressed. */
  readonly accent: readonly [string, string]
}

const themes: readonly Theme[] = [
  {
    from: '#1b1a4b',
    to: '#3a1450',
    glows: [
      { color: '#5b5bd6', atX: 0.12, atY: 0.95, reach: 0.55 },
      { color: '#c2468f', atX: 0.95, atY: 0.85, reach: 0.45 },
      { color: '#2f6fd0', atX: 0.7, atY: 0.05, reach: 0.4 },
    ],
    accent: ['#7b7ff2', '#5a5fdc'],
  },
  {
    from: '#0b2440',
    to: '#10243a',
    glows: [
      { color: '#1f8fa8', atX: 0.08, atY: 0.9, reach: 0.5 },
      { color: '#3757c9', atX: 0.95, atY: 0.95, reach: 0.5 },
      { color: '#1b7f6b', atX: 0.75, atY: 0.02, reach: 0.4 },
    ],
    accent: ['#3d8bfd', '#2a6fd6'],
  },
  {
    from: '#2a1633',
    to: '#3b1a2c',
    glows: [
      { color: '#b4476d', atX: 0.1, atY: 0.95, reach: 0.5 },
      { color: '#d9793b', atX: 0.98, atY: 0.9, reach: 0.4 },
      { color: '#6b46c1', atX: 0.7, atY: 0.02, reach: 0.45 },
    ],
    accent: ['#a26bf0', '#7f4bd6'],
  },
  {
    from: '#0f2a2a',
    to: '#12303d',
    glows: [
      { color: '#2a9d7f', atX: 0.1, atY: 0.92, reach: 0.5 },
      { color: '#2b7bbb', atX: 0.95, atY: 0.9, reach: 0.45 },
      { color: '#5c8a3a', atX: 0.72, atY: 0.02, reach: 0.35 },
    ],
    accent: ['#2fa58b', '#1f8570'],
  },
]
const [firstTheme] = themes
export const themeCount = themes.length

/** A wallpaper by number; the first where there is no such one. */
export function glowsOf(theme: number): Theme {
  const found = themes[theme] ?? firstTheme
  if (!found) throw new RangeError('There is no wallpaper.')
  return found
}
