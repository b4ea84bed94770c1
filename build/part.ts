import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { root } from './paths.ts'

/** One process of the product, started with `--json --parent-pipe`: it says when it is ready and ends with us. */
export interface Part<Ready> {
  readonly name: string
  readonly pid: number
  readonly ready: Ready
  /** Settles when the process has ended, whoever ended it; says how. */
  readonly ended: Promise<string>
  /** Ends it cleanly, or after `stopMs` by force. */
  stop(): Promise<void>
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
}

export interface PartOptions<Ready> {
  name: string
  /** A script of the checkout and its arguments. */
  args: readonly string[]
  /** What runs it; this Node unless told. */
  program?: string
  ready: z.ZodType<Ready>
  /** File that gets its standard error. */
  log: string
  /** How long it may take to be ready, in milliseconds. */
  readyMs?: number
  env?: NodeJS.ProcessEnv
}

const stopMs = 10_000
const defaultReadyMs = 240_000
const shownLines = 12

const LogLine = z.looseObject({ msg: z.string(), err: z.looseObject({ message: z.string() }).optional() })

/** The last lines of a log in words: of a structured line its message, of any other line itself. */
function lastWords(log: string): string {
  if (!existsSync(log)) return ''
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-shownLines)
  const words = lines.map((line) => {
    try {
      const { msg, err } = LogLine.parse(JSON.parse(line))
      return err ? `${msg}: ${err.message}` : msg
    } catch {
      return line
    }
  })
  return words
    .filter(Boolean)
    .map((line) => `  ${line}`)
    .join('\n')
}

/** A part that did not become ready, or ended by itself; the message has its last words. */
export class PartFailed extends Error {
  constructor(name: string, what: string, log: string) {
    super(`The ${name} ${what}.\n${lastWords(log)}\n  (all of it: ${log})`)
    this.name = 'PartFailed'
  }
}

function whenReady<Ready>(child: ChildProcess, options: PartOptions<Ready>, ended: Promise<string>): Promise<Ready> {
  const limit = options.readyMs ?? defaultReadyMs
  return new Promise((resolve, reject) => {
    let settled = false
    const fail = (what: string) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      reject(new PartFailed(options.name, what, options.log))
    }
    const timer = setTimeout(() => fail(`was not ready after ${Math.round(limit / 1000)} s`), limit)
    void ended.then((how) => fail(`did not start (${how})`))
    if (!child.stdout) throw new Error('A part is started with a pipe')
    createInterface({ input: child.stdout }).once('line', (line) => {
      try {
        resolve(options.ready.parse(JSON.parse(line)))
        settled = true
        clearTimeout(timer)
      } catch {
        fail(`said something else than that it is ready: ${line.slice(0, 200)}`)
      }
    })
  })
}

/** Starts a part and waits until it is ready. */
export async function startPart<Ready>(options: PartOptions<Ready>): Promise<Part<Ready>> {
  mkdirSync(dirname(options.log), { recursive: true })
  const log = openSync(options.log, 'w', 0o600)
  const child = spawn(options.program ?? process.execPath, [...options.args, '--json', '--parent-pipe'], {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', log],
  })
  closeSync(log)
  // A part that has ended has closed its end of the pipe; there is nothing more to say to it.
  child.stdin?.on('error', () => {})
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message)
    })
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `exit code ${code ?? 'unknown'}` : `ended by ${signal}`)
    })
  })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  const stop = async () => {
    child.stdin?.end()
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), stopMs)
    await ended
    clearTimeout(force)
  }
  try {
    const ready = await whenReady(child, options, ended)
    return { name: options.name, pid: Number(child.pid), ready, ended, stop, kill }
  } catch (error) {
    await kill()
    throw error
  }
}
