import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Kind } from '../contract/entities.ts'
import { RoomkeeperError } from '../contract/errors.ts'
import type { SessionState, SyncState } from '../contract/views.ts'
import { forgetCache, OpenAccount, setCacheAside } from './account.ts'
import { Changeset } from './bridge/changes.ts'
import { saysDamaged } from './cache/open.ts'
import type { Clock } from './clock.ts'
import { Emitter } from './emitter.ts'
import { PreferenceFile } from './preferences.ts'
import type { Account, AccountState, CoreOptions, Undo } from './platform.ts'
import { ServiceSetup } from './setup.ts'
import { ServiceClient } from './sync/http.ts'
import { feedOf } from './sync/socket.ts'
import type { Closed } from './sync/sync.ts'
import type { ShownChange } from './views/shown.ts'

/**
 * The running console: which account is open, and what every window may listen to, whatever account comes and goes.
 * Changes of account happen one after another, however fast they are asked for.
 */
export class Console {
  readonly options: CoreOptions
  readonly clock: Clock
  readonly client: ServiceClient
  readonly preferences: PreferenceFile
  readonly setup: ServiceSetup
  readonly changes: Changeset
  readonly onSession = new Emitter<SessionState>()
  readonly onSync = new Emitter<SyncState>()
  readonly onOutbox = new Emitter<{ pending: number; refused: number }>()
  readonly onShown = new Emitter<ShownChange>()
  #account: OpenAccount | null = null
  #accountUndo: Undo[] = []
  #turn: Promise<void> = Promise.resolve()
  #mending = false
  #stopped = false
  readonly #undo: Undo[]

  constructor(options: CoreOptions, clock: Clock) {
    this.options = options
    this.clock = clock
    this.client = new ServiceClient(options.service, options.session)
    this.preferences = new PreferenceFile(join(options.folder.path, 'preferences.json'))
    this.setup = new ServiceSetup(this.client, clock)
    this.changes = new Changeset(clock)
    this.#undo = [
      options.session.listen((state) => {
        this.onSession.emit(this.session)
        void this.#inTurn(() => this.#follow(state))
      }),
      this.onShown.listen((change) => this.changes.add(change)),
    ]
  }

  /** Opens what the last run left open, and clears what an interrupted sign-out left behind. */
  async start(): Promise<void> {
    const { state } = this.options.session
    await this.#inTurn(async () => {
      await this.#clearLeftOvers(state.state === 'signedIn' ? state.account.id : undefined)
      await this.#follow(state)
    })
    this.setup.poll(!this.preferences.workOffline)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const undo of this.#undo) undo()
    this.setup.stop()
    this.changes.stop()
    await this.#inTurn(() => this.#close())
  }

  /** The account that is open. Errors: `session.none`. */
  get account(): OpenAccount {
    if (this.#account === null) throw new RoomkeeperError('session.none')
    return this.#account
  }

  get accountOrNone(): OpenAccount | null {
    return this.#account
  }

  get session(): SessionState {
    const { state } = this.options.session
    if (state.state !== 'signedIn') return state
    const { account, renewalNeeded } = state
    const open = this.#account?.id === account.id ? this.#account : null
    return {
      state: 'signedIn',
      account: { name: account.name, email: account.email },
      me: open?.shown.me ?? null,
      tenant: open?.shown.reader.only('tenant')?.name ?? null,
      renewalNeeded,
    }
  }

  get sync(): SyncState {
    return this.#account?.sync.state ?? { state: 'stopped' }
  }

  get outbox(): { pending: number; refused: number } {
    const { pending, refused } = this.#account?.outbox.counts() ?? { pending: 0, refused: 0 }
    return { pending, refused }
  }

  /** Runs a reading or writing of the open account; a file that turns out to be damaged is mended behind it. */
  use<T>(run: (account: OpenAccount) => T): T {
    try {
      return run(this.account)
    } catch (error) {
      if (!saysDamaged(error)) throw error
      this.#mend()
      throw new RoomkeeperError('disk.failed', {}, error)
    }
  }

  workOffline(on: boolean): void {
    this.preferences.set({ workOffline: on })
    this.setup.poll(!on)
    this.#gate()
  }

  /**
   * Signs out and forgets what was synced. Errors: `session.unsent` (with `ask`, where commands wait or were refused),
   * `disk.failed`.
   */
  async signOut(unsent: 'ask' | 'keep' | 'discard'): Promise<void> {
    await this.#inTurn(async () => {
      const open = this.#account
      if (open !== null) {
        const { unsent: waiting, refused } = open.outbox.counts()
        if (unsent === 'ask' && waiting > 0) throw new RoomkeeperError('session.unsent', { params: { waiting: waiting - refused, refused } })
        open.gate('signedOut')
        await open.sender.idle()
        if (unsent === 'discard') open.outbox.discardAll()
        await this.#close()
        await forgetCache(this.options.folder.path, open.id, this.options.vault)
      }
      await this.options.session.signOut()
    })
  }

  async #follow(state: AccountState): Promise<void> {
    if (this.#stopped) return
    if (state.state !== 'signedIn') {
      if (state.state === 'signedOut') await this.#close()
      return
    }
    if (this.#account?.id !== state.account.id) {
      await this.#close()
      await this.#open(state.account)
    }
    this.#gate()
  }

  async #open(account: Account): Promise<void> {
    const { options, clock, client } = this
    const { folder, vault, session, log, host } = options
    const open = await OpenAccount.open({
      account,
      folder: folder.path,
      vault,
      session,
      client,
      openFeed: feedOf(options.service),
      clock,
      random: Math.random,
      log,
      onDamage: () => this.#mend(),
      ...(host.cacheWorker === undefined ? {} : { cacheWorker: host.cacheWorker }),
    })
    this.#account = open
    this.#accountUndo = [
      open.shown.listen((change) => {
        if (change.kinds.some((kind) => kind === 'me' || kind === 'tenant')) this.onSession.emit(this.session)
        this.onShown.emit(change)
      }),
      open.sync.listen((state) => this.onSync.emit(state)),
      open.outbox.listen(() => this.onOutbox.emit(this.outbox)),
    ]
    this.#tellAll()
  }

  async #close(): Promise<void> {
    const open = this.#account
    if (open === null) return
    for (const undo of this.#accountUndo) undo()
    this.#accountUndo = []
    this.#account = null
    await open.close()
    this.#tellAll()
  }

  #tellAll(): void {
    this.onSession.emit(this.session)
    this.onSync.emit(this.sync)
    this.onOutbox.emit(this.outbox)
    this.onShown.emit({ kinds: everyKind })
  }

  #gate(): void {
    const { state } = this.options.session
    const closed: Closed | null = this.preferences.workOffline
      ? 'workOffline'
      : state.state !== 'signedIn' || state.renewalNeeded
        ? 'signedOut'
        : null
    this.#account?.gate(closed)
  }

  /** Sets a damaged cache aside and opens the account again; the copy is built anew from the service. */
  #mend(): void {
    const damaged = this.#account
    if (damaged === null || this.#mending || this.#stopped) return
    this.#mending = true
    this.options.log.error({}, 'cache damaged; it is set aside and built anew')
    void this.#inTurn(async () => {
      try {
        if (this.#account !== damaged) return
        await this.#close()
        setCacheAside(this.options.folder.path, damaged.id, this.clock.now())
        await this.#follow(this.options.session.state)
      } finally {
        this.#mending = false
      }
    })
  }

  /** One change of account at a time. A failure is logged, and told to whoever waits. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(run)
    this.#turn = mine.catch((error: unknown) => {
      if (error instanceof RoomkeeperError && error.code === 'session.unsent') return
      this.options.log.error({ error: String(error) }, 'the account could not be opened or closed')
    })
    return mine.catch((error: unknown) => {
      if (this.#stopped) return
      throw error
    })
  }

  async #clearLeftOvers(current: string | undefined): Promise<void> {
    const { folder, vault } = this.options
    for (const entry of readdirSync(folder.path, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === current || !existsSync(join(folder.path, entry.name, 'cache.db'))) continue
      await forgetCache(folder.path, entry.name, vault)
    }
  }
}

export const everyKind: readonly Kind[] = Kind.options
