import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../contract/testing/port.ts'
import { until } from '../../contract/testing/wait.ts'
import { vncResponse } from '../rfb/client.ts'

const absent = ['Xvnc', 'xterm'].filter((program) => spawnSync('which', [program]).status !== 0)

/** Why there is no real VNC server to test with, if so. */
export const withoutVnc: string | undefined =
  process.env['ROOMKEEPER_NO_VNC'] ??
  (absent.length === 0 ? undefined : `needs ${absent.join(' and ')}; npm test installs them where it may`)

/** What a VNC server's password file holds: the password, enciphered with a key that everybody knows. */
const obscured = (password: string): Uint8Array =>
  vncResponse(Buffer.from([23, 82, 107, 6, 35, 78, 88, 7]).toString('latin1'), Buffer.from(password.padEnd(8, '\0').slice(0, 8), 'latin1'))

export interface Xvnc {
  readonly port: number
  /** Its X display, such as ":1". */
  readonly display: string
  /** A folder for what programs write; removed at the end. */
  readonly folder: string
  /** Starts an X program on it. */
  start(program: string, ...args: string[]): ChildProcess
  stop(): Promise<void>
}

/** A real TigerVNC server on a free port of this machine, with a screen of 640 × 480. */
export async function startXvnc(password: string): Promise<Xvnc> {
  const folder = mkdtempSync(join(tmpdir(), 'xvnc-'))
  const file = join(folder, 'password')
  writeFileSync(file, obscured(password), { mode: 0o600 })
  const port = await freePort()
  const args = ['-displayfd', '3', '-rfbport', String(port), '-localhost', '-SecurityTypes', 'VncAuth', '-PasswordFile', file]
  const child = spawn('Xvnc', [...args, '-geometry', '640x480', '-depth', '24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (bytes) => (said += String(bytes)))
  let display = ''
  child.stdio[3]?.on('data', (bytes) => (display += String(bytes)))
  await until('Xvnc to be ready', () => {
    if (child.exitCode !== null) throw new Error(`Xvnc ended: ${said}`)
    return display.endsWith('\n')
  })
  const started: ChildProcess[] = []
  return {
    port,
    display: `:${display.trim()}`,
    folder,
    start: (program, ...programArgs) => {
      const one = spawn(program, programArgs, { env: { ...process.env, DISPLAY: `:${display.trim()}` }, cwd: folder, stdio: 'ignore' })
      started.push(one)
      return one
    },
    stop: async () => {
      for (const one of started) one.kill()
      const ended = once(child, 'exit')
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
