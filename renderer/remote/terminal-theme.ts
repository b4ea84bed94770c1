import type { ITheme } from '@xterm/xterm'

const ansi = [
  ['black', 'brightBlack'],
  ['red', 'brightRed'],
  ['green', 'brightGreen'],
  ['yellow', 'brightYellow'],
  ['blue', 'brightBlue'],
  ['magenta', 'brightMagenta'],
  ['cyan', 'brightCyan'],
  ['white', 'brightWhite'],
] as const

/** The colours of the terminal as the page's theme has them now; the tokens are resolved on an element within `host`. */
export function terminalTheme(host: HTMLElement): ITheme {
  const probe = host.appendChild(document.createElement('span'))
  const colour = (token: string): string => {
    probe.style.color = `var(--${token})`
    return hex(getComputedStyle(probe).color)
  }
  const text = colour('terminal-text')
  const theme: ITheme = {
    background: colour('terminal'),
    foreground: text,
    cursor: colour('accent'),
    cursorAccent: colour('terminal'),
    selectionBackground: colour('terminal-chosen'),
    scrollbarSliderBackground: `${text}33`,
    scrollbarSliderHoverBackground: `${text}55`,
    scrollbarSliderActiveBackground: `${text}77`,
  }
  for (const [plain, bright] of ansi) {
    theme[plain] = colour(`terminal-${plain}`)
    theme[bright] = colour(`terminal-${plain}-bright`)
  }
  probe.remove()
  return theme
}

/** Colours of what a search found, which have to be #rrggbb. */
export function foundColours(host: HTMLElement): { found: string; current: string } {
  const probe = host.appendChild(document.createElement('span'))
  probe.style.color = 'var(--terminal-found)'
  probe.style.backgroundColor = 'var(--terminal-current)'
  const { color, backgroundColor } = getComputedStyle(probe)
  const colours = { found: hex(color), current: hex(backgroundColor) }
  probe.remove()
  return colours
}

/** #rrggbb of what a browser computes, `rgb(r, g, b)`. */
export function hex(computed: string): string {
  const parts = computed.match(/\d+(\.\d+)?/gu)?.slice(0, 3) ?? []
  return `#${parts.map((part) => Math.round(Number(part)).toString(16).padStart(2, '0')).join('')}`
}
