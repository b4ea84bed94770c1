import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a folder that only this user may read. */
export async function privateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

/**
 * Replaces a file as a whole, readable by this user only: a crash leaves the old content or the new one. The data is
 * on the disk when this returns. One at a time for a path.
 */
export async function writePrivate(path: string, data: string | Uint8Array): Promise<void> {
  await privateFolder(dirname(path))
  const draft = `${path}.${process.pid}.new`
  try {
    // What a kill left of an earlier run.
    await rm(draft, { force: true })
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
    // A file that was made by hand with wider rights is narrowed too.
    await chmod(path, 0o600)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** The content, or undefined where there is no such file. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
