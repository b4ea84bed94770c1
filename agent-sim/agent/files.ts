import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

/** Makes a folder that only this user may enter, with those above it. */
export function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/**
 * Writes a file that only this user may read, so that after a crash of the program it is there whole, or not at all;
 * after a loss of power too, unless `durable` is false (a fleet of simulated devices writes thousands).
 */
export function writePrivateFile(path: string, content: string | Uint8Array, durable = true): void {
  const partial = `${path}.partial`
  const file = openSync(partial, 'w', 0o600)
  try {
    writeSync(file, typeof content === 'string' ? Buffer.from(content) : content)
    if (durable) fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(partial, path)
}

/** The text of a file, or undefined where there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
