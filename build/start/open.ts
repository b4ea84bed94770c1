import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The program that opens a page in the person's browser; none on a Linux without a display. */
function opener(): [file: string, ...args: string[]] | undefined {
  switch (process.platform) {
    case 'darwin':
      return ['open']
    case 'win32':
      return ['rundll32', 'url.dll,FileProtocolHandler']
    default:
      return process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY'] ? ['xdg-open'] : undefined
  }
}

/** Long enough for a browser that has to start first, in milliseconds. */
const keptMs = 60_000

export interface LeadingPage {
  /** Its address, which holds nothing secret. */
  readonly address: string
  remove(): void
}

/**
 * Writes a page that leads to a link. A link lets in whoever has it first, and the arguments of a program can be read by every
 * account of a machine; a file of one's own cannot.
 */
export function leadTo(link: string, folder: string): LeadingPage {
  const path = join(folder, `open-${randomBytes(8).toString('hex')}.html`)
  const target = link.replace(/[&<>"']/gu, (char) => `&#${char.codePointAt(0)};`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const page = `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Roomkeeper</title>
<meta http-equiv="refresh" content="0; url=${target}"><p><a href="${target}">Roomkeeper</a></p>
`
  writeFileSync(path, page, { mode: 0o600, flag: 'wx' })
  return { address: pathToFileURL(path).href, remove: () => rmSync(path, { force: true }) }
}

/**
 * Opens a link in the system browser, if there is one, by a page in this folder, which is removed a minute later or when this
 * process ends. The link is also on the terminal, so failing is quiet.
 */
export function openBrowser(link: string, folder: string): void {
  const program = opener()
  if (!program) return
  const page = leadTo(link, folder)
  process.once('exit', page.remove)
  setTimeout(page.remove, keptMs).unref()
  const [file, ...args] = program
  const child = spawn(file, [...args, page.address], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
