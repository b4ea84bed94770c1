import { describe, expect, it } from 'vitest'

const styles = import.meta.glob<string>('./*.css', { query: '?raw', import: 'default', eager: true })
const tokens = styles['./tokens.css'] ?? ''

/** The two colours of a token, as light and dark. */
function pair(name: string): { light: string; dark: string } {
  const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`, 'u').exec(tokens)
  if (!found?.[1] || !found[2]) throw new Error(`No token ${name}.`)
  return { light: found[1], dark: found[2] }
}

/** Relative luminance and contrast, as WCAG 2 defines them. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

const grounds = ['canvas', 'surface', 'raised', 'hover', 'chosen', 'sunken']
const words = [
  'text',
  'text-soft',
  'text-faint',
  'accent',
  'healthy',
  'important',
  'warning',
  'disconnected',
  'onboarding',
  'suppressed',
  'unknown',
]

describe.each(['light', 'dark'] as const)('contrast, %s', (theme) => {
  const text = words.flatMap((word) => grounds.map((ground) => [word, ground] as const))
  it.each(text)('%s on %s can be read', (word, ground) => {
    expect(contrast(pair(word)[theme], pair(ground)[theme])).toBeGreaterThanOrEqual(4.5)
  })

  it.each([
    ['on-accent', 'accent-fill'],
    ['on-accent', 'accent-fill-hover'],
    ['on-accent', 'danger-fill'],
    ['on-accent', 'danger-fill-hover'],
    ['text', 'important-wash'],
    ['text', 'warning-wash'],
    ['text-soft', 'important-wash'],
    ['important', 'important-wash'],
  ])('%s on %s can be read', (word, ground) => {
    expect(contrast(pair(word)[theme], pair(ground)[theme])).toBeGreaterThanOrEqual(4.5)
  })

  it.each(['control', 'focus'].flatMap((edge) => ['canvas', 'surface', 'raised'].map((ground) => [edge, ground] as const)))(
    '%s on %s can be seen',
    (edge, ground) => {
      expect(contrast(pair(edge)[theme], pair(ground)[theme])).toBeGreaterThanOrEqual(3)
    },
  )
})

describe('colours', () => {
  it('are written in tokens.css and nowhere else', () => {
    const parts = import.meta.glob<string>(['../**/*.vue', './base.css'], { query: '?raw', import: 'default', eager: true })
    const raw = Object.entries(parts).filter(([, text]) =>
      /[^&\w]#[0-9a-f]{3,8}\b(?=[;,\s)])/iu.test(text.replace(/<template>[\s\S]*<\/template>/u, '')),
    )
    expect(raw.map(([file]) => file)).toEqual([])
  })
})
