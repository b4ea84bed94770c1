import type { ErrorCode } from '../../contract/errors.ts'
import type { Undo } from '../../contract/system.ts'
import type { SyncState } from '../../contract/views.ts'
import type { SyncStore } from '../cache/cache.ts'
import type { FeedEvent } from '../cache/messages.ts'
import type { Log } from '../log.ts'
import type { Session } from '../platform.ts'
import type { ServiceTime } from '../serviceTime.ts'
import { backoffMs } from './backoff.ts'
import { Connection } from './connection.ts'
import type { ConnectionEnd } from './ends.ts'
import type { FetchPage } from './snapshot.ts'
import type { OpenFeed } from './socket.ts'
import { type Began, timeLeft } from './timeLeft.ts'

export interface SyncOptions {
  store: SyncStore
  session: Session
  fetchPage: FetchPage
  openFeed: OpenFeed
  /** By the service's time. */
  clock: ServiceTime
  /** From 0 to below 1. */
  random(): number
  log: Log
  /** A snapshot that began at this time (console's clock) is whole. */
  onSnapshot(startedAt: number): void
  /** The service said what time it is: milliseconds of its own clock. */
  onContact?(serviceTime: number): void
  /** The same, and at its first word already. */
  onTime?(serviceTime: number): void
}

/** Why nothing may connect: the operator's switch, or nobody is signed in (any more). */
export type Closed = 'workOffline' | 'signedOut'

type Offline = Extract<SyncState, { state: 'offline' }>

/** Where the copy stands towards the service; every state but the first two owns what it must take down. */
type Phase =
  | { name: 'stopped' }
  | { name: 'closed'; why: Closed; since: number }
  | { name: 'waiting'; since: number; why: Offline['why']; code: ErrorCode; nextTryAt: number | null; retry: Undo | null }
  /** `after`: what was wrong before this try; shown until the try comes to something. */
  | { name: 'connecting'; since: number; connection: Connection; after: Extract<Phase, { name: 'waiting' }> | null }
  | { name: 'catchingUp'; connection: Connection; done: number; total: number; began: Began }
  | { name: 'live'; connection: Connection; syncedAt: number }

/** While live, how old the copy is is told at most this often. */
const tellSyncedEveryMs = 1_000
/** The time of the last beat is kept on the disk this often, for "synced 4 min ago" after a start without network. */
const keepSyncedEveryMs = 60_000

/**
 * Keeps the copy up to date (CON-2): connects, follows, and after every failure comes back by itself. What arrives goes
 * to the store unseen; this decides what to do next.
 */
export class Sync {
  readonly #options: SyncOptions
  readonly #listeners = new Set<(state: SyncState) => void>()
  #phase: Phase = { name: 'stopped' }
  #tries = 0
  #renewToken = false
  #shown: SyncState
  #keptSynced = Number.NEGATIVE_INFINITY
  #toldAt = Number.NEGATIVE_INFINITY
  #tellLater: Undo | null = null

  constructor(options: SyncOptions) {
    this.#options = options
    this.#shown = this.#show()
  }

  get state(): SyncState {
    return this.#shown
  }

  /** Called with every later state. Returns its undo. */
  listen(listener: (state: SyncState) => void): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Connects, or says why not. Calling it again with the same reason changes nothing. */
  open(closed: Closed | null): void {
    if (closed !== null) {
      if (this.#phase.name === 'closed' && this.#phase.why === closed) return
      this.#enter({ name: 'closed', why: closed, since: this.#options.clock.now() })
    } else if (this.#phase.name === 'stopped' || this.#phase.name === 'closed' || this.#givenUp()) {
      this.#tries = 0
      this.#connect(null)
    }
  }

  #givenUp(): boolean {
    return this.#phase.name === 'waiting' && this.#phase.retry === null
  }

  /** The operator does not want to wait for the next try. */
  now(): void {
    if (this.#phase.name === 'waiting') this.#connect(this.#phase)
  }

  stop(): void {
    this.#enter({ name: 'stopped' })
  }

  #connect(after: Extract<Phase, { name: 'waiting' }> | null): void {
    const { store, session, fetchPage, openFeed, clock, log } = this.#options
    const connection = new Connection({
      store,
      session,
      fetchPage,
      openFeed,
      clock,
      log,
      renewToken: this.#renewToken,
      onEvent: (event) => this.#heard(connection, event),
      onProgress: (done, total) => this.#progress(connection, done, total),
      onSnapshot: (startedAt) => this.#options.onSnapshot(startedAt),
      onEnd: (end) => this.#ended(connection, end),
    })
    this.#renewToken = false
    this.#enter({ name: 'connecting', since: clock.now(), connection, after })
    connection.start()
  }

  #heard(connection: Connection, event: FeedEvent): void {
    if (!this.#isCurrent(connection)) return
    if ((event.type === 'beat' || event.type === 'welcome') && event.at !== undefined) this.#options.onTime?.(event.at)
    if (event.type === 'beat') this.#options.onContact?.(event.at)
    const now = this.#options.clock.now()
    if (event.type === 'batch' && event.outcome === 'applied') {
      const { behind } = event
      if (behind === 0 && !connection.snapshotting) this.#live(connection, now)
      else if (!connection.snapshotting) {
        const done = this.#phase.name === 'catchingUp' ? this.#phase.done + event.rows : event.rows
        this.#catchUp(connection, done, done + behind)
      }
    } else if (event.type === 'beat' && this.#phase.name === 'live') {
      this.#live(connection, now)
    } else if (event.type === 'scope' || event.type === 'snapshot') {
      this.#progress(connection, 0, 0)
    } else if (event.type === 'welcome' && this.#phase.name === 'connecting') {
      this.#progress(connection, 0, 0)
    }
  }

  #live(connection: Connection, now: number): void {
    this.#tries = 0
    this.#enter({ name: 'live', connection, syncedAt: now })
    const at = this.#options.clock.steady()
    if (at - this.#keptSynced < keepSyncedEveryMs) return
    this.#keptSynced = at
    this.#options.store.synced(now).catch(() => undefined)
  }

  #progress(connection: Connection, done: number, total: number): void {
    if (!this.#isCurrent(connection)) return
    if (connection.upToDate) this.#live(connection, this.#options.clock.now())
    else this.#catchUp(connection, done, total)
  }

  /** Its pace goes by what came of one and the same work. */
  #catchUp(connection: Connection, done: number, total: number): void {
    const before = this.#phase
    const goesOn = before.name === 'catchingUp' && before.connection === connection && before.total > 0 && done >= before.done
    const began = goesOn ? before.began : { at: this.#options.clock.steady(), done }
    this.#enter({ name: 'catchingUp', connection, done, total, began })
  }

  #ended(connection: Connection, end: ConnectionEnd): void {
    if (!this.#isCurrent(connection)) return
    const { clock, log, random } = this.#options
    log.info({ why: end.why, code: end.code, retry: end.retry }, 'feed ended')
    const now = clock.now()
    // A token that the service does not take is renewed for the next try.
    this.#renewToken = end.code.startsWith('auth.')
    if (end.code === 'auth.removed') this.#forget()
    const since = this.#phase.name === 'connecting' && this.#phase.after !== null ? this.#phase.after.since : now
    if (!end.retry) {
      this.#enter({ name: 'waiting', since, why: end.why, code: end.code, nextTryAt: null, retry: null })
      return
    }
    this.#tries++
    const pause = Math.max(backoffMs(this.#tries, random), end.retryAfterMs ?? 0)
    const retry = clock.after(pause, () => this.now())
    this.#enter({ name: 'waiting', since, why: end.why, code: end.code, nextTryAt: now + pause, retry })
  }

  /** Who was removed from their directory reads nothing any more, of what was synced neither (ACC-8). */
  #forget(): void {
    const { store, log } = this.#options
    const nothing = JSON.stringify({ type: 'scope', version: store.state.scope ?? 0, rooms: {} })
    store
      .feed(new TextEncoder().encode(nothing))
      .catch((error: unknown) => log.error({ error: String(error) }, 'what was synced could not be removed'))
  }

  #isCurrent(connection: Connection): boolean {
    return 'connection' in this.#phase && this.#phase.connection === connection
  }

  /** Takes down what the phase before owned and the next one does not go on with. */
  #enter(phase: Phase): void {
    const before = this.#phase
    this.#phase = phase
    if (before.name === 'waiting') before.retry?.()
    if ('connection' in before && !('connection' in phase && phase.connection === before.connection)) before.connection.drop()
    this.#tell()
  }

  #tell(): void {
    const shown = this.#show()
    if (JSON.stringify(shown) === JSON.stringify(this.#shown)) return
    const { clock } = this.#options
    const early = shown.state === 'live' && this.#shown.state === 'live' ? this.#toldAt + tellSyncedEveryMs - clock.steady() : 0
    if (early > 0) {
      this.#tellLater ??= clock.after(early, () => {
        this.#tellLater = null
        this.#tell()
      })
      return
    }
    this.#tellLater?.()
    this.#tellLater = null
    this.#shown = shown
    this.#toldAt = clock.steady()
    for (const listener of this.#listeners) listener(shown)
  }

  #show(): SyncState {
    const phase = this.#phase
    const { syncedAt } = this.#options.store.state
    switch (phase.name) {
      case 'stopped':
        return { state: 'stopped' }
      case 'closed':
        return { state: 'offline', since: phase.since, why: phase.why, nextTryAt: null, syncedAt }
      case 'waiting':
        return { state: 'offline', since: phase.since, why: phase.why, code: phase.code, nextTryAt: phase.nextTryAt, syncedAt }
      case 'connecting': {
        const { after } = phase
        if (after === null) return { state: 'connecting', since: phase.since, syncedAt }
        return { state: 'offline', since: after.since, why: after.why, code: after.code, nextTryAt: null, syncedAt }
      }
      case 'catchingUp':
        return {
          state: 'catchingUp',
          done: phase.done,
          total: phase.total,
          leftMs: timeLeft(phase.began, this.#options.clock.steady(), phase.done, phase.total),
          syncedAt,
        }
      case 'live':
        return { state: 'live', syncedAt: phase.syncedAt }
    }
  }
}
