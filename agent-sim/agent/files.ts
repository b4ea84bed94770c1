import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ExplainedError } from '../explained.ts'

/** A file or folder of the agent that cannot be read or written as it is: which, why, and what to do. */
export class FileError extends ExplainedError {
  override readonly name = 'FileError'
  override readonly remedy: string | undefined

  constructor(message: string, remedy: string | undefined, cause: unknown) {
    super(message, { cause })
    this.remedy = remedy
  }
}

/** Makes a folder that only this user may enter, with those above it; unless `durable` is false, it survives a loss of power. */
export function makePrivateFolder(folder: string, durable = true): void {
  const first = explained(folder, 'made', () => mkdirSync(folder, { recursive: true, mode: 0o700 }))
  if (first === undefined || !durable) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made))
}

/**
 * Writes a file that only this user may read, so that after a crash of the program it is there whole, or as it was before;
 * after a loss of power too, unless `durable` is false (a fleet of simulated devices writes thousands). @throws FileError
 */
export function writePrivateFile(path: string, content: string | Uint8Array, durable = true): void {
  const partial = `${path}.partial`
  explained(path, 'written', () => {
    try {
      const file = openSync(partial, 'w', 0o600)
      try {
        writeFileSync(file, content)
        if (durable) fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(partial, path)
    } catch (error) {
      rmSync(partial, { force: true })
      throw error
    }
    if (durable) syncFolder(dirname(path))
  })
}

/** Moves a file or folder within its file system, so that a loss of power does not undo it. @throws FileError */
export function movePrivately(from: string, to: string): void {
  explained(to, 'written', () => {
    renameSync(from, to)
    syncFolder(dirname(to))
  })
}

/** The text of a file, or undefined where there is no such file. @throws FileError where it is there and may not be read */
export function readIfThere(path: string): string | undefined {
  return ifThere(path, () => readFileSync(path, 'utf8'))
}

/** The size of a file in bytes, or undefined where there is none. @throws FileError where its folder may not be entered */
export const sizeIfThere = (path: string): number | undefined => ifThere(path, () => statSync(path).size)

function ifThere<T>(path: string, look: () => T): T | undefined {
  return explained(path, 'read', () => {
    try {
      return look()
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  })
}

/** What a folder lists is on the disk: a file that was renamed into it has its name for good. */
function syncFolder(folder: string): void {
  // Windows opens no folders; its file system keeps names in a journal of its own.
  if (process.platform === 'win32') return
  const opened = openSync(folder, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

const codeOf = (error: unknown): string | undefined => (error instanceof Error && 'code' in error ? String(error.code) : undefined)

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of this account is used up',
  EROFS: 'its file system is mounted read-only',
  EIO: 'the disk reports an error',
  EISDIR: 'a folder has its name',
  ENOTDIR: 'a file has the name of its folder',
}

function explained<T>(path: string, what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EACCES' || code === 'EPERM') throw foreign(path, what, error)
    const reason = code === undefined ? undefined : reasons[code]
    throw reason === undefined ? error : new FileError(`${path} cannot be ${what}: ${reason}.`, undefined, error)
  }
}

function foreign(path: string, what: string, cause: unknown): FileError {
  const me = process.getuid?.()
  const owner = ownerOf(path)
  const whose = owner === undefined || owner === me ? '' : ` It belongs to the account ${owner}.`
  const as = me === undefined ? '' : ` by the account that the agent runs as (${me})`
  return new FileError(
    `${path} may not be ${what}${as}.${whose}`,
    `Run the agent as the account that installed it, or give it the file: chown -R ${me ?? 'ACCOUNT'} ${dirname(path)}`,
    cause,
  )
}

/** The user id that the file belongs to, or else the nearest folder above that can be looked at. */
function ownerOf(path: string): number | undefined {
  for (let at = path; ; at = dirname(at)) {
    try {
      return statSync(at).uid
    } catch {
      if (dirname(at) === at) return undefined
    }
  }
}
