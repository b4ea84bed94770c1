import { pino, type Logger } from 'pino'
import { UsageError } from './command.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** The log of a process: JSON lines on standard error. @throws UsageError for an unknown level */
export function processLog(level = 'warn'): Logger {
  if (!levels.includes(level)) throw new UsageError(`--log-level must be one of ${levels.join(', ')}.`)
  return pino({ name: 'agents', level }, pino.destination({ dest: 2, sync: true }))
}

/**
 * Resolves when the process is asked to end: SIGINT, SIGTERM, or, with `parentPipe`, the end of standard input, which
 * is a pipe from the process that started this one.
 */
export function askedToEnd(parentPipe: boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve(signal)
      })
    }
    if (!parentPipe) return
    process.stdin.once('end', () => {
      resolve('the parent has ended')
    })
    process.stdin.once('error', () => {
      resolve('the parent has ended')
    })
    process.stdin.resume()
  })
}

/** Lets go of standard input, which would keep the process alive. */
export function releaseParent(): void {
  process.stdin.pause()
  process.stdin.destroy()
}
