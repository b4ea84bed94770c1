import type { SuppressionId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Undo } from '../../contract/system.ts'
import { system } from '../ground/store/transaction.ts'
import type { SettleDeps, SuppressionDeps } from './deps.ts'
import { nameOf } from './reach.ts'
import { type Said, suppressionOf } from './said.ts'
import { settle } from './settle.ts'

/** The longest single sleep; what is due later is looked at again then. */
const longestSleepMs = 3_600_000
/** Whether rooms come to it and leave it, or its times go by where they are; the others stay as they were said, whatever changes. */
const isMoved = ({ what, recurrence }: Said): boolean => what.groups.length > 0 || what.place !== null || recurrence !== null

/** Brought in line in one write; others write in between. */
const together = 50

type Deps = SettleDeps & Pick<SuppressionDeps, 'store' | 'clock' | 'bus'> & { readonly onProblem: (error: unknown) => void }

/**
 * Begins and ends suppressions when their time has come. When that is, is in the database; in memory is one timer, for the earliest. Rooms
 * and groups that change bring the tenant's suppressions to be worked out again, and each start does it once for all.
 */
export class SuppressionTimers {
  readonly #deps: Deps
  readonly #anew = new Set<TenantId>()
  #endSleep: Undo | undefined
  #sleepUntil = Infinity
  #running: Promise<void> | undefined
  #again = false
  #stopped = false
  #undo: Undo[] = []

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Resolves when all that was due meanwhile has happened. */
  async start(): Promise<void> {
    const { bus, store } = this.#deps
    this.#undo = [
      bus.subscribe('suppressions', ({ nextAt }) => this.#wakeAt(nextAt)),
      bus.subscribe('placed', ({ tenant }) => this.#lookAnew(tenant)),
      bus.subscribe('policy', ({ tenant }) => this.#lookAnew(tenant)),
    ]
    for (const { id } of await store.tenants()) this.#anew.add(id)
    await this.#round()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const undo of this.#undo) undo()
    this.#endSleep?.()
    await this.#running
  }

  /** Lets everything happen that is due now, and works out what has to be. Returns when it is committed. */
  async run(): Promise<void> {
    const { store, clock } = this.#deps
    for (const tenant of this.#anew) {
      this.#anew.delete(tenant)
      await this.#settleAll(tenant)
    }
    for (const { id: tenant } of await store.tenants()) {
      for (;;) {
        const { tables } = store.read(tenant, 'wholeTenant')
        const due = await tables.suppression().select('id').where('nextAt', '<=', clock.now()).orderBy('nextAt').limit(together).execute()
        if (due.length === 0) break
        await this.#settle(
          tenant,
          due.map(({ id }) => id),
          false,
        )
      }
    }
  }

  /** Of those that are over groups or places, or over rooms that change their zone. */
  async #settleAll(tenant: TenantId): Promise<void> {
    const { tables } = this.#deps.store.read(tenant, 'wholeTenant')
    for (let after: SuppressionId | undefined; ;) {
      const live = tables.suppression().selectAll().where('endedAt', 'is', null).orderBy('id').limit(together)
      const rows = await (after === undefined ? live : live.where('id', '>', after)).execute()
      const last = rows.at(-1)
      if (!last) return
      const moving = rows.map(suppressionOf).filter(({ said }) => isMoved(said))
      if (moving.length > 0)
        await this.#settle(
          tenant,
          moving.map(({ row }) => row.id),
          true,
        )
      after = last.id
    }
  }

  async #settle(tenant: TenantId, ids: readonly SuppressionId[], anew: boolean): Promise<void> {
    await this.#deps.store.write(tenant, system, async (tx) => {
      const live = await tx.tables.suppression().selectAll().where('id', 'in', ids).where('endedAt', 'is', null).orderBy('id').execute()
      const rows = live.map(suppressionOf)
      await settle(this.#deps, tx, rows, anew)
      const over = await tx.tables.suppression().select('id').where('id', 'in', ids).where('endedAt', 'is not', null).execute()
      const ended = new Set(over.map(({ id }) => id))
      for (const { row, said } of rows) {
        if (!ended.has(row.id)) continue
        const detail = { action: 'suppression.over', suppression: row.id, reason: said.reason, owner: said.owner } as const
        tx.audit({ category: 'Suppression', objectName: nameOf(said.reason), operation: 'Update', detail })
      }
    })
  }

  #lookAnew(tenant: TenantId): void {
    this.#anew.add(tenant)
    this.#wakeAt(0)
  }

  #wakeAt(at: number): void {
    if (this.#stopped) return
    if (this.#running) {
      this.#again = true
      return
    }
    if (at >= this.#sleepUntil) return
    this.#endSleep?.()
    this.#sleepUntil = at
    const { clock } = this.#deps
    this.#endSleep = clock.after(Math.min(Math.max(at - clock.now(), 1), longestSleepMs), () => void this.#round())
  }

  async #round(): Promise<void> {
    if (this.#running || this.#stopped) return
    this.#sleepUntil = Infinity
    this.#again = false
    const { clock, onProblem } = this.#deps
    let next = clock.now() + limits.retryFirstMs
    this.#running = this.run()
    try {
      await this.#running
      next = this.#again ? 0 : await this.#nextAt()
    } catch (error) {
      onProblem(error)
    } finally {
      this.#running = undefined
    }
    this.#wakeAt(next)
  }

  async #nextAt(): Promise<number> {
    const { store } = this.#deps
    let next = Infinity
    for (const { id: tenant } of await store.tenants()) {
      const { tables } = store.read(tenant, 'wholeTenant')
      const row = await tables.suppression().select('nextAt').where('nextAt', 'is not', null).orderBy('nextAt').limit(1).executeTakeFirst()
      if (row?.nextAt !== null && row !== undefined && row.nextAt < next) next = row.nextAt
    }
    return next
  }
}
