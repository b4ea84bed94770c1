// Finds the project's Node. Runs on the system's Node.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The oldest Node that the program itself runs on; `build/bootstrap.mjs` and the installer run on older ones. */
export const ownMajor = 24

/**
 * The Node that package-lock.json brings for this platform, with its checksum; where it brings none, the machine's own if that is
 * new enough. Undefined: there is none.
 */
export function projectNode(root, machine = process) {
  const platform = machine.platform === 'win32' ? 'win' : machine.platform
  const locked = join(root, 'node_modules', `node-${platform}-${machine.arch}`, 'bin', machine.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(locked)) return locked
  return Number(machine.versions.node.split('.')[0]) >= ownMajor ? machine.execPath : undefined
}
