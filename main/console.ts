import { join } from 'node:path'
import type { TopicOutput } from '../contract/bridge.ts'
import { Kind } from '../contract/entities.ts'
import { RoomkeeperError } from '../contract/errors.ts'
import type { TenantId } from '../contract/ids.ts'
import type { Undo } from '../contract/system.ts'
import type { SessionState, SyncState } from '../contract/views.ts'
import { Changeset } from './bridge/changes.ts'
import { saysDamaged } from './cache/open.ts'
import { Emitter } from './emitter.ts'
import type { Account, AccountState, CoreOptions } from './platform.ts'
import { PreferenceFile } from './preferences.ts'
import { mayKeep } from './remote/access.ts'
import { relayDial } from './remote/dial.ts'
import { RemoteSessions } from './remote/sessions.ts'
import { keptTime, type ServiceTime } from './serviceTime.ts'
import { ServiceSetup } from './setup.ts'
import { ServiceClient } from './sync/http.ts'
import type { Closed } from './sync/sync.ts'
import type { OpenAccount } from './tenants/account.ts'
import { type Entered, enteredOf, isCustomer } from './tenants/entered.ts'
import { forgetLeftOvers } from './tenants/place.ts'
import { outboxOf, picturesOf, sessionOf, syncOf } from './tenants/state.ts'
import { Tenants } from './tenants/tenants.ts'
import { Turns } from './turns.ts'
import { Picture } from './views/picture.ts'
import type { ShownChange } from './views/shown.ts'

/**
 * The running console: who is signed in, which tenants are open for them and which is entered, and what every window may
 * listen to, whatever comes and goes. Changes of what is open happen one after another, however fast they are asked for.
 */
export class Console {
  readonly options: CoreOptions
  /** The service's time; what is about this machine alone goes by `clock.machine`. */
  readonly clock: ServiceTime
  /** Asks about one's own tenant. */
  readonly homeClient: ServiceClient
  readonly preferences: PreferenceFile
  readonly setup: ServiceSetup
  readonly changes: Changeset
  readonly remote: RemoteSessions
  readonly onSession = new Emitter<SessionState>()
  readonly onSync = new Emitter<SyncState>()
  readonly onOutbox = new Emitter<TopicOutput<'outbox'>>()
  /** Of every open tenant, entered or not. */
  readonly onShown = new Emitter<ShownChange>()
  #tenants: Tenants | null = null
  #tenantsUndo: Undo[] = []
  #picture = new Picture([])
  #everything = new Picture([])
  readonly #turns: Turns
  #toldSync = ''
  readonly #undo: Undo[]

  constructor(options: CoreOptions) {
    this.options = options
    const { system, log } = options
    this.#turns = new Turns(log)
    this.homeClient = new ServiceClient(options.service, options.session, system.clock)
    this.preferences = new PreferenceFile(join(options.folder.path, 'preferences.json'))
    const clock = keptTime(system.clock, this.preferences, log)
    this.clock = clock
    this.setup = new ServiceSetup(this.homeClient, clock)
    this.changes = new Changeset(clock)
    this.remote = new RemoteSessions({ dial: relayDial(options.service, clock), clock, system, log })
    this.#undo = [
      clock.watch(),
      options.session.listen((state) => {
        this.onSession.emit(this.session)
        void this.#turns.run(() => this.#follow(state))
      }),
    ]
  }

  /** Opens what the last run left open, and clears what an interrupted sign-out left behind. */
  async start(): Promise<void> {
    const { folder, session, vault } = this.options
    const { state } = session
    await this.#turns.run(async () => {
      await forgetLeftOvers(folder.path, state.state === 'signedIn' ? state.account.id : undefined, vault)
      await this.#follow(state)
    })
    this.setup.poll(!this.preferences.workOffline)
  }

  async stop(): Promise<void> {
    this.#turns.stop()
    for (const undo of this.#undo) undo()
    this.setup.stop()
    this.changes.stop()
    await this.#turns.run(() => this.#close())
  }

  /** What is open for the person who is signed in. Errors: `session.none`. */
  get tenants(): Tenants {
    if (this.#tenants === null) throw new RoomkeeperError('session.none')
    return this.#tenants
  }

  get tenantsOrNone(): Tenants | null {
    return this.#tenants
  }

  /** The tenant that is acted in: the entered one; one's own with all together. Errors: `session.none`. */
  get acting(): OpenAccount {
    const { entered } = this
    const account = isCustomer(entered, this.#own) ? this.tenants.of(entered) : this.tenants.home
    if (account === null || account === undefined) throw new RoomkeeperError('session.none')
    return account
  }

  /** What is entered, for views of lists. Errors: `session.none`. */
  get picture(): Picture {
    if (this.#tenants === null) throw new RoomkeeperError('session.none')
    return this.#picture
  }

  /** All that is open, for views of one thing wherever it is. Errors: `session.none`. */
  get everything(): Picture {
    if (this.#tenants === null) throw new RoomkeeperError('session.none')
    return this.#everything
  }

  /** Asks about a tenant: the named one, else the one acted in. Errors: `session.none`, `session.tenantUnknown`. */
  clientOf(tenant?: TenantId): ServiceClient {
    if (tenant === undefined) return this.acting.client
    return tenant === this.#own ? this.homeClient : this.accountOf(tenant).client
  }

  /** An open tenant, entered or not. Errors: `session.none`, `session.tenantUnknown`. */
  accountOf(tenant: TenantId): OpenAccount {
    const account = tenant === this.#own ? this.tenants.home : this.tenants.of(tenant)
    if (account === null || account === undefined) throw new RoomkeeperError('session.tenantUnknown')
    return account
  }

  /** The id of one's own tenant, known from the first sync on. */
  get #own(): TenantId | null {
    if (this.#tenants === null) return null
    return this.#tenants.home?.shown.me?.tenant ?? this.preferences.ownTenant(this.#tenants.id)
  }

  /** Whose data is shown; null until that is known. */
  get entered(): Entered | null {
    const tenants = this.#tenants
    if (tenants === null) return null
    return enteredOf(this.preferences.entered(tenants.id), this.#own, tenants.home?.shown.me, tenants.customers)
  }

  /** Shows this tenant from now on, or all together (PAR-8). Errors: `session.none`, `session.tenantUnknown`, `disk.failed`. */
  enter(tenant: Entered): void {
    const { id, customers } = this.tenants
    const known = tenant === this.#own || (tenant === 'all' ? customers.length > 0 : customers.includes(tenant))
    if (!known) throw new RoomkeeperError('session.tenantUnknown')
    this.preferences.note('entered', id, tenant)
    this.#tellAll()
  }

  get session(): SessionState {
    const { state } = this.options.session
    return sessionOf(state, this.#tenants, this.#own, this.entered)
  }

  get sync(): SyncState {
    return syncOf(this.#tenants, this.#own, this.entered)
  }

  get outbox(): TopicOutput<'outbox'> {
    return outboxOf(this.#tenants)
  }

  /** Runs a reading or writing of what is open; a file that turns out to be damaged is mended behind it. */
  use<T>(run: (core: this) => T): T {
    try {
      return run(this)
    } catch (error) {
      if (!saysDamaged(error)) throw error
      const { all } = this.tenants
      for (const account of all) if (all.length === 1 || !account.shown.reader.whole()) this.tenants.mend(account)
      throw new RoomkeeperError('disk.failed', {}, error)
    }
  }

  /** Working offline ends remote sessions: nothing of this console is to use the network. */
  workOffline(on: boolean): void {
    if (on) this.remote.endAll()
    this.preferences.set({ workOffline: on })
    this.setup.poll(!on)
    this.#gate()
  }

  /**
   * Signs out and forgets what was synced. Errors: `session.unsent` (with `ask`, where commands wait or were refused),
   * `disk.failed`.
   */
  async signOut(unsent: 'ask' | 'keep' | 'discard'): Promise<void> {
    await this.#turns.run(async () => {
      const tenants = this.#tenants
      if (tenants !== null) {
        const counts = tenants.outboxes.map((outbox) => outbox.counts())
        const sum = (of: 'unsent' | 'refused'): number => counts.reduce((all, each) => all + each[of], 0)
        const waiting = sum('unsent') - sum('refused')
        if (unsent === 'ask' && sum('unsent') > 0)
          throw new RoomkeeperError('session.unsent', { params: { waiting, refused: sum('refused') } })
        // While there is a token to tell the service with.
        await this.remote.leave()
        this.#letGo()
        await tenants.forget(unsent !== 'discard')
        this.preferences.forget(tenants.id)
      }
      await this.options.session.signOut()
    })
  }

  async #follow(state: AccountState): Promise<void> {
    if (this.#turns.stopped) return
    if (state.state !== 'signedIn') {
      if (state.state === 'signedOut') await this.#close()
      return
    }
    if (this.#tenants?.id !== state.account.id) {
      await this.#close()
      await this.#open(state.account)
    }
    this.#gate()
  }

  async #open(account: Account): Promise<void> {
    const { options, clock } = this
    const { folder, service, vault, session, system, log, host } = options
    const tenants = await Tenants.open({
      account,
      root: folder.path,
      service,
      vault,
      session,
      clock,
      system,
      log,
      ...(host.cacheWorker === undefined ? {} : { cacheWorker: host.cacheWorker }),
      inTurn: (run) => void this.#turns.run(run).catch(() => undefined),
    })
    this.#tenants = tenants
    this.#tenantsUndo = [
      tenants.onSet.listen(() => this.#setChanged()),
      tenants.onShown.listen(({ account: { shown }, change }) => {
        this.onShown.emit(change)
        if (change.kinds.includes('me')) this.remote.keep((session) => mayKeep(tenants, session, this.#own))
        // Of a tenant that is not entered, only what is about the person and their access.
        const kinds = change.kinds.filter((kind) => personal.has(kind))
        if (this.#picture.parts.includes(shown)) this.changes.add(change)
        else if (kinds.length > 0) this.changes.add({ kinds, rooms: [], incidents: [] })
      }),
      tenants.onSync.listen(() => this.#tellSync()),
      tenants.onOutbox.listen(() => this.onOutbox.emit(this.outbox)),
    ]
    this.#setChanged()
  }

  /** Nothing of them is told any more. */
  #letGo(): void {
    for (const undo of this.#tenantsUndo) undo()
    this.#tenantsUndo = []
    this.#tenants = null
    this.#tellAll()
  }

  async #close(): Promise<void> {
    const tenants = this.#tenants
    if (tenants === null) return
    await this.remote.leave()
    this.#letGo()
    await tenants.close()
  }

  /** Tells everybody, where another set is shown than before; else only who is signed in to what. */
  #setChanged(): void {
    const tenants = this.#tenants
    const own = tenants?.home?.shown.me?.tenant
    if (tenants !== null && own !== undefined) this.preferences.note('own', tenants.id, own)
    if (tenants !== null) this.remote.keep((session) => mayKeep(tenants, session, this.#own))
    const { parts, together } = this.#picture
    const before = this.#everything.parts
    this.#draw()
    const same = together === this.#picture.together && equal(parts, this.#picture.parts) && equal(before, this.#everything.parts)
    if (same) this.onSession.emit(this.session)
    else this.#tellAll()
  }

  #draw(): void {
    const { entered, all } = picturesOf(this.#tenants, this.#own, this.entered)
    this.#picture = entered
    this.#everything = all
  }

  #tellAll(): void {
    this.#draw()
    this.onSession.emit(this.session)
    this.#tellSync()
    this.onOutbox.emit(this.outbox)
    this.onShown.emit({ kinds: everyKind })
    this.changes.add({ kinds: everyKind })
  }

  /** Several copies are told of as one, which changes less often than each of them. */
  #tellSync(): void {
    const { sync } = this
    const text = JSON.stringify(sync)
    if (text === this.#toldSync) return
    this.#toldSync = text
    this.onSync.emit(sync)
  }

  #gate(): void {
    const { state } = this.options.session
    const closed: Closed | null = this.preferences.workOffline
      ? 'workOffline'
      : state.state !== 'signedIn' || state.renewalNeeded
        ? 'signedOut'
        : null
    this.#tenants?.gate(closed)
  }
}

export const everyKind: readonly Kind[] = Kind.options

/** Kinds that screens about the person, their organisations and access read, whatever is entered. */
const personal: ReadonlySet<Kind> = new Set(['me', 'tenant', 'policy', 'request', 'notice'])

const equal = (one: readonly unknown[], two: readonly unknown[]): boolean =>
  one.length === two.length && one.every((part, n) => part === two[n])
