import { execFile } from 'node:child_process'
import { limits } from '../../contract/limits.ts'

/** A program ended with an error, or could not be started. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
}

/** Runs a program of the system; tests put their own in its place. */
export type RunProgram = (program: string, args: readonly string[], options?: { folder?: string; environment?: Record<string, string> }) => Promise<string>

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
        if (error) reject(new ProgramError(`${program} failed: ${problems.trim() || error.message}`, { cause: error }))
        else resolve(output)
      },
    )
  })
