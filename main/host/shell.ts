import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What both hosts send with every file of the screens. Everything comes from the page's own origin, no script or style
 * is inline, and no other page may frame, open or read it.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()',
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
}

export interface ShellFile {
  body: Buffer
  headers: Readonly<Record<string, string>>
}

/** The built screens. Only files that were there at the start are served, so no address can name anything else. */
export interface Shell {
  /** The file at a path of an address, such as `/` or `/assets/index.js`; undefined where there is none. */
  file(path: string): Promise<ShellFile | undefined>
}

/** Lists the built screens. Undefined: they are not built. */
export function openShell(folder: string): Shell | undefined {
  const files = new Map<string, string>()
  if (!existsSync(folder)) return undefined
  list(folder, '', files)
  const index = files.get('/index.html')
  if (index === undefined) return undefined
  files.set('/', index)
  return {
    file: async (path) => {
      const found = files.get(path)
      if (found === undefined) return undefined
      const type = types[found.slice(found.lastIndexOf('.') + 1)]
      if (type === undefined) return undefined
      // The names of built files change with their content; the page that names them must always be fresh.
      const caching = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-store'
      return { body: await readFile(found), headers: { ...securityHeaders, 'content-type': type, 'cache-control': caching } }
    },
  }
}

/** Folder by folder: inside a package (asar) Electron's own listing does not go deeper by itself. */
function list(folder: string, at: string, files: Map<string, string>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) list(path, `${at}/${entry.name}`, files)
    else if (entry.isFile()) files.set(`${at}/${entry.name}`, path)
  }
}
