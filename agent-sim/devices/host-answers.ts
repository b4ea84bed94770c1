import { existsSync } from 'node:fs'
import type { PrerequisiteAnswers } from './device.ts'
import { runProgram, type RunProgram } from './run-program.ts'

const powershell = (run: RunProgram, command: string) => run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', command])

/** The installer's questions, answered by Windows itself. */
export function windowsAnswers(run: RunProgram = runProgram): PrerequisiteAnswers {
  return {
    elevated: async () => {
      const said = await powershell(
        run,
        '([Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent())' +
          '.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)',
      )
      return said.trim() === 'True'
    },
    tpmReady: async () => {
      const said = await powershell(run, '$t = Get-Tpm; $t.TpmPresent -and $t.TpmEnabled -and $t.TpmReady')
      return said.trim() === 'True'
    },
    // `net user NAME` fails for an account that does not exist; it is on every edition, unlike Get-LocalUser.
    hasAccount: (name) =>
      run('net.exe', ['user', name]).then(
        () => true,
        () => false,
      ),
  }
}

/** The same on Linux and macOS, for the check of a machine that shall become a room device. */
export function posixAnswers(run: RunProgram = runProgram): PrerequisiteAnswers {
  return {
    elevated: () => Promise.resolve(process.geteuid?.() === 0),
    tpmReady: () => Promise.resolve(existsSync('/dev/tpmrm0')),
    hasAccount: (name) =>
      run('id', ['-u', name]).then(
        () => true,
        () => false,
      ),
  }
}

export const hostAnswers = (): PrerequisiteAnswers => (process.platform === 'win32' ? windowsAnswers() : posixAnswers())
