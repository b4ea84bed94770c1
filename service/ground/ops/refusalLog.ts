import type { ErrorCode, RoomkeeperError } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'
import type { Clock } from '../../../contract/system.ts'
import { cleanText } from '../../../contract/text.ts'
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'

export interface Refused extends Pick<RoomkeeperError, 'code' | 'status' | 'details'> {
  readonly cause?: unknown
}

export interface RefusalLogOptions {
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'refusals'>
  readonly clock: Pick<Clock, 'now'>
}

/** Refusals that have nobody known behind them, but that an administrator has to find the reason of. */
const alsoTold: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['issuer.unavailable'])

/**
 * Counts refusals, and says in the log why somebody was not let in (every 401): which claim of a token, which part of what a device
 * sent. Whoever comes again and again fills no disk: those of one kind (code, field, place) within `refusalLogMs` are counted, and the next
 * line says how many there were.
 */
export class RefusalLog {
  readonly #options: RefusalLogOptions
  readonly #told = new Map<string, { at: number; more: number }>()

  constructor(options: RefusalLogOptions) {
    this.#options = options
  }

  /** `where`: the route or the socket; nothing that was sent. */
  note(error: Refused, where: string): void {
    const { log, metrics, clock } = this.#options
    const { code, status, details, cause } = error
    metrics.refusals.inc({ code })
    if (status !== 401 && !alsoTold.has(code)) return log.debug({ code, where }, 'a request was refused')
    const kind = `${code} ${details.field ?? ''} ${where}`
    const known = this.#told.get(kind)
    if (known && Math.abs(clock.now() - known.at) < limits.refusalLogMs) {
      known.more += 1
      return
    }
    const more = known?.more ?? 0
    this.#told.delete(kind)
    const [oldest] = this.#told.keys()
    if (this.#told.size >= limits.refusalLogKinds && oldest !== undefined) this.#told.delete(oldest)
    this.#told.set(kind, { at: clock.now(), more: 0 })
    const { field, detail } = details
    log.warn({ code, where, field, detail, why: reasonOf(cause), ...(more > 0 ? { more } : {}) }, 'did not let somebody in')
  }
}

/** The messages and codes of an error and of what caused it, as one line; undefined where there is none. */
export function reasonOf(error: unknown): string | undefined {
  const parts: string[] = []
  for (let at = error; at instanceof Error && parts.length < 4; at = at.cause) {
    const code = 'code' in at && typeof at.code === 'string' && !at.message.includes(at.code) ? ` (${at.code})` : ''
    parts.push(`${at.message}${code}`)
  }
  return parts.length === 0 ? undefined : cleanText(parts.join(': '), 300)
}
