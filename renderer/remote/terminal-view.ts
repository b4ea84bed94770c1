import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal } from '@xterm/xterm'
import type { BridgeStream, StreamEvents } from '../../contract/bridge.ts'
import { watchEscape } from './keys.ts'
import { styleCellsByObject, withAdoptedStyles } from './styles.ts'
import { foundColours, terminalTheme } from './terminal-theme.ts'

export interface TerminalSize {
  columns: number
  rows: number
}

export interface TerminalOptions {
  /** Asked once, when the size is known. */
  open(size: TerminalSize, events: StreamEvents): BridgeStream
  onResize(size: TerminalSize): void
  /** What screen readers call it. */
  label: string
  /** It is over; what was written stays. */
  onEnded(error?: Error): void
  /** Ctrl+F. */
  onSearch(): void
  /** Ctrl+Alt+Shift: the keys are to come back. */
  onEscape(): void
}

/** A terminal of a device, in an element of its own that is put into the page wherever it is to be seen. */
export interface TerminalView {
  readonly element: HTMLElement
  focus(): void
  /** Goes to the next place, or the one before; which one of how many is told, 0 of 0 for none. */
  search(text: string, back: boolean): void
  onFound(listener: (found: { at: number; of: number }) => void): void
  endSearch(): void
  /** The page's theme has changed. */
  retheme(): void
  /** The session is over: what was written stays. */
  end(): void
  dispose(): void
}

const font = "'JetBrains Mono Variable', ui-monospace, monospace"
const fontSize = 13
const scrollback = 10_000
/** The least contrast of text, whatever colours a program chooses (WCAG 2.2 AA). */
const contrast = 4.5

export function openTerminal(options: TerminalOptions): TerminalView {
  const element = document.createElement('div')
  element.className = 'terminal-view'
  const encoder = new TextEncoder()
  const terminal = new Terminal({
    allowProposedApi: true,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    fontFamily: font,
    fontSize,
    lineHeight: 1.2,
    minimumContrastRatio: contrast,
    scrollback,
  })
  const fitter = new FitAddon()
  const searcher = new SearchAddon()
  let stream: BridgeStream | undefined
  let opened = false
  let over = false
  let disposed = false

  const send = (bytes: Uint8Array): void => {
    if (!over) stream?.send(bytes)
  }
  terminal.onData((text) => send(encoder.encode(text)))
  terminal.onBinary((text) => send(Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)))
  terminal.onResize(({ cols, rows }) => {
    if (stream && !over) options.onResize({ columns: cols, rows })
  })
  terminal.onSelectionChange(() => {
    if (opened && terminal.hasSelection()) copySoon()
  })
  // Links that a device writes are text: nothing that it says is opened.
  terminal.options.linkHandler = { activate: () => undefined }

  let copying: ReturnType<typeof setTimeout> | undefined
  /** Once a selection rests: while it is drawn it changes with every move. */
  function copySoon(): void {
    clearTimeout(copying)
    copying = setTimeout(copy, 200)
  }
  function copy(): void {
    const text = terminal.getSelection()
    // Refused without the focus, or by the system; the selection is still there to be copied by hand.
    if (text !== '' && element.contains(document.activeElement)) navigator.clipboard.writeText(text).catch(() => undefined)
  }

  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== 'keydown' || !(event.ctrlKey || event.metaKey) || event.altKey) return true
    const key = event.key.toLowerCase()
    if (key === 'f' && !event.shiftKey) {
      event.preventDefault()
      event.stopPropagation()
      options.onSearch()
      return false
    }
    if (key === 'c' && event.shiftKey) {
      event.preventDefault()
      copy()
      return false
    }
    // The browser pastes, and the terminal hears of it.
    return !(key === 'v' && event.shiftKey)
  })

  function ended(error?: Error): void {
    if (over || disposed) return
    over = true
    terminal.options.disableStdin = true
    terminal.options.cursorBlink = false
    options.onEnded(error)
  }
  const events: StreamEvents = {
    bytes: (bytes) => new Promise((taken) => terminal.write(bytes, taken)),
    ended,
  }

  /** Measured the first time that it has a place in the page: before that a character has no size. */
  function start(): void {
    opened = true
    terminal.options.theme = terminalTheme(element)
    withAdoptedStyles(() => terminal.open(element))
    styleCellsByObject(terminal)
    terminal.loadAddon(fitter)
    terminal.loadAddon(searcher)
    terminal.textarea?.setAttribute('aria-label', options.label)
    fitter.fit()
    stream = options.open({ columns: terminal.cols, rows: terminal.rows }, events)
    terminal.focus()
  }

  let frame = 0
  const observer = new ResizeObserver(() => {
    cancelAnimationFrame(frame)
    frame = requestAnimationFrame(() => {
      if (disposed || element.clientWidth === 0 || element.clientHeight === 0) return
      if (opened) fitter.fit()
      else void document.fonts.load(`${fontSize}px ${font}`).then(() => !opened && !disposed && start())
    })
  })
  observer.observe(element)
  const unwatch = watchEscape(element, () => options.onEscape())

  return {
    element,
    focus: () => terminal.focus(),
    search(text, back) {
      const { found, current } = foundColours(element)
      const decorations = {
        matchBackground: found,
        activeMatchBackground: current,
        matchOverviewRuler: found,
        activeMatchColorOverviewRuler: current,
      }
      if (back) searcher.findPrevious(text, { decorations })
      else searcher.findNext(text, { decorations, incremental: true })
    },
    onFound: (listener) =>
      void searcher.onDidChangeResults(({ resultIndex, resultCount }) => listener({ at: resultIndex + 1, of: resultCount })),
    endSearch() {
      searcher.clearDecorations()
      terminal.clearSelection()
      terminal.focus()
    },
    retheme() {
      if (opened) terminal.options.theme = terminalTheme(element)
    },
    end() {
      stream?.close()
      ended()
    },
    dispose() {
      disposed = true
      clearTimeout(copying)
      cancelAnimationFrame(frame)
      observer.disconnect()
      unwatch()
      stream?.close()
      terminal.dispose()
      element.remove()
    },
  }
}
