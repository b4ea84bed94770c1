import { Writable } from 'node:stream'
import pino from 'pino'

/**
 * The console's log: JSON lines on standard error, and the newest of them in memory for the support bundle. Names,
 * tokens and what operators wrote are never logged; ids and codes are.
 */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** The newest lines, oldest first. */
  recent(): readonly string[]
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const recentLines = 1_000

/** Makes the log. Lines of `info` and above are kept in memory whatever `level` says. */
export function createLog(level: LogLevel, out: Writable = process.stderr): Log {
  const lines: string[] = []
  const memory = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString().trimEnd())
      if (lines.length > recentLines) lines.shift()
      done()
    },
  })
  const streams: pino.StreamEntry[] = [{ level: 'info', stream: memory }]
  if (level !== 'silent') streams.push({ level, stream: out })
  const logger = pino({ level: level === 'debug' ? 'debug' : 'info', base: null }, pino.multistream(streams))
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    recent: () => lines,
  }
}
