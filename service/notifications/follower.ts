import { Entry } from '../../contract/entities.ts'
import type { IncidentId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Undo } from '../../contract/system.ts'
import type { AccessService } from '../access/service.ts'
import type { Bus, BusTopics } from '../ground/bus.ts'
import type { StoredRow } from '../ground/store/documents.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import type { Store } from '../ground/store/store.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import { eventOf, happeningsOf } from './happenings.ts'
import { type Happening, judge } from './judge.ts'
import { isAtOnce } from './pending.ts'
import { type Rule, type Rules, rulesOf, type Target } from './rules.ts'
import type { DeliveryTable } from './tables.ts'

export interface FollowerDeps {
  readonly store: Store
  readonly bus: Bus
  readonly clock: Clock
  readonly access: Pick<AccessService, 'resolved'>
  /** How long something waits before it is told (ms). */
  readonly waitMs: number
  /** There is something to be delivered at this moment (UTC ms). */
  readonly onDeliveries: (dueAt: number) => void
  readonly onProblem: (error: unknown) => void
}

/** What comes within this is taken together (ms). */
const togetherMs = 200
/** Changes without anything to tell, after which the cursor is stored all the same. */
const unstoredRows = 5_000
const rowsPerInsert = 500

/**
 * Follows each tenant's log of changes, and makes deliveries of what it tells (INC-6): they, and how far it has followed, in one commit. So
 * nothing is missed, and nothing made twice, whenever the process ends; and no commit of an incident waits for it.
 */
export class NotificationFollower {
  readonly #deps: FollowerDeps
  /** How far it has followed, and how far of that is stored. */
  readonly #positions = new Map<TenantId, { seq: number; stored: number }>()
  readonly #dirty = new Set<TenantId>()
  #running: Promise<void> = Promise.resolve()
  #undoWait: Undo | undefined
  #unsubscribe: Undo | undefined
  #stopped = true

  constructor(deps: FollowerDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#stopped = false
    this.#unsubscribe = this.#deps.bus.subscribe('changes', (changes) => this.#changed(changes))
    for (const { id } of await this.#deps.store.tenants()) this.#soon(id)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe?.()
    this.#undoWait?.()
    await this.#running
  }

  /** A commit with nothing to tell costs nothing but a look at its rows. */
  #changed({ tenant, rows, upTo }: BusTopics['changes']): void {
    const position = this.#positions.get(tenant)
    const isNext = position !== undefined && !this.#dirty.has(tenant) && rows[0]?.seq === position.seq + 1
    if (isNext && rows.every(({ kind }) => kind !== 'entry') && upTo - position.stored < unstoredRows) position.seq = upTo
    else this.#soon(tenant)
  }

  #soon(tenant: TenantId): void {
    this.#dirty.add(tenant)
    if (this.#stopped || this.#undoWait) return
    this.#undoWait = this.#deps.clock.after(togetherMs, () => {
      this.#undoWait = undefined
      void this.run()
    })
  }

  /** Takes up all that there is to follow. Settles when that is committed. */
  run(): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const tenant of [...this.#dirty]) {
        this.#dirty.delete(tenant)
        try {
          await this.catchUp(tenant)
        } catch (error) {
          this.#deps.onProblem(error)
          this.#deps.clock.after(limits.retryFirstMs, () => this.#soon(tenant))
        }
      }
    })
    return this.#running
  }

  async catchUp(tenant: TenantId): Promise<void> {
    const read = this.#deps.store.read(tenant, 'wholeTenant')
    const stored = (await read.tables.notifyCursor().select('seq').executeTakeFirst())?.seq ?? 0
    const position = { seq: Math.max(stored, this.#positions.get(tenant)?.seq ?? 0), stored }
    this.#positions.set(tenant, position)
    for (;;) {
      const rows = await read.changesAfter(position.seq, limits.feedBatchRows)
      const upTo = rows.at(-1)?.seq ?? position.seq
      const entries = rows.flatMap(entryOf)
      if (entries.length > 0 || upTo - position.stored >= unstoredRows) {
        await this.#take(read, entries, upTo)
        position.stored = upTo
      }
      position.seq = upTo
      if (rows.length < limits.feedBatchRows) return
    }
  }

  async #take(read: TenantReader, entries: readonly Entry[], upTo: number): Promise<void> {
    const { store, access, waitMs, onDeliveries } = this.#deps
    const { tenant } = read
    const rules = entries.length === 0 ? undefined : await rulesOf(read.tables, await access.resolved(tenant))
    const soonest = await store.write(tenant, system, async (tx) => {
      await tx.insert
        .notifyCursor({ seq: upTo })
        .onConflict((conflict) => conflict.column('tenant').doUpdateSet({ seq: upTo }))
        .execute()
      if (rules === undefined) return undefined
      const happenings = await toldBy(tx, entries, rules)
      const made = happenings.flatMap((happening) => deliveriesOf(tx, happening, rules, waitMs))
      for (let i = 0; i < made.length; i += rowsPerInsert)
        await tx.insert
          .delivery(...made.slice(i, i + rowsPerInsert))
          .onConflict((conflict) => conflict.columns(['tenant', 'key']).doNothing())
          .execute()
      return made.length === 0 ? undefined : Math.min(...made.map(({ dueAt }) => dueAt ?? Infinity))
    })
    if (soonest !== undefined) onDeliveries(soonest)
  }
}

function entryOf({ kind, body }: StoredRow): Entry[] {
  if (kind !== 'entry' || body === null) return []
  const entry = Entry.safeParse(JSON.parse(body))
  return entry.success && eventOf(entry.data) !== undefined ? [entry.data] : []
}

/** In the order in which they came: an opening is noted for what follows it. */
async function toldBy(tx: TenantTransaction, entries: readonly Entry[], { readers }: Rules): Promise<Happening[]> {
  const ids = [...new Set(entries.map(({ incident }) => incident))]
  const incidents = await tx.getMany('incident', ids)
  const known = await tx.tables.notifyEpisode().select(['incident', 'episode']).where('incident', 'in', ids).execute()
  const episodes = new Map<IncidentId, string>(known.map(({ incident, episode }) => [incident, episode]))
  const opened = new Map<IncidentId, string>()
  const found: Happening[] = []
  for (const entry of entries) {
    const incident = incidents.get(entry.incident)
    if (incident === undefined) continue
    if (entry.kind === 'opened') {
      episodes.set(incident.id, entry.id)
      opened.set(incident.id, entry.id)
    }
    found.push(...happeningsOf(entry, incident, episodes.get(incident.id) ?? '', readers.values()))
  }
  for (const [incident, episode] of opened)
    await tx.insert
      .notifyEpisode({ incident, episode })
      .onConflict((conflict) => conflict.columns(['tenant', 'incident']).doUpdateSet({ episode }))
      .execute()
  return found
}

type NewDelivery = Omit<DeliveryTable, 'tenant'>

/** What rules make of something. What may still change is judged when it is sent, all of it anew. */
function deliveriesOf(tx: TenantTransaction, happening: Happening, rules: Rules, waitMs: number): NewDelivery[] {
  const made: NewDelivery[] = []
  for (const rule of rules.all.values()) {
    for (const target of rule.targets(happening.about)) {
      if (!isMeant(rule, target, happening, rules, tx.at)) continue
      const { channel, target: to } = target
      const { event, subject, incident, episode, entry, receivedAt } = happening
      // Of what is done to somebody, each time is told; of what an opening does, each once.
      const once = happening.about.size > 0 ? entry : episode
      made.push({
        id: tx.ids(),
        key: [rule.id, subject, once, event, channel, to].join('/'),
        rule: rule.id,
        channel,
        target: to,
        event,
        subject,
        incident,
        episode,
        entry,
        receivedAt,
        state: 'waiting',
        why: 'gathering',
        tries: 0,
        dueAt: receivedAt + (isAtOnce({ channel, event }) ? 0 : waitMs),
        problem: null,
        status: null,
        changedAt: tx.at,
      })
    }
  }
  return made
}

function isMeant(rule: Rule, { channel, reader }: Target, happening: Happening, rules: Rules, now: number): boolean {
  const person = reader === null ? null : rules.readers.get(reader)
  if (person === undefined) return false
  // Whether it is part of a storm is judged when it is sent, when what was told before is known.
  const { incident: subject, episode } = happening
  const owner = happening.event === 'assigned' ? ([...happening.about][0] ?? null) : happening.owner
  const verdict = judge(rule, happening, {
    ...{ now, channel, reader: person, inGroup: rules.inGroup, mail: true, endpoint: 'on', subject, episode, owner },
    ...{ status: 'needAction', already: false, before: null, tries: 0, gatheredAt: now },
  })
  return verdict.say !== 'no'
}
