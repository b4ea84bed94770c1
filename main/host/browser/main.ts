import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { machine } from '../../../contract/machine.ts'
import type { System } from '../../../contract/system.ts'
import { createLog, lockDataFolder } from '../../core.ts'
import { plainKeeper } from '../../session/vault.ts'
import { takeWayOut } from '../outgoing.ts'
import { passphraseFrom } from '../passphrase.ts'
import { startProgram } from '../program.ts'
import { openShell } from '../shell.ts'
import { version } from '../version.ts'
import { type BrowserOptions, help, readOptions } from './options.ts'
import { linkFromRunning, removeRuntime, writeRuntime } from './runtime.ts'
import { startBrowserServer } from './server.ts'

const screens = fileURLToPath(new URL('../../../out/renderer', import.meta.url))
const notBuilt = 'The screens are not built. "npm run console" builds them and starts this console.'
const heldElsewhere = 'Another console uses this data folder. Close it, or choose another folder with --data.'

/** Settles at Ctrl-C, at a signal, or when the parent's pipe closes. */
function toldToEnd(parentPipe: boolean): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
    if (parentPipe)
      process.stdin
        .resume()
        .once('end', resolve)
        .once('error', () => resolve())
  })
}

function say({ json, wall }: BrowserOptions, link: string, more: object = {}): Promise<void> {
  const console = wall ? `${link}&wall` : link
  const text = json ? JSON.stringify({ ready: true, console, ...more }) : `The console is at ${console}\nThe link works once.`
  return new Promise((resolve) => void process.stdout.write(`${text}\n`, () => resolve()))
}

/** The folder, or the link that the console holding it has given. */
async function takeFolder(options: BrowserOptions, { clock }: System) {
  try {
    return lockDataFolder(options.data)
  } catch (error) {
    if (!(error instanceof RoomkeeperError) || error.code !== 'cache.locked') throw error
    const link = await linkFromRunning(join(options.data, 'console'), clock)
    if (link === undefined) throw new Error(heldElsewhere, { cause: error })
    return link
  }
}

async function run(options: BrowserOptions): Promise<void> {
  const system = machine({ keepsAlive: false })
  const ended = toldToEnd(options.parentPipe)
  const shell = openShell(screens)
  if (!shell) throw new Error(notBuilt)
  takeWayOut(options.outgoing)
  const keeper = options.passphraseFile === undefined ? plainKeeper : passphraseFrom(options.passphraseFile, system.random)
  const folder = await takeFolder(options, system)
  if (typeof folder === 'string') return say(options, folder, { running: true })
  const log = createLog(options.logLevel)
  const secret = system.random.bytes(32).toString('base64url')
  const server = await startBrowserServer(options.port, { shell, secret, system, log }).catch((error: unknown) => {
    folder.release()
    throw portProblem(error, options.port)
  })
  try {
    mkdirSync(options.downloads, { recursive: true })
    const program = await startProgram({
      folder,
      service: options.service,
      keeper,
      place: { kind: 'here', returnTo: () => server.address },
      host: { kind: 'browser', version, downloadFolder: options.downloads },
      system,
      log,
      onSignedOut: () => server.signedOut(),
    })
    try {
      await writeRuntime(folder.path, { pid: process.pid, url: server.address, secret })
      server.serve(program.bridge)
      await say(options, server.link())
      await ended
    } finally {
      removeRuntime(folder.path)
      await server.stop()
      await program.stop()
    }
  } finally {
    await server.stop()
  }
}

function portProblem(error: unknown, port: number): unknown {
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  return inUse ? new Error(`Port ${port} is in use. Choose another with --port.`, { cause: error }) : error
}

const options = readOptions(process.argv.slice(2))
if (options === 'help') {
  process.stdout.write(help)
} else if ('wrong' in options) {
  process.stderr.write(`${options.wrong}\nSee --help.\n`)
  process.exitCode = 2
} else {
  // What the console writes is for its own user only.
  process.umask(0o077)
  try {
    await run(options)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
