import type { TenantId } from '../../../contract/ids.ts'
import { every } from '../../../contract/timing.ts'
import type { Plugin } from '../../ground/deps.ts'
import { system } from '../../ground/store/transaction.ts'
import type { AccessDeps } from '../deps.ts'
import { keepReading, readSource } from './reading.ts'
import { sourcesOf } from './sources.ts'

/** Tenants whose directories are read at the same time. More wait for their turn. */
const tenantsAtOnce = 4

/**
 * Keeps known who is in the security groups that assignments name, how everyone named is called (ACC-4), and that whoever
 * is known still has an account: at
 * changes of assignments, at edits of the embedded directory, and every now and then. A directory that cannot be
 * reached takes nothing away: what was last known stays, marked so.
 */
export class DirectorySync {
  readonly #deps: Pick<AccessDeps, 'store' | 'directory' | 'clock' | 'log'>
  readonly #waiting = new Set<TenantId>()
  readonly #running = new Set<TenantId>()
  #closed = false

  constructor(deps: Pick<AccessDeps, 'store' | 'directory' | 'clock' | 'log'>) {
    this.#deps = deps
  }

  /** Reads the directories of this tenant soon; once more, where they are just being read. */
  want(tenant: TenantId): void {
    if (this.#closed) return
    this.#waiting.add(tenant)
    this.#go()
  }

  async wantAll(): Promise<void> {
    for (const { id } of await this.#deps.store.tenants()) this.want(id)
  }

  /** Whether anything is being read or waits for it. */
  get busy(): boolean {
    return this.#running.size + this.#waiting.size > 0
  }

  /** Starts nothing more. What is just being read is dropped: a directory may take its time, and the service need not. */
  close(): void {
    this.#closed = true
    this.#waiting.clear()
  }

  #go(): void {
    for (const tenant of this.#waiting) {
      if (this.#running.size >= tenantsAtOnce) return
      if (this.#running.has(tenant)) continue
      this.#waiting.delete(tenant)
      this.#running.add(tenant)
      void this.#read(tenant)
        .catch((error: unknown) => {
          if (!this.#closed) this.#deps.log.error({ err: error, tenant }, 'the directory was not taken over; trying again later')
        })
        .finally(() => {
          this.#running.delete(tenant)
          this.#go()
        })
    }
  }

  async #read(tenant: TenantId): Promise<void> {
    const { store, directory, clock, log } = this.#deps
    const sources = await sourcesOf(store, tenant)
    if (!sources) return
    for (const source of sources) {
      if (source.groups.size + source.named.size + source.known.size === 0) continue
      const reading = await readSource(directory, source, clock.now())
      if (reading.failed)
        log.warn(
          { tenant, directory: source.directory, reason: reading.failed.message },
          'a directory cannot be read; what was last known stays',
        )
      if (this.#closed) return
      await store.write(tenant, system, (tx) => keepReading(tx, reading))
    }
    if (!this.#closed)
      await this.#forgetUnnamed(tenant, new Set(sources.filter(({ groups }) => groups.size > 0).map((source) => source.directory)))
  }

  /** What was known of the groups of directories that no assignment names groups of any more. */
  async #forgetUnnamed(tenant: TenantId, named: ReadonlySet<string>): Promise<void> {
    const { store } = this.#deps
    const rows = await store.read(tenant, 'wholeTenant').tables.securityGroup().select('directory').distinct().execute()
    const unnamed = rows.map(({ directory }) => directory).filter((directory) => !named.has(directory))
    if (unnamed.length === 0) return
    await store.write(tenant, system, (tx) => tx.delete.securityGroup().where('directory', 'in', unnamed).execute())
  }
}

export const directorySync: Plugin<AccessDeps> = (app, deps) => {
  const { bus, config, log } = deps
  const sync = new DirectorySync(deps)
  const all = (): void => {
    sync.wantAll().catch((error: unknown) => log.error({ err: error }, 'the directories could not be read; trying again later'))
  }
  const undo = [bus.subscribe('policy', ({ tenant }) => sync.want(tenant)), bus.subscribe('directory', all)]
  const end = every(deps.clock, config.timing.directoryReadEveryMs, all)
  app.addHook('onReady', async () => all())
  app.addHook('onClose', async () => {
    end()
    undo.forEach((unsubscribe) => unsubscribe())
    sync.close()
  })
}
