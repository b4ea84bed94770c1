import { spawn, type ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { root } from './paths.ts'

export interface Finished {
  code: number
  /** Standard output and standard error as they came. */
  output: string
  /** Standard output alone: what a command answers. */
  answer: string
  /** Why it was ended by us, if it was. */
  ended?: string
}

export interface RunOptions {
  /** Where it runs; the checkout unless told. */
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Shown as it comes, or only collected. */
  show?: boolean
  /** Runs it only where nothing else wants the cores. */
  inTheGaps?: boolean
  /** Ends the program after this, in milliseconds. */
  limitMs?: number
  /** Ends the program when it has not printed a match of `sign` after `withinMs`. */
  begin?: { sign: RegExp; withinMs: number }
}

/** How long outputs may still come once the program itself has ended. */
const afterExitMs = 5_000

const running = new Set<ChildProcess>()

/** Ends all programs that `run` has started and that still run. */
export function endAll(): void {
  for (const child of running) child.kill('SIGTERM')
}

/** Runs a program in the checkout until it ends. A program that cannot be started ends with 127. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && file.endsWith('.cmd'),
    })
    running.add(child)
    if (options.inTheGaps && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
    let output = ''
    let answer = ''
    let ended: string | undefined
    const end = (why: string) => {
      ended = why
      child.kill('SIGTERM')
    }
    const timers: NodeJS.Timeout[] = []
    if (options.limitMs !== undefined) {
      timers.push(setTimeout(() => end(`not done after ${Math.round(Number(options.limitMs) / 1000)} s`), options.limitMs))
    }
    const begin = options.begin
    if (begin) {
      const check = () => begin.sign.test(output) || end(`not begun after ${Math.round(begin.withinMs / 1000)} s`)
      timers.push(setTimeout(check, begin.withinMs))
    }
    const take = (chunk: Buffer) => {
      output += chunk.toString('utf8')
      if (options.show) process.stderr.write(chunk)
    }
    child.stdout.on('data', (chunk: Buffer) => {
      answer += chunk.toString('utf8')
      take(chunk)
    })
    child.stderr.on('data', take)
    const done = (code: number) => {
      for (const timer of timers) clearTimeout(timer)
      running.delete(child)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ code, output, answer, ...(ended === undefined ? {} : { ended }) })
    }
    child.on('error', (error) => {
      output += error.message
      done(127)
    })
    child.on('close', (code) => done(code ?? 1))
    // Something that it has left running may hold its outputs open: its end counts all the same.
    child.on('exit', (code) => timers.push(setTimeout(() => done(code ?? 1), afterExitMs)))
  })
}
