import { mkdirSync } from 'node:fs'
import { CommandOutcome } from '../../contract/commands.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { snapshotPath } from '../../contract/feed.ts'
import type { LinkId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Ids, System, Undo } from '../../contract/system.ts'
import { Cache } from '../cache/cache.ts'
import { saysDamaged } from '../cache/open.ts'
import { defaultLeaseDays, Lease, type LeaseGuard } from '../lease/lease.ts'
import type { Log } from '../log.ts'
import { Outbox } from '../outbox/outbox.ts'
import { Patience } from '../outbox/patience.ts'
import { Sender } from '../outbox/sender.ts'
import { OutboxStore } from '../outbox/store.ts'
import type { Session, Vault } from '../platform.ts'
import type { ServiceTime } from '../serviceTime.ts'
import type { ServiceClient } from '../sync/http.ts'
import { Past } from '../sync/past.ts'
import type { OpenFeed } from '../sync/socket.ts'
import { type Closed, Sync } from '../sync/sync.ts'
import { Windows } from '../sync/windows.ts'
import { Shown } from '../views/shown.ts'
import { type Place, setCacheAside } from './place.ts'

/** A customer whose tenant is entered under a link; its name as one's own tenant has it, '' where that is not known. */
export interface Customer {
  readonly tenant: TenantId
  readonly link: LinkId | null
  readonly name: string
}

export interface AccountOptions {
  /** Null: one's own tenant. */
  customer: Customer | null
  place: Place
  vault: Vault
  session: Session
  /** Asks about this tenant. */
  client: ServiceClient
  /** Opens this tenant's feed. */
  openFeed: OpenFeed
  clock: ServiceTime
  /** This machine's. */
  system: System
  log: Log
  cacheWorker?: URL
  /** The cache turned out to be damaged: this account must be closed, its cache set aside, and opened again. */
  onDamage(): void
  /** The offline lease ended and the key is forgotten: it must be closed and opened again, which makes an empty copy. */
  onLeaseEnd(): void
  /** The service says that this person has no access here (any more), or was removed from their directory. */
  onWithdrawn(): void
}

const withdrawals: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>(['access.denied', 'auth.removed'])

/** All that belongs to one tenant that the person may see: its two files, and what keeps them and the service in step. */
export class OpenAccount {
  readonly customer: Customer | null
  readonly place: Place
  readonly client: ServiceClient
  readonly cache: Cache
  readonly outbox: Outbox
  readonly shown: Shown
  readonly sync: Sync
  readonly sender: Sender
  /** Histories of rooms that somebody looks at. */
  readonly windows: Windows
  readonly past: Past
  readonly lease: LeaseGuard
  readonly #undo: Undo[]

  private constructor(options: AccountOptions, lease: LeaseGuard, cache: Cache, outbox: Outbox) {
    const { customer, place, session, client, openFeed, clock, system, log } = options
    this.customer = customer
    this.place = place
    this.client = client
    this.cache = cache
    this.outbox = outbox
    this.lease = lease
    this.shown = new Shown(
      cache.reader,
      outbox,
      customer === null || customer.name === '' ? null : { id: customer.tenant, name: customer.name },
    )
    const leaseDays = (): number => cache.reader.only('tenant')?.offlineLeaseDays ?? defaultLeaseDays
    const contact = (serviceTime: number): void => lease.contact(serviceTime, leaseDays())
    this.sync = new Sync({
      store: cache,
      session,
      openFeed,
      clock,
      random: () => system.random.number(),
      log,
      fetchPage: async (after, signal) => {
        const { bytes, headers } = await client.ask({ path: snapshotPath(after), atMostBytes: limits.snapshotPageBytes, signal })
        const saidAt = Date.parse(headers.get('date') ?? '')
        if (!Number.isNaN(saidAt)) contact(saidAt)
        return bytes
      },
      onSnapshot: (startedAt) => outbox.snapshotFinished(startedAt),
      onContact: contact,
      onTime: (serviceTime) => clock.heard(serviceTime),
    })
    this.sender = new Sender({
      outbox,
      clock,
      random: () => system.random.number(),
      log,
      send: (request, signal) => client.json(CommandOutcome, { method: 'POST', path: '/v1/commands', body: request, signal }),
    })
    this.windows = new Windows({
      reader: cache.reader,
      client,
      write: (news) => cache.window(news),
      used: (room) => cache.windowUsed(room),
      clock,
      log,
    })
    this.past = new Past({ reader: cache.reader, client })
    let reached = false
    this.#undo = [
      cache.onChange((change) => {
        if (change.kinds.includes('tenant')) lease.setDays(leaseDays())
        this.shown.cacheChanged(change)
      }),
      cache.onDamage(options.onDamage),
      lease.onEnd(options.onLeaseEnd),
      clock.onShift.listen((byMs) => {
        try {
          outbox.dateAnew(byMs)
        } catch (error) {
          // They are sent with the date that they have; the service's word for one too old names the clock.
          log.warn({ error: String(error) }, 'what waits could not be dated anew')
        }
      }),
      outbox.listen(() => this.sender.wake()),
      this.sync.listen((state) => {
        const reaches = state.state === 'live' || state.state === 'catchingUp'
        if (reaches && !reached) this.sender.kick()
        reached = reaches
        this.windows.online = reaches
        if (state.state === 'offline' && state.why === 'refused' && withdrawals.has(state.code)) options.onWithdrawn()
      }),
    ]
  }

  /** Opens the files, made or mended where needed. Errors: `disk.failed`, `outbox.locked`. */
  static async open(options: AccountOptions): Promise<OpenAccount> {
    const { place, vault, clock, system, log } = options
    mkdirSync(place.folder, { recursive: true, mode: 0o700 })
    const lease = new Lease({
      cachePath: place.cachePath,
      key: () => vault.key(place.cacheKey),
      forgetKey: () => vault.forget(place.cacheKey),
      clock: clock.machine,
      random: system.random,
      log,
    })
    try {
      // Before anything of the copy is read. Where the lease has ended the copy is gone, and an empty one is opened.
      await lease.mayOpen()
      const outbox = await openOutbox(place, vault, { clock, ids: system.ids }, log)
      const openCache = async (): Promise<Cache> =>
        Cache.open({
          path: place.cachePath,
          key: await vault.key(place.cacheKey),
          clock,
          log,
          ...(options.cacheWorker === undefined ? {} : { worker: options.cacheWorker }),
        })
      try {
        let cache = await openCache()
        try {
          return new OpenAccount(options, lease, cache, outbox)
        } catch (error) {
          // Damage that shows only when something is read.
          await cache.close()
          if (!saysDamaged(error)) throw error
          setCacheAside(place, clock.now())
          cache = await openCache()
          return new OpenAccount(options, lease, cache, outbox)
        }
      } catch (error) {
        outbox.close()
        throw error
      }
    } catch (error) {
      lease.stop()
      throw error
    }
  }

  /** Lets sync and sender go on, or says why they may not. */
  gate(closed: Closed | null): void {
    this.sync.open(closed)
    this.sender.online = closed === null
  }

  /** What was submitted is durable already; a command on its way goes again at the next start. */
  async close(): Promise<void> {
    for (const undo of this.#undo) undo()
    this.lease.stop()
    this.sync.stop()
    this.sender.stop()
    this.shown.close()
    await this.sender.idle()
    await this.cache.close()
    this.outbox.close()
  }
}

/** Opens what the operator did in a tenant, whether or not its cache is open. Errors: `disk.failed`, `outbox.locked`. */
export async function openOutbox(place: Place, vault: Vault, of: { clock: Clock; ids: Ids }, log: Log): Promise<Outbox> {
  const key = await vault.key(place.outboxKey)
  const { clock } = of
  return new Patience(clock).keep(() => {
    const opened = OutboxStore.open(place.outboxPath, key, clock.now())
    if (opened.setAside !== undefined) log.warn({ why: opened.setAside, saved: opened.saved }, 'outbox set aside and kept')
    try {
      return new Outbox(opened.store, of)
    } catch (error) {
      opened.store.close()
      throw error
    }
  })
}
