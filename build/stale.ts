import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './paths.ts'

const untracked = /(^|[\\/])(node_modules|out)([\\/]|$)|[.]test[.]ts$/

function files(path: string): string[] {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** A hash of names and contents of all files in these folders of a checkout, without tests. */
export function hashOf(folders: readonly string[], root: string): string {
  const hash = createHash('sha256')
  const all = folders.flatMap((folder) => files(join(root, folder))).filter((file) => !untracked.test(relative(root, file)))
  for (const file of all.sort()) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

const stamp = (folder: string) => join(folder, '.made-from')

/**
 * Makes `out/<name>` by calling `make` with an empty folder, unless it was made from the same inputs before. It appears
 * as a whole: whoever builds at the same time, and whoever reads, never sees half of it. Answers whether it was made.
 */
export async function buildOnce(
  name: string,
  inputs: readonly string[],
  make: (folder: string) => Promise<void>,
  checkout = root,
): Promise<boolean> {
  const target = join(checkout, 'out', name)
  const hash = hashOf(inputs, checkout)
  if (existsSync(stamp(target)) && readFileSync(stamp(target), 'utf8') === hash) return false
  const fresh = `${target}.${process.pid}`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  try {
    await make(fresh)
    writeFileSync(stamp(fresh), hash)
    const old = `${fresh}.old`
    if (existsSync(target)) renameSync(target, old)
    renameSync(fresh, target)
    rmSync(old, { recursive: true, force: true })
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return true
}
