import { existsSync } from 'node:fs'
import type { TenantId } from '../../contract/ids.ts'
import type { System, Undo } from '../../contract/system.ts'
import { Emitter } from '../emitter.ts'
import type { Log } from '../log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { Patience } from '../outbox/patience.ts'
import type { Account, Session, Vault } from '../platform.ts'
import type { ServiceTime } from '../serviceTime.ts'
import { ServiceClient } from '../sync/http.ts'
import { feedOf } from '../sync/socket.ts'
import type { Closed } from '../sync/sync.ts'
import type { ShownChange } from '../views/shown.ts'
import { type Customer, OpenAccount, openOutbox } from './account.ts'
import { customersKept, forgetAccount, forgetCache, forgetPlace, type Place, placeOf, setCacheAside } from './place.ts'

export interface TenantsOptions {
  account: Account
  /** `DIR/console`. */
  root: string
  service: string
  vault: Vault
  session: Session
  clock: ServiceTime
  system: System
  log: Log
  cacheWorker?: URL
  /** Runs one change of what is open after the other. Failures are logged there. */
  inTurn(run: () => Promise<void>): void
}

interface Opened {
  account: OpenAccount
  undo: Undo[]
}

/** What was typed for a customer that is one no more: refused, and kept for the operator to see. */
interface Parked {
  outbox: Outbox
  undo: Undo
}

/**
 * What is open for the person who is signed in: their own tenant, and each customer that `me.customers` of it names
 * (PAR-8). A customer that goes from the list, or whose service says that there is no access, is closed and its copy
 * forgotten at once (ACC-8).
 */
export class Tenants {
  readonly id: string
  /** The set, or the name of one of it, is another. */
  readonly onSet = new Emitter<void>()
  readonly onShown = new Emitter<{ account: OpenAccount; change: ShownChange }>()
  readonly onSync = new Emitter<void>()
  readonly onOutbox = new Emitter<void>()
  /** What the operator does goes through it into the outboxes, and out of them. */
  readonly patience: Patience
  readonly #options: TenantsOptions
  /** By customer; null: one's own. */
  readonly #open = new Map<TenantId | null, Opened>()
  readonly #parked = new Map<TenantId, Parked>()
  /** Customers that refused while the list still had them: not opened again until the list or the operator says so. */
  readonly #refused = new Set<TenantId>()
  readonly #reopening = new Set<TenantId | null>()
  #closed: Closed | null = 'signedOut'
  #over = false

  private constructor(options: TenantsOptions) {
    this.#options = options
    this.patience = new Patience(options.clock)
    this.id = options.account.id
  }

  /** Opens one's own tenant and the customers known last. Errors: `disk.failed` where one's own cannot be opened. */
  static async open(options: TenantsOptions): Promise<Tenants> {
    const tenants = new Tenants(options)
    await tenants.#follow()
    return tenants
  }

  /** One's own tenant; null for the moment in which it is opened anew. */
  get home(): OpenAccount | null {
    return this.#open.get(null)?.account ?? null
  }

  /** All that is open: one's own first, then the customers by name. */
  get all(): OpenAccount[] {
    const customers = [...this.#open].flatMap(([tenant, { account }]) => (tenant === null ? [] : [account]))
    const nameOf = ({ shown }: OpenAccount): string => shown.tenant?.name ?? ''
    return [...(this.home === null ? [] : [this.home]), ...customers.sort((a, b) => nameOf(a).localeCompare(nameOf(b)))]
  }

  /** Customers that are open, or are opened anew at this moment. */
  get customers(): TenantId[] {
    return [...new Set([...this.#open.keys(), ...this.#reopening])].filter((tenant) => tenant !== null)
  }

  of(customer: TenantId): OpenAccount | undefined {
    return this.#open.get(customer)?.account
  }

  /** Everything the operator did that is not confirmed, of customers that are none any more too. */
  get outboxes(): Outbox[] {
    return [...this.all.map(({ outbox }) => outbox), ...[...this.#parked.values()].map(({ outbox }) => outbox)]
  }

  gate(closed: Closed | null): void {
    this.#closed = closed
    for (const { account } of this.#open.values()) account.gate(closed)
  }

  /** The operator wants everything tried again, customers that refused too. */
  retry(): void {
    for (const { sync, sender } of this.all) {
      sync.now()
      sender.kick()
    }
    this.#followAnew()
  }

  /** Sets the cache of a tenant aside and opens it again: the copy is built anew from the service. */
  mend(damaged: OpenAccount): void {
    this.#options.log.error({}, 'cache damaged; it is set aside and built anew')
    this.#reopen(damaged, (place) => setCacheAside(place, this.#options.clock.now()))
  }

  async close(): Promise<void> {
    this.#over = true
    for (const tenant of [...this.#open.keys()]) await this.#closeOne(tenant)
    for (const tenant of [...this.#parked.keys()]) this.#unpark(tenant)
  }

  /** Closes everything and forgets all that was synced; with `unsent` false also what was not sent. */
  async forget(unsent: boolean): Promise<void> {
    this.gate('signedOut')
    for (const { account } of this.#open.values()) await account.sender.idle()
    if (!unsent) for (const outbox of this.outboxes) await this.patience.keep(() => outbox.discardAll())
    await this.close()
    await forgetAccount(this.#options.root, this.id, this.#options.vault)
  }

  /**
   * Who the customers are: as one's own tenant says. While it says nothing (its copy is being built anew, or is locked)
   * those that something is kept of, each under its own lease.
   */
  #listed(): Customer[] {
    const me = this.home?.shown.me
    if (me !== undefined) return me.customers ?? []
    return customersKept(this.#options.root, this.id)
      .filter((tenant) => this.#open.has(tenant) || existsSync(this.#place(tenant).cachePath))
      .map((tenant) => ({ tenant, link: null, name: '' }))
  }

  /** Opens, closes and forgets until what is open is what is listed. Calling it again changes nothing. */
  async #follow(): Promise<void> {
    if (this.#over) return
    if (this.home === null) await this.#openOne(null)
    const listed = new Map(this.#listed().map((customer) => [customer.tenant, customer]))
    const known = new Set([...this.#open.keys(), ...customersKept(this.#options.root, this.id)])
    for (const tenant of known) {
      if (tenant === null || (listed.has(tenant) && !this.#refused.has(tenant))) continue
      if (!this.#parked.has(tenant)) await this.#withdraw(tenant)
    }
    for (const customer of listed.values()) {
      if (this.#open.has(customer.tenant) || this.#refused.has(customer.tenant)) continue
      try {
        await this.#openOne(customer)
      } catch (error) {
        this.#options.log.error({ error: String(error) }, 'a customer could not be opened')
      }
    }
  }

  #place(tenant: TenantId | null): Place {
    return placeOf(this.#options.root, this.id, tenant ?? undefined)
  }

  async #openOne(customer: Customer | null): Promise<void> {
    const { service, session, system } = this.#options
    const tenant = customer?.tenant ?? null
    if (tenant !== null) this.#unpark(tenant)
    let account: OpenAccount | null = null
    const mine = (run: (open: OpenAccount) => void) => () => {
      if (account !== null) run(account)
    }
    account = await OpenAccount.open({
      ...this.#options,
      customer,
      place: this.#place(tenant),
      client: new ServiceClient(service, session, system.clock, customer?.tenant),
      openFeed: feedOf(service, customer?.tenant),
      onDamage: mine((open) => this.mend(open)),
      onLeaseEnd: mine((open) => this.#reopen(open, () => undefined)),
      onWithdrawn: () => this.#refusedBy(tenant),
    })
    const opened = account
    this.#open.set(tenant, {
      account: opened,
      undo: [
        opened.shown.listen((change) => {
          if (tenant === null && change.kinds.includes('me')) this.#followAnew()
          if (change.kinds.some((kind) => kind === 'me' || kind === 'tenant')) this.onSet.emit()
          this.onShown.emit({ account: opened, change })
        }),
        opened.sync.listen(() => this.onSync.emit()),
        opened.outbox.listen(() => this.onOutbox.emit()),
        opened.lease.onUnlock(() => this.onSet.emit()),
      ],
    })
    opened.gate(this.#closed)
    this.onSet.emit()
  }

  async #closeOne(tenant: TenantId | null): Promise<void> {
    const opened = this.#open.get(tenant)
    if (opened === undefined) return
    for (const undo of opened.undo) undo()
    this.#open.delete(tenant)
    this.onSet.emit()
    await opened.account.close()
  }

  #reopen(account: OpenAccount, between: (place: Place) => void): void {
    this.#options.inTurn(async () => {
      const tenant = account.customer?.tenant ?? null
      if (this.#over || this.#open.get(tenant)?.account !== account) return
      this.#reopening.add(tenant)
      try {
        await this.#closeOne(tenant)
        between(account.place)
        await this.#openOne(account.customer)
      } finally {
        this.#reopening.delete(tenant)
      }
    })
  }

  #refusedBy(tenant: TenantId | null): void {
    if (tenant === null) return
    this.#options.inTurn(() => {
      this.#refused.add(tenant)
      return this.#follow()
    })
  }

  /** Who the customers are was told anew: those that refused before are asked again. */
  #followAnew(): void {
    this.#options.inTurn(() => {
      this.#refused.clear()
      return this.#follow()
    })
  }

  /** There is no access to this customer any more: the key of its copy goes first, then the copy, then what is typed is parked. */
  async #withdraw(tenant: TenantId): Promise<void> {
    const { vault, clock, system, log } = this.#options
    const place = this.#place(tenant)
    await vault.forget(place.cacheKey)
    await this.#closeOne(tenant)
    await forgetCache(place, vault)
    if (!existsSync(place.outboxPath)) {
      await forgetPlace(place, vault)
      return
    }
    const outbox = await openOutbox(place, vault, { clock, ids: system.ids }, log)
    try {
      await this.patience.keep(() => outbox.giveUp('access.denied'))
    } catch (error) {
      outbox.close()
      throw error
    }
    const forgetEmpty = (): void => {
      if (outbox.rows().length > 0) return
      this.#options.inTurn(async () => {
        if (this.#parked.get(tenant)?.outbox !== outbox || outbox.rows().length > 0) return
        this.#unpark(tenant)
        await forgetPlace(place, vault)
      })
    }
    const undo = outbox.listen(() => {
      this.onOutbox.emit()
      forgetEmpty()
    })
    this.#parked.set(tenant, { outbox, undo })
    this.onOutbox.emit()
    forgetEmpty()
  }

  #unpark(tenant: TenantId): void {
    const parked = this.#parked.get(tenant)
    if (parked === undefined) return
    parked.undo()
    this.#parked.delete(tenant)
    parked.outbox.close()
  }
}
