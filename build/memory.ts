import { accessSync, constants, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

const shared = '/dev/shm'
/** Far more than the data folders of all tests that run at a time. */
const enoughBytes = 4 * 1024 ** 3

/** Linux's folder in memory, where programs may be run from it; elsewhere, and where it is small, nothing. */
function folderInMemory(): string | undefined {
  try {
    accessSync(shared, constants.W_OK)
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
    const options = mounts
      .filter(([, at]) => at === shared)
      .at(-1)?.[3]
      ?.split(',')
    if (options === undefined || options.includes('noexec')) return undefined
    const { bavail, bsize } = statfsSync(shared)
    return bavail * bsize >= enoughBytes ? shared : undefined
  } catch {
    return undefined
  }
}

/**
 * A folder for all temporary files of a test run, gone with it: in memory where the machine has room there. A test ends no
 * power supply, so that what waits for the disk proves nothing. `path` is undefined where the system's own folder is to be taken.
 */
export function temporaryFolder(): { path: string | undefined } & Disposable {
  const memory = folderInMemory()
  if (memory === undefined) return { path: undefined, [Symbol.dispose]: () => undefined }
  const path = mkdtempSync(join(memory, 'roomkeeper-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}
