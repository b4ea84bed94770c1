import { appendFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '../../contract/limits.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import { cleanText } from '../../contract/text.ts'

export type LogLevel = 'info' | 'warn' | 'error'

/** The files of ENR-7: what an operator reads, everything, and what the installation did. */
export const logFiles = { events: 'events.log', runtime: 'runtime.log', installation: 'installation.log' } as const
export type LogFile = keyof typeof logFiles

/** Longest line of a log, in characters. */
const lineChars = 2_000
/** How long lines may wait in memory for company, in ms. */
const writeAfterMs = 1_000

/**
 * The logs of one device, as bounded files in its folder: at `agentLogBytes` a file becomes `.1` and the older `.1`
 * goes. A log that cannot be written (full disk, folder removed) is silent: it must never stop the agent.
 */
export class DeviceLog {
  readonly #folder: string
  readonly #now: () => number
  readonly #timers: Timers
  readonly #verbose: boolean
  readonly #lines: Record<LogFile, string[]> = { events: [], runtime: [], installation: [] }
  #writing: Undo | undefined

  constructor(options: { folder: string; now: () => number; timers: Timers; verbose: boolean }) {
    this.#folder = options.folder
    this.#now = options.now
    this.#timers = options.timers
    this.#verbose = options.verbose
  }

  /** Something an operator should know; it is in the runtime log too. */
  event(level: LogLevel, text: string): void {
    this.#add('events', level, text)
    this.verbose(level, text)
  }

  /** Everything else, where verbose logging is on. */
  verbose(level: LogLevel, text: string): void {
    if (this.#verbose) this.#add('runtime', level, text)
  }

  /**
   * One step of an installation. Where logs are verbose it is on the disk at once, since the machine may be switched off
   * in the middle; a large fleet writes it with the rest.
   */
  installation(level: LogLevel, text: string): void {
    this.#add('installation', level, text)
    if (this.#verbose || level === 'error') this.write()
  }

  /** Writes what waits. */
  write(): void {
    this.#writing?.()
    this.#writing = undefined
    for (const file of Object.keys(logFiles) as LogFile[]) {
      const lines = this.#lines[file]
      if (lines.length === 0) continue
      this.#lines[file] = []
      try {
        append(join(this.#folder, logFiles[file]), lines.join(''))
      } catch {
        // See above: a device without room for logs still watches its room.
      }
    }
  }

  #add(file: LogFile, level: LogLevel, text: string): void {
    const at = new Date(this.#now()).toISOString()
    this.#lines[file].push(`${at} ${level.padEnd(5)} ${cleanText(text, lineChars)}\n`)
    this.#writing ??= this.#timers.after(writeAfterMs, () => {
      this.write()
    })
  }
}

function append(path: string, text: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > 0 && size + Buffer.byteLength(text) > limits.agentLogBytes) renameSync(path, `${path}.1`)
  appendFileSync(path, text, { mode: 0o600 })
}
