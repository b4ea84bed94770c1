import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { limits } from '../../contract/limits.ts'

/** A program ended with an error, or could not be started. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
  /** The program that is not installed, if that is why. */
  readonly missing: string | undefined

  constructor(message: string, options: { readonly cause?: unknown; readonly missing?: string | undefined } = {}) {
    super(message, { cause: options.cause })
    this.missing = options.missing
  }
}

/** Runs a program of the system; tests put their own in its place. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  options?: { folder?: string; environment?: Record<string, string> },
) => Promise<string>

/** Runs a program without a shell and gives what it printed. Ended after `hostProbeMs`. @throws ProgramError */
export const runProgram: RunProgram = (program, args, { folder, environment } = {}) =>
  new Promise((resolve, reject) => {
    execFile(
      program,
      [...args],
      {
        encoding: 'utf8',
        timeout: limits.hostProbeMs,
        windowsHide: true,
        maxBuffer: 4 * 1024 * 1024,
        ...(folder === undefined ? {} : { cwd: folder }),
        ...(environment ? { env: { ...process.env, ...environment } } : {}),
      },
      (error, output, problems) => {
        const missing = error?.code === 'ENOENT' && existsSync(folder ?? '.') ? program : undefined
        if (error) reject(new ProgramError(`${program} failed: ${problems.trim() || error.message}`, { cause: error, missing }))
        else resolve(output)
      },
    )
  })
