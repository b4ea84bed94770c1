import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CommandOutcome } from '../contract/commands.ts'
import { limits } from '../contract/limits.ts'
import { Cache } from './cache/cache.ts'
import { removeDatabase, saysDamaged, setAside } from './cache/open.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { Outbox } from './outbox/outbox.ts'
import { Sender } from './outbox/sender.ts'
import { OutboxStore } from './outbox/store.ts'
import type { Account, Session, Undo, Vault } from './platform.ts'
import type { ServiceClient } from './sync/http.ts'
import type { OpenFeed } from './sync/socket.ts'
import { type Closed, Sync } from './sync/sync.ts'
import { Shown } from './views/shown.ts'

export interface AccountOptions {
  account: Account
  /** `DIR/console`. */
  folder: string
  vault: Vault
  session: Session
  client: ServiceClient
  openFeed: OpenFeed
  clock: Clock
  random(): number
  log: Log
  cacheWorker?: URL
  /** The cache turned out to be damaged: this account must be closed, its cache set aside, and opened again. */
  onDamage(): void
}

const cachePath = (folder: string, account: string): string => join(folder, account, 'cache.db')
const cacheKey = (account: string): string => `cache-${account}`
const outboxKey = (account: string): string => `outbox-${account}`

/** Copies that could not be used are kept for a look at them; what they held comes again from the service. */
const asideKept = 2

/** Renames the cache of an account that is not open, so that it is built anew. The outbox is not touched. */
export function setCacheAside(folder: string, account: string, now: number): void {
  setAside(cachePath(folder, account), now, asideKept)
}

/** Forgets what was synced for an account that is not open: the key first, so that a kill leaves nothing readable. */
export async function forgetCache(folder: string, account: string, vault: Vault): Promise<void> {
  await vault.forget(cacheKey(account))
  removeDatabase(cachePath(folder, account))
}

/** All that belongs to the account that is signed in: its two files, and what keeps them and the service in step. */
export class OpenAccount {
  readonly id: string
  readonly cache: Cache
  readonly outbox: Outbox
  readonly shown: Shown
  readonly sync: Sync
  readonly sender: Sender
  readonly #undo: Undo[]

  private constructor(options: AccountOptions, cache: Cache, outbox: Outbox) {
    const { account, session, client, openFeed, clock, random, log } = options
    this.id = account.id
    this.cache = cache
    this.outbox = outbox
    this.shown = new Shown(cache.reader, outbox)
    this.sync = new Sync({
      store: cache,
      session,
      openFeed,
      clock,
      random,
      log,
      fetchPage: async (after, signal) => {
        const query = after === null ? '' : `?after=${encodeURIComponent(after)}`
        const { bytes } = await client.ask({ path: `/v1/snapshot${query}`, atMostBytes: limits.snapshotPageBytes, signal })
        return bytes
      },
      onSnapshot: (startedAt) => outbox.snapshotFinished(startedAt),
    })
    this.sender = new Sender({
      outbox,
      clock,
      random,
      log,
      send: (request, signal) => client.json(CommandOutcome, { method: 'POST', path: '/v1/commands', body: request, signal }),
    })
    let reached = false
    this.#undo = [
      cache.onChange((change) => this.shown.cacheChanged(change)),
      cache.onDamage(options.onDamage),
      outbox.listen(() => this.sender.wake()),
      this.sync.listen(({ state }) => {
        const reaches = state === 'live' || state === 'catchingUp'
        if (reaches && !reached) this.sender.kick()
        reached = reaches
      }),
    ]
  }

  /** Opens the files, made or mended where needed. Errors: `disk.failed`. */
  static async open(options: AccountOptions): Promise<OpenAccount> {
    const { account, folder, vault, clock, log } = options
    mkdirSync(join(folder, account.id), { recursive: true, mode: 0o700 })
    const opened = OutboxStore.open(join(folder, account.id, 'outbox.db'), await vault.key(outboxKey(account.id)), clock.now())
    if (opened.setAside !== undefined) log.warn({ why: opened.setAside, saved: opened.saved }, 'outbox set aside and kept')
    const path = cachePath(folder, account.id)
    const openCache = async (): Promise<Cache> =>
      Cache.open({
        path,
        key: await vault.key(cacheKey(account.id)),
        clock,
        log,
        ...(options.cacheWorker === undefined ? {} : { worker: options.cacheWorker }),
      })
    try {
      const outbox = new Outbox(opened.store, clock)
      let cache = await openCache()
      try {
        return new OpenAccount(options, cache, outbox)
      } catch (error) {
        // Damage that shows only when something is read.
        await cache.close()
        if (!saysDamaged(error)) throw error
        setAside(path, clock.now(), asideKept)
        cache = await openCache()
        return new OpenAccount(options, cache, outbox)
      }
    } catch (error) {
      opened.store.close()
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
    this.sync.stop()
    this.sender.stop()
    this.shown.close()
    await this.sender.idle()
    await this.cache.close()
    this.outbox.close()
  }
}
