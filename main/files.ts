import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { RoomkeeperError } from '../contract/errors.ts'

/** Writes a file so that it is the old or the new one after a kill, never half of it. Errors: `disk.failed`. */
export function writeWhole(path: string, content: string | Uint8Array, mode = 0o600): void {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  try {
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(part, 'w', mode)
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content
      for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
  } catch (error) {
    throw new RoomkeeperError('disk.failed', {}, error)
  }
}

const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/**
 * A file name that is safe on every platform, from one that a server proposed: no path, no control or special
 * characters, not hidden, at most 100 characters. `otherwise` where nothing is left.
 */
export function safeFileName(proposed: string | undefined, otherwise: string): string {
  const name = (proposed ?? '')
    .normalize('NFC')
    .replace(/^.*[/\\]/su, '')
    .replace(/[\p{C}<>:"|?*%]+/gu, '')
    .replace(/^[.\s]+|[.\s]+$/gu, '')
    .slice(0, 100)
  return name === '' || reserved.test(name) ? otherwise : name
}

/** Saves under this name, or under "name (2)" where that is taken. Returns where it went. Errors: `disk.failed`. */
export function saveNew(folder: string, name: string, content: Uint8Array): { path: string; bytes: number } {
  const extension = extname(name)
  const stem = basename(name, extension)
  let path = join(folder, name)
  for (let n = 2; existsSync(path); n++) path = join(folder, `${stem} (${n})${extension}`)
  writeWhole(path, content)
  return { path, bytes: content.byteLength }
}
