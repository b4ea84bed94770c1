import type { EndpointId, PersonId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Undo } from '../../contract/system.ts'
import { pause } from '../../contract/timing.ts'
import type { AccessService } from '../access/service.ts'
import type { Store } from '../ground/store/store.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import type { Channel, Outcome } from './channel.ts'
import { noteOutcome } from './endpoints.ts'
import { newNotice, noticeOf, noticesOf, putNotices } from './notices.ts'
import { isSending, judgePending, type Pending, type Sending } from './pending.ts'
import { type Rules, rulesOf } from './rules.ts'
import type { DeliveryTable } from './tables.ts'

export interface DeliveriesDeps {
  readonly store: Store
  readonly clock: Clock
  readonly access: Pick<AccessService, 'resolved'>
  /** How long something waits before it is told (ms). */
  readonly waitMs: number
  /** Null: this service sends no e-mail. */
  readonly channels: { readonly email: Channel | null; readonly webhook: Channel }
  readonly onProblem: (error: unknown) => void
  readonly onOutcome?: (channel: string, outcome: Outcome) => void
}

/** The longest single sleep (ms). */
const longestSleepMs = 3_600_000

/**
 * The outbox of what people and others are told (INC-6): rows with a due date, taken up when it has come, judged anew, sent, and noted. A
 * row is sent at least once, whenever the process ends, and always under the same id, by which its receiver knows it again.
 */
export class Deliveries {
  readonly #deps: DeliveriesDeps
  /** What is being sent, by the way that it goes: one thing at a time on each. */
  readonly #lanes = new Map<string, Promise<void>>()
  readonly #ending = new AbortController()
  #endSleep: Undo | undefined
  #sleepUntil = Infinity
  #round: Promise<void> | undefined
  #meanwhile = Infinity
  #stopped = true

  constructor(deps: DeliveriesDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#stopped = false
    this.wakeAt(0)
  }

  /** What is being sent is given up, and will be sent again. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#endSleep?.()
    this.#ending.abort()
    await this.#round
    await Promise.all(this.#lanes.values())
  }

  /** Something is due at this moment (UTC ms). */
  wakeAt(at: number): void {
    if (this.#round) this.#meanwhile = Math.min(this.#meanwhile, at)
    if (this.#stopped || this.#round || at >= this.#sleepUntil) return
    this.#endSleep?.()
    this.#sleepUntil = at
    const { clock } = this.#deps
    this.#endSleep = clock.after(Math.min(Math.max(at - clock.now(), 1), longestSleepMs), () => {
      this.#sleepUntil = Infinity
      this.#begin()
    })
  }

  #begin(): void {
    if (this.#stopped || this.#round) return
    this.#meanwhile = Infinity
    this.#round = this.#run()
      .catch((error: unknown) => {
        this.#deps.onProblem(error)
        return this.#deps.clock.now() + limits.retryFirstMs
      })
      .then((next) => {
        this.#round = undefined
        this.wakeAt(Math.min(next, this.#meanwhile))
      })
  }

  /** All that is due now, and what follows from it, until nothing is. For tests, and for who ends. */
  async settle(): Promise<void> {
    do {
      await this.#run()
      await Promise.all(this.#lanes.values())
    } while ((await this.#next()) <= this.#deps.clock.now())
  }

  /** Takes up what is due. @returns when the next is. */
  async #run(): Promise<number> {
    for (const { id, name } of await this.#deps.store.tenants()) {
      for (;;) {
        const { due, more } = await this.#due(id)
        if (due.length > 0) await this.#take(id, name, due)
        if (!more) break
      }
    }
    return this.#next()
  }

  /** Those that are due and whose way is free. */
  async #due(tenant: TenantId): Promise<{ due: DeliveryTable[]; more: boolean }> {
    const { store, clock } = this.#deps
    const busy = [...this.#lanes.keys()].flatMap((lane) => (lane.startsWith(`${tenant}/`) ? [lane.slice(tenant.length + 1)] : []))
    let query = store.read(tenant, 'wholeTenant').tables.delivery().selectAll().where('dueAt', '<=', clock.now())
    if (busy.includes('email')) query = query.where('channel', '!=', 'email')
    const targets = busy.filter((lane) => lane !== 'email')
    if (targets.length > 0) query = query.where('target', 'not in', targets)
    const due = await query.orderBy('dueAt').orderBy('id').limit(limits.deliveriesTogether).execute()
    return { due, more: due.length === limits.deliveriesTogether }
  }

  async #next(): Promise<number> {
    const { store } = this.#deps
    let next = Infinity
    for (const { id } of await store.tenants()) {
      const rows = store.read(id, 'wholeTenant').tables.delivery().select(['dueAt', 'channel', 'target']).where('dueAt', 'is not', null)
      // What goes a way that is taken is looked at when that is free.
      const all = await rows.orderBy('dueAt').limit(limits.deliveriesTogether).execute()
      const free = all.find((row) => !this.#lanes.has(laneOf(id, row)))
      if (free?.dueAt !== null && free !== undefined) next = Math.min(next, free.dueAt)
    }
    return next
  }

  async #take(tenant: TenantId, tenantName: string, due: readonly DeliveryTable[]): Promise<void> {
    const { store, access, clock, waitMs, channels } = this.#deps
    const read = store.read(tenant, 'wholeTenant')
    const rules = await rulesOf(read.tables, await access.resolved(tenant))
    const pending = await judgePending(read, due, { now: clock.now(), waitMs, mail: channels.email !== null, rules })
    const sending = pending.filter(isSending)
    const notices = sending.filter(({ row }) => row.channel === 'console')
    await this.#note(tenant, pending, notices)
    const ways = Map.groupBy(
      sending.filter(({ row }) => row.channel !== 'console'),
      ({ row }) => laneOf(tenant, row),
    )
    for (const [lane, items] of ways) this.#sendOn(lane, tenant, tenantName, items, rules)
  }

  /** What is not sent now, and what is told by being written. */
  async #note(tenant: TenantId, pending: readonly Pending[], notices: readonly Sending[]): Promise<void> {
    const others = pending.filter(({ verdict }) => verdict.say !== 'send')
    if (others.length + notices.length === 0) return
    const people = new Set(notices.flatMap(({ rule, happening, row }) => readerOf(rule, happening, row)))
    const { store } = this.#deps
    const before = new Map(await Promise.all([...people].map(async (id) => [id, await noticesOf(store, tenant, id)] as const)))
    await store.write(tenant, system, async (tx) => {
      for (const { row, verdict } of others) {
        if (verdict.say === 'wait') await update(tx, row, { why: verdict.why, dueAt: verdict.until, changedAt: tx.at })
        else if (verdict.say === 'no') await update(tx, row, { state: 'not', why: verdict.why, dueAt: null, changedAt: tx.at })
      }
      await putNotices(
        tx,
        notices.map((item) => noticeOf(item, newNotice(tx), tx.at)),
        before,
      )
      for (const { row } of notices) await update(tx, row, { state: 'told', why: null, dueAt: null, changedAt: tx.at })
    })
  }

  #sendOn(lane: string, tenant: TenantId, tenantName: string, items: readonly Sending[], rules: Rules): void {
    const { clock, onProblem } = this.#deps
    const work = this.#sendAll(tenant, tenantName, items, rules)
      .catch(async (error: unknown) => {
        onProblem(error)
        // What may have been sent, and was not noted, is sent again; not at once, or a fault of ours would never rest.
        const again = clock.now() + limits.deliveryRetriesMs[0]
        await this.#putOff(tenant, items, again).catch(() => pause(clock, limits.retryFirstMs))
      })
      .then(() => {
        this.#lanes.delete(lane)
        this.wakeAt(this.#deps.clock.now())
      })
    this.#lanes.set(lane, work)
  }

  /** One after the other. What cannot be reached keeps the rest waiting, and what was not taken whatever else there is of its incident. */
  async #sendAll(tenant: TenantId, tenantName: string, all: readonly Sending[], rules: Rules): Promise<void> {
    const left = new Set(all)
    for (const [target, items] of Map.groupBy(all, ({ row }) => row.target)) {
      const channel = this.#deps.channels[items[0]?.row.channel === 'webhook' ? 'webhook' : 'email']
      if (channel === null) return
      for (const parcel of channel.parcels(items)) {
        if (this.#ending.signal.aborted) return
        if (!parcel.every((item) => left.has(item))) continue
        await this.#begins(tenant, parcel)
        const outcome = await channel.send({ tenantName, target, items: parcel, rules }, this.#ending.signal)
        // Given up because the service ends: it is as if it had not been tried.
        if (!outcome.ok && this.#ending.signal.aborted) return
        for (const item of parcel) left.delete(item)
        const retryAt = await this.#noteSent(tenant, parcel, outcome)
        if (outcome.ok) continue
        const incidents = new Set(parcel.map(({ incident }) => incident.id))
        const behind = [...left].filter(({ incident, row }) => outcome.away || (row.target === target && incidents.has(incident.id)))
        for (const item of behind) left.delete(item)
        await this.#putOff(tenant, behind, retryAt)
      }
    }
  }

  /** Noted before it is tried: it may arrive, and the process end before that is known. */
  async #begins(tenant: TenantId, items: readonly Sending[]): Promise<void> {
    await this.#deps.store.write(tenant, system, async (tx) => {
      for (const { row } of items) await update(tx, row, { tries: row.tries + 1, why: 'retry', changedAt: tx.at })
    })
  }

  /** @returns when it is tried again, or what comes behind it. */
  async #noteSent(tenant: TenantId, items: readonly Sending[], outcome: Outcome): Promise<number> {
    const { store, clock, onOutcome } = this.#deps
    const channel = items[0]?.row.channel ?? ''
    onOutcome?.(channel, outcome)
    const now = clock.now()
    return store.write(tenant, system, async (tx) => {
      let next = now
      for (const { row } of items) {
        const tries = row.tries + 1
        const at = { tries, status: outcome.status ?? null, changedAt: tx.at }
        if (outcome.ok) {
          await update(tx, row, { ...at, state: 'told', why: null, problem: null, dueAt: null })
          continue
        }
        const pause = limits.deliveryRetriesMs[row.tries]
        next = Math.max(next, now + Math.max(pause ?? 0, outcome.againMs ?? 0))
        const isLast = outcome.lasting === true || pause === undefined
        await update(tx, row, {
          ...at,
          problem: outcome.problem,
          ...(isLast ? { state: 'not' as const, why: 'gaveUp', dueAt: null } : { why: 'retry', dueAt: next }),
        })
      }
      const target = items[0]?.row.target
      if (channel === 'webhook' && target !== undefined) await noteOutcome(tx, target as EndpointId, outcome, false)
      return next
    })
  }

  async #putOff(tenant: TenantId, items: readonly Sending[], until: number): Promise<void> {
    if (items.length === 0) return
    await this.#deps.store.write(tenant, system, async (tx) => {
      const ids = items.map(({ row }) => row.id)
      // What was noted meanwhile stays as it is.
      await tx.update
        .delivery()
        .where('id', 'in', ids)
        .where('state', '=', 'waiting')
        .set({ why: 'retry', dueAt: until, changedAt: tx.at })
        .execute()
    })
  }
}

/** Mail goes one way, by one server; each endpoint has its own. */
const laneOf = (tenant: TenantId, { channel, target }: Pick<DeliveryTable, 'channel' | 'target'>): string =>
  `${tenant}/${channel === 'email' ? 'email' : target}`

const readerOf = (rule: Sending['rule'], { about }: Sending['happening'], { target }: DeliveryTable): PersonId[] =>
  [...rule.targets(about)].flatMap(({ reader, target: to }) => (to === target && reader !== null ? [reader] : []))

const update = (tx: TenantTransaction, { id }: DeliveryTable, change: Partial<Omit<DeliveryTable, 'tenant' | 'id'>>) =>
  tx.update.delivery().where('id', '=', id).set(change).execute()
