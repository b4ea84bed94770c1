import type { CommandOutcome, CommandRequest } from '../../contract/commands.ts'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Undo } from '../../contract/system.ts'
import type { Log } from '../log.ts'
import { backoffMs } from '../sync/backoff.ts'
import type { Outbox } from './outbox.ts'
import { subjectsOf } from './overlay.ts'
import type { OutboxRow } from './store.ts'

export interface SenderOptions {
  outbox: Outbox
  /**
   * Sends one command. Throws a `RoomkeeperError` whose code the service named, or `network.offline`;
   * `details.params.retryAfterMs` where the service said how long to wait.
   */
  send(request: CommandRequest, signal: AbortSignal): Promise<CommandOutcome>
  clock: Clock
  /** From 0 to below 1. */
  random(): number
  log: Log
}

/** What an error means for the command that met it. */
type Verdict = 'park' | 'waitAll' | 'waitThis'

function verdictOf(error: unknown): Verdict {
  if (!(error instanceof RoomkeeperError)) return 'waitThis'
  // Nothing reaches the service now, or nothing of this person: one wait for all.
  if (error.status === 401 || error.status === 429 || error.status === 503) return 'waitAll'
  return error.status >= 500 ? 'waitThis' : 'park'
}

/** Who is refused with these was not let in: the service has not looked whether it has applied the command already. */
const turnedAway: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['auth.removed', 'auth.unknownTenant', 'partner.multiFactor'])

/**
 * Sends the outbox: one command at a time, those about one thing in their order. What meets a failing network or
 * service waits and is tried again under its own key, however long that takes; what the service refuses is parked.
 */
export class Sender {
  readonly #options: SenderOptions
  /** Tries in a row that had no answer, and when the next may come: for one command, or under '' for all. */
  readonly #waits = new Map<string, { tries: number; until: number }>()
  #online = false
  #sending: AbortController | null = null
  #try: Promise<void> = Promise.resolve()
  #timer: Undo | null = null

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** Whether anything may be sent (signed in, not working offline). */
  set online(on: boolean) {
    this.#online = on
    if (on) this.kick()
    else this.#rest()
  }

  /** Something may have come into the outbox: tries what has nothing to wait for. */
  wake(): void {
    this.#next()
  }

  /** The service can be reached again: forgets every wait and tries now. */
  kick(): void {
    this.#waits.clear()
    this.#next()
  }

  /** Ends a try under way; its command stays to be sent again. */
  stop(): void {
    this.#online = false
    this.#rest()
  }

  /** Resolves when no try is under way any more. */
  idle(): Promise<void> {
    return this.#try
  }

  #rest(): void {
    this.#timer?.()
    this.#timer = null
    this.#sending?.abort()
  }

  #next(): void {
    this.#timer?.()
    this.#timer = null
    if (!this.#online || this.#sending !== null) return
    const now = this.#options.clock.steady()
    const all = this.#waits.get('')?.until ?? 0
    const row = all > now ? undefined : this.#eligible(now)
    if (row !== undefined) {
      this.#try = this.#send(row)
      return
    }
    const waits = [...this.#waits.values()].map(({ until }) => until).filter((until) => until > now)
    if (waits.length > 0) this.#timer = this.#options.clock.after(Math.min(...waits) - now, () => this.#next())
  }

  /** The first command that waits for nothing: neither for its own pause nor behind another about the same thing. */
  #eligible(now: number): OutboxRow | undefined {
    const blocked = new Set<string>()
    for (const row of this.#options.outbox.rows()) {
      if (row.state !== 'pending') continue
      const subjects = subjectsOf(row.command)
      const waits = (this.#waits.get(row.key)?.until ?? 0) > now
      if (!waits && !subjects.some((subject) => blocked.has(subject))) return row
      for (const subject of subjects) blocked.add(subject)
    }
    return undefined
  }

  async #send(row: OutboxRow): Promise<void> {
    const { outbox, log, clock } = this.#options
    const { key, command, issuedAt } = row
    const sending = new AbortController()
    this.#sending = sending
    try {
      if (outbox.beginTry(key)) {
        const outcome = await this.#options.send({ key, command, issuedAt, sentAt: clock.now() }, sending.signal)
        this.#waits.clear()
        if (outcome.outcome === 'applied') outbox.applied(key)
        else if (outcome.outcome === 'requested') outbox.requested(key)
        else outbox.refused(key, outcome.code, outcome.detail)
      }
    } catch (error) {
      this.#failed(key, error)
      log.info({ command: command.type, code: error instanceof RoomkeeperError ? error.code : String(error) }, 'command not sent')
    } finally {
      this.#sending = null
      this.#next()
    }
  }

  #failed(key: string, error: unknown): void {
    const { outbox, clock, random } = this.#options
    const verdict = verdictOf(error)
    if (verdict === 'park' && error instanceof RoomkeeperError && this.#park(key, error)) return
    const name = verdict === 'waitAll' ? '' : key
    const tries = (this.#waits.get(name)?.tries ?? 0) + 1
    const asked = error instanceof RoomkeeperError ? Number(error.details.params?.['retryAfterMs'] ?? 0) : 0
    const pause = Math.max(backoffMs(tries, random), Math.min(asked, limits.retryMaxMs))
    this.#waits.set(name, { tries, until: clock.steady() + pause })
    outbox.tryAgain(key)
  }
  /** False where the disk did not take it: the service will refuse it again. */
  #park(key: string, { code, details }: RoomkeeperError): boolean {
    const { outbox } = this.#options
    try {
      // Of an earlier try, too, such a refusal says nothing.
      if (turnedAway.has(code) && (outbox.get(key)?.tries ?? 0) > 1) outbox.refused(key, 'command.unanswered')
      else outbox.refused(key, code, details.detail)
      return true
    } catch {
      return false
    }
  }
}
