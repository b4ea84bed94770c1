import '@xterm/xterm/css/xterm.css'
import { Terminal } from '@xterm/xterm'
import { styleCellsByObject, withAdoptedStyles } from './styles.ts'
import { terminalTheme } from './terminal-theme.ts'

/** A terminal that only shows what was written to it: that of a recording. */
export interface ReplayTerminal {
  /** Writes; first sets the size, and empties it where it begins anew. */
  write(text: string, size: { columns: number; rows: number }, clear: boolean): void
  dispose(): void
}

const font = "'JetBrains Mono Variable', ui-monospace, monospace"

/** Opens it in `host`, which has to be on the page. `label`: what screen readers call it. */
export function openReplayTerminal(host: HTMLElement, label: string): ReplayTerminal {
  const terminal = new Terminal({
    allowProposedApi: true,
    disableStdin: true,
    cursorBlink: false,
    cursorInactiveStyle: 'outline',
    fontFamily: font,
    fontSize: 13,
    lineHeight: 1.2,
    minimumContrastRatio: 4.5,
    scrollback: 2_000,
  })
  // Links that a device wrote are text: nothing that it says is opened.
  terminal.options.linkHandler = { activate: () => undefined }
  withAdoptedStyles(() => terminal.open(host))
  styleCellsByObject(terminal)
  terminal.options.theme = terminalTheme(host)
  terminal.textarea?.setAttribute('aria-label', label)
  return {
    write(text, { columns, rows }, clear) {
      if (terminal.cols !== columns || terminal.rows !== rows) terminal.resize(columns, rows)
      if (clear) terminal.reset()
      terminal.write(text)
    },
    dispose: () => terminal.dispose(),
  }
}
