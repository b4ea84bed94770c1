import { pino, type Logger } from 'pino'
import { UsageError } from './command.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** The log of a process: JSON lines on standard error. @throws UsageError for an unknown level */
export function processLog(level = 'warn'): Logger {
  if (!levels.includes(level)) throw new UsageError(`--log-level must be one of ${levels.join(', ')}.`)
  return pino({ name: 'agents', level }, pino.destination({ dest: 2, sync: true }))
}

/** A wait for the end: `end` says why. Whoever waits no more lets go of it, and signals do again what they do by themselves. */
export interface AskedToEnd extends Disposable {
  readonly end: Promise<string>
}

/**
 * Waits until the process is asked to end: SIGINT, SIGTERM, or, with `parentPipe`, the end of standard input, which is a pipe from the
 * process that started this one.
 */
export function askedToEnd(parentPipe: boolean): AskedToEnd {
  const { promise: end, resolve } = Promise.withResolvers<string>()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const orphaned = (): void => resolve('the parent has ended')
  for (const signal of signals) process.once(signal, resolve)
  if (parentPipe) process.stdin.once('end', orphaned).once('error', orphaned).resume()
  return {
    end,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, resolve)
      if (parentPipe) process.stdin.off('end', orphaned).off('error', orphaned)
    },
  }
}

/** Lets go of standard input, which would keep the process alive. */
export function releaseParent(): void {
  process.stdin.pause()
  process.stdin.destroy()
}
