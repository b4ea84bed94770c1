import { RoomkeeperError } from '../../contract/errors.ts'
import { type ConsoleToFeed, feedProtocolVersion } from '../../contract/feed.ts'
import { limits } from '../../contract/limits.ts'
import type { Undo } from '../../contract/system.ts'
import type { SyncStore } from '../cache/cache.ts'
import type { FeedEvent } from '../cache/messages.ts'
import type { Log } from '../log.ts'
import type { AccessToken, Session } from '../platform.ts'
import type { ServiceTime } from '../serviceTime.ts'
import { type ConnectionEnd, endOf } from './ends.ts'
import { type FetchPage, fetchSnapshot } from './snapshot.ts'
import type { FeedSocket, OpenFeed } from './socket.ts'

export interface ConnectionOptions {
  store: SyncStore
  session: Session
  fetchPage: FetchPage
  openFeed: OpenFeed
  clock: ServiceTime
  log: Log
  /** The token before was refused: ask for another one. */
  renewToken: boolean
  /** Each message of the feed, after its rows are written. */
  onEvent(event: FeedEvent): void
  onProgress(done: number, total: number): void
  onSnapshot(startedAt: number): void
  /** Once, unless it was dropped. */
  onEnd(end: ConnectionEnd): void
}

/** Silence of so many beats means that nobody is there. */
const beatsMissed = 2.5
/** A token is renewed this long before its end. */
const renewBeforeMs = 90_000
const renewAtLeastMs = 5_000
/** Batches that did not fit, each answered with a new hello; more in one connection and it is given up. */
const gapsAtMost = 5

/** Answered to the upgrade by somebody who is not the service: it is reached, and takes no WebSocket. */
const noUpgrade: ReadonlySet<number> = new Set([200, 204, 400, 403, 404, 405, 411, 426, 501])

/** One socket to the service with the snapshots that it asks for, from the token to the end. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #timers = new Map<'hello' | 'beat' | 'renew', Undo>()
  #socket: FeedSocket | null = null
  #snapshot: AbortController | null = null
  #over = false
  #unwritten = 0
  #heardAt: number
  #awaitsWelcome = true
  #gaps = 0
  /** A document is not here as it was, and may never be: one that a newer service made differently is left out. All comes whole then. */
  #lacks = false
  #behind: number | null = null

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#heardAt = options.clock.steady()
  }

  get snapshotting(): boolean {
    return this.#snapshot !== null
  }

  /** Nothing is behind and no snapshot runs. */
  get upToDate(): boolean {
    return this.#behind === 0 && this.#snapshot === null
  }

  start(): void {
    const { clock, session, renewToken } = this.#options
    this.#timer(
      'hello',
      clock.after(limits.consoleRequestMs, () => this.#end({ why: 'network', code: 'network.offline', retry: true })),
    )
    session.accessToken(renewToken ? { renew: true } : {}).then(
      (token) => this.#dial(token),
      (error: unknown) => this.#end(endOf(error)),
    )
  }

  /** Ends it without a word. */
  drop(): void {
    this.#over = true
    for (const undo of this.#timers.values()) undo()
    this.#timers.clear()
    this.#snapshot?.abort()
    this.#socket?.drop()
  }

  #dial(token: AccessToken): void {
    if (this.#over) return
    const { renewToken } = this.#options
    this.#socket = this.#options.openFeed(token.token, {
      open: () => this.#hello(),
      message: (bytes) => void this.#received(bytes),
      closed: ({ status, problem }) => {
        // Without the word Upgrade, which a proxy has kept to itself, the service knows no such address.
        if (problem !== undefined && problem !== 'request.notFound') this.#end(endOf(new RoomkeeperError(problem), renewToken))
        else if (status === 401) this.#end({ why: 'refused', code: 'auth.invalid', retry: true })
        else if (status !== undefined && noUpgrade.has(status)) this.#end({ why: 'network', code: 'network.noWebSockets', retry: true })
        else this.#end({ why: 'network', code: 'network.offline', retry: true })
      },
    })
    this.#renewLater(token)
  }

  #hello(): void {
    const { cursor, scope, snapshot } = this.#options.store.state
    this.#awaitsWelcome = true
    this.#behind = null
    this.#send({
      type: 'hello',
      versions: [feedProtocolVersion],
      ...(cursor === null ? {} : { cursor }),
      ...(scope === null ? {} : { scope }),
      ...(cursor !== null && (snapshot !== null || this.#lacks) ? { partial: true } : {}),
    })
  }

  /** Messages are answered by the store in the order in which they came. */
  async #received(bytes: Uint8Array): Promise<void> {
    if (this.#over) return
    const size = bytes.byteLength
    this.#heardAt = this.#options.clock.steady()
    this.#unwritten += size
    if (this.#unwritten > limits.feedUnwrittenBytes) this.#socket?.pause()
    try {
      const event = await this.#options.store.feed(bytes)
      if (!this.#over) this.#handle(event)
    } catch (error) {
      this.#end(endOf(error))
    } finally {
      this.#unwritten -= size
      if (this.#unwritten <= limits.feedUnwrittenBytes) this.#socket?.resume()
    }
  }

  #handle(event: FeedEvent): void {
    const { store, onEvent } = this.#options
    switch (event.type) {
      case 'welcome':
        this.#timers.get('hello')?.()
        this.#awaitsWelcome = false
        this.#beat(event.beatMs)
        // A snapshot that was interrupted goes on; without a cursor one is needed whatever the service says next.
        if (store.state.cursor === null) this.#startSnapshot(true)
        else if (store.state.snapshot !== null) this.#startSnapshot(false)
        break
      case 'snapshot':
        this.#startSnapshot(true)
        break
      case 'scope':
        if (event.applied) this.#startSnapshot(store.state.cursor === null, true)
        break
      case 'batch':
        if (event.outcome === 'applied') this.#behind = event.behind
        else {
          this.#lacks ||= event.outcome === 'lacks'
          this.#gap()
        }
        break
      case 'beat':
        break
      case 'error':
        this.#options.log.warn({ code: event.code }, 'the feed reports an error')
        this.#end({
          why: event.code === 'service.unavailable' ? 'network' : 'refused',
          code: event.code,
          retry: event.retry || event.code === 'auth.expired',
        })
        return
      case 'malformed':
        this.#options.log.warn({ detail: event.detail }, 'the feed sent something else')
        this.#end({ why: 'refused', code: 'message.malformed', retry: true })
        return
    }
    onEvent(event)
  }

  /** A batch that does not start where the copy ends. Until a snapshot of everything is whole, none can. */
  #gap(): void {
    if (this.#awaitsWelcome || this.#options.store.state.cursor === null) return
    if (++this.#gaps > gapsAtMost) this.#end({ why: 'refused', code: 'message.unexpected', retry: true })
    else this.#hello()
  }

  #startSnapshot(full: boolean, anew = false): void {
    if (this.#snapshot !== null && !anew) return
    this.#snapshot?.abort()
    const abort = new AbortController()
    this.#snapshot = abort
    void this.#runSnapshot(full, abort)
  }

  async #runSnapshot(full: boolean, abort: AbortController): Promise<void> {
    const { store, fetchPage, onProgress, onSnapshot } = this.#options
    try {
      const whole = await fetchSnapshot({
        store,
        fetchPage,
        full,
        signal: abort.signal,
        onProgress: ({ done, total }) => {
          if (!abort.signal.aborted) onProgress(done, total)
        },
      })
      if (abort.signal.aborted || this.#over) return
      this.#snapshot = null
      if (whole === null) return
      onSnapshot(whole.startedAt)
      if (whole.full) this.#hello()
      else if (store.state.scope !== null && !this.#lacks) this.#send({ type: 'whole', scope: store.state.scope })
      onProgress(whole.done, whole.total)
    } catch (error) {
      if (!abort.signal.aborted) this.#end(endOf(error))
    }
  }

  /** Says that we are here, and looks whether the other end is. */
  #beat(beatMs: number): void {
    const { clock } = this.#options
    const every = Math.min(Math.max(beatMs, 1_000), limits.disconnectAfterMs)
    this.#timer(
      'beat',
      clock.after(every, () => {
        if (clock.steady() - this.#heardAt > every * beatsMissed) {
          this.#end({ why: 'network', code: 'network.offline', retry: true })
          return
        }
        this.#send({ type: 'beat' })
        this.#beat(beatMs)
      }),
    )
  }

  /** Renews the token in place. Without a new one the service ends the feed when the old one expires. */
  #renewLater(token: AccessToken): void {
    const { clock, session } = this.#options
    // When a token ends was worked out by this machine's clock.
    const wait = Math.max(renewAtLeastMs, token.expiresAt - clock.machine.now() - renewBeforeMs)
    this.#timer(
      'renew',
      clock.after(wait, () => {
        session.accessToken({ renew: true }).then(
          (renewed) => {
            if (this.#over) return
            this.#send({ type: 'renew', token: renewed.token })
            this.#renewLater(renewed)
          },
          (error: unknown) => {
            if (this.#over || (error instanceof RoomkeeperError && error.code === 'session.none')) return
            this.#renewLater(token)
          },
        )
      }),
    )
  }

  #timer(name: 'hello' | 'beat' | 'renew', undo: Undo): void {
    this.#timers.get(name)?.()
    this.#timers.set(name, undo)
  }

  #send(message: ConsoleToFeed): void {
    this.#socket?.send(JSON.stringify(message))
  }

  #end(end: ConnectionEnd): void {
    if (this.#over) return
    this.drop()
    this.#options.onEnd(end)
  }
}
