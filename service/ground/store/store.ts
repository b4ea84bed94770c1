import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Kysely } from 'kysely'
import type { Tenant } from '../../../contract/entities.ts'
import type { DeviceId, RequestId, RoomId, TenantId } from '../../../contract/ids.ts'
import type { Ids, System } from '../../../contract/system.ts'
import { pruneChains } from '../audit/pruned.ts'
import type { Bus } from '../bus.ts'
import { flush } from './commit.ts'
import { RoomFactsCache } from './facts.ts'
import { Generations, type Lineage } from './generations.ts'
import { migrate } from './migrations/index.ts'
import type { Migration } from './migrations/migration.ts'
import { type Reach, TenantReader } from './reader.ts'
import { dropRemovals } from './removals.ts'
import { type OpenedDatabase, openReader, openWriter } from './sqlite.ts'
import type { DeviceTable, EnrolmentKeyTable, LinkTable, ReadHandle, RequestTable, ServiceTables, Tables, TenantTable } from './tables.ts'
import { type Doer, TenantTransaction } from './transaction.ts'
import { dropTransitions } from './transitions.ts'

/** Rows of one kind deleted at once; the rest at the next go. */
const rowsPruned = 5_000

/** By kind: what is older than a moment (ms), or how much of it went. */
interface PruneBefore {
  readonly outcomes: number
  readonly transitions: number
  readonly removals: number
}

export interface StoreOptions extends Pick<System, 'clock' | 'ids' | 'random'> {
  /** The database file; its folder is made where it is missing. */
  readonly path: string
  /** Every step of its shape (service/schema.ts). */
  readonly schema: readonly Migration[]
  readonly bus: Bus
  /** Called when a write begins, and what it gives at its commit, for metrics: with the rows that were written. */
  readonly onWrite?: () => (rows: number) => void
  /** Told when another program's lock is in the way of reading or writing, and when it is gone. */
  readonly onLocked?: (locked: boolean, file: string, of: 'reading' | 'writing') => void
}

/**
 * The service's data. Two ways in, by type: `read` gives committed data of one tenant for one reach, `write` is the
 * only way to change a tenant's data. One writer at a time; readers never wait for it.
 */
export class Store {
  readonly #options: StoreOptions
  /** Typed views of the two connections: what belongs to tenants, and what belongs to none. */
  readonly #writer: Kysely<Tables>
  readonly #serviceWriter: Kysely<ServiceTables>
  readonly #reader: ReadHandle<Tables>
  /** Reads of what belongs to no tenant: service values, the embedded issuer and its directory. */
  readonly service: ReadHandle<ServiceTables>
  readonly #connections: readonly OpenedDatabase[]
  readonly #emptyLog: () => void
  readonly #facts = new RoomFactsCache()
  readonly #generations: Generations
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #locked = false

  private constructor(options: StoreOptions, writer: OpenedDatabase, reader: OpenedDatabase) {
    this.#options = options
    this.#generations = new Generations(options.random.bytes(8).toString('base64url'))
    this.#writer = new Kysely({ dialect: writer.dialect })
    this.#serviceWriter = new Kysely({ dialect: writer.dialect })
    this.#reader = new Kysely<Tables>({ dialect: reader.dialect })
    this.service = new Kysely<ServiceTables>({ dialect: reader.dialect })
    this.#connections = [reader, writer]
    this.#emptyLog = () => writer.emptyLog()
  }

  /** @throws NewerDatabase where a newer version of the service wrote the file; nothing is changed then. */
  static async open(options: StoreOptions): Promise<Store> {
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 })
    let store: Store | undefined
    const writer = openWriter(options.path, options.clock, (locked) => {
      if (store) store.#locked = locked
      options.onLocked?.(locked, options.path, 'writing')
    })
    try {
      await migrate(new Kysely<unknown>({ dialect: writer.dialect }), options, options.schema)
      const reader = openReader(options.path, options.clock, (locked) => options.onLocked?.(locked, options.path, 'reading'))
      return (store = new Store(options, writer, reader))
    } catch (error) {
      writer.close()
      throw error
    }
  }

  /** What is made is named by these. */
  get ids(): Ids {
    return this.#options.ids
  }

  /** Waits for the writes that were begun. */
  async close(): Promise<void> {
    await this.#last
    for (const connection of this.#connections) connection.close()
  }

  /** Writes that wait for their turn, for metrics and back-pressure. */
  get waiting(): number {
    return this.#waiting
  }

  /** Reads, and where a lock was in the way of writing looks whether it still is. @throws RoomkeeperError store.locked */
  async probe(): Promise<void> {
    await this.tenants()
    if (this.#locked) await this.writeService(async () => undefined)
  }

  read(tenant: TenantId, reach: Reach): TenantReader {
    return new TenantReader(this.#reader, tenant, reach, this.#facts)
  }

  /** The generations that the tenant's data went through; goes on with what is written. */
  async lineage(tenant: TenantId): Promise<Lineage> {
    return this.#generations.of(this.#reader, tenant)
  }

  /**
   * The one way to change a tenant's data: what `work` puts, removes and audits is committed together, then published.
   * If `work` throws, nothing happened. `work` awaits nothing but its transaction.
   */
  async write<T>(tenant: TenantId, doer: Doer, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    return this.writeMany(doer, (on) => work(on(tenant)))
  }

  /** The same for several tenants in one commit: the intake of reports. */
  async writeMany<T>(doer: Doer, work: (on: (tenant: TenantId) => TenantTransaction) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#commit(doer, (_, on) => work(on)))
  }

  /** Makes a tenant with its own document, and what else `work` adds, in one commit. */
  async createTenant<T>(
    tenant: Pick<TenantTable, 'id' | 'name' | 'issuer' | 'directory'>,
    doer: Doer,
    work: (tx: TenantTransaction) => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(() =>
      this.#commit(doer, async (db, on) => {
        const createdAt = this.#options.clock.now()
        await db
          .insertInto('tenant')
          .values({ ...tenant, lastSeq: 0, nextIncidentNumber: 1, createdAt, changesFrom: 0 })
          .execute()
        const tx = on(tenant.id)
        const doc: Tenant = { id: tenant.id, name: tenant.name }
        tx.put('tenant', doc)
        return work(tx)
      }),
    )
  }

  /** Changes of what belongs to no tenant, in one transaction. */
  async writeService<T>(work: (db: Kysely<ServiceTables>) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#serviceWriter.transaction().execute((db) => work(db)))
  }

  async tenants(): Promise<TenantTable[]> {
    return this.#reader.selectFrom('tenant').selectAll().orderBy('id').execute()
  }

  /** The tenant whose people this issuer's directory holds. */
  async tenantOfDirectory(issuer: string, directory: string): Promise<TenantTable | undefined> {
    return this.#reader.selectFrom('tenant').selectAll().where('issuer', '=', issuer).where('directory', '=', directory).executeTakeFirst()
  }

  /** A device says only its own id at the start; it names the tenant. */
  async deviceById(device: DeviceId): Promise<DeviceTable | undefined> {
    return this.#reader.selectFrom('device').selectAll().where('id', '=', device).executeTakeFirst()
  }

  async deviceByThumbprint(thumbprint: string): Promise<DeviceTable | undefined> {
    return this.#reader.selectFrom('device').selectAll().where('thumbprint', '=', thumbprint).executeTakeFirst()
  }

  /** Rooms that the incident engine has to look at by this moment, the most urgent first. */
  async dueRooms(until: number, limit: number): Promise<{ tenant: TenantId; room: RoomId }[]> {
    return this.#reader
      .selectFrom('roomState')
      .select(['tenant', 'room'])
      .where('nextTimer', '<=', until)
      .orderBy('nextTimer')
      .orderBy('room')
      .limit(limit)
      .execute()
  }

  /** When the next of them is due; null: none. */
  async nextRoomTimer(): Promise<number | null> {
    const row = await this.#reader
      .selectFrom('roomState')
      .select('nextTimer')
      .where('nextTimer', 'is not', null)
      .orderBy('nextTimer')
      .limit(1)
      .executeTakeFirst()
    return row?.nextTimer ?? null
  }

  /** Rooms that are not called disconnected, and when they were last heard. */
  async roomsInContact(): Promise<{ tenant: TenantId; room: RoomId; lastContactAt: number }[]> {
    return this.#reader
      .selectFrom('roomState')
      .select(['tenant', 'room', 'lastContactAt'])
      .where('contact', 'in', ['never', 'connected'])
      .execute()
  }

  /** Devices that are being off-boarded since before this moment (ms). */
  async devicesOffboardingBefore(moment: number, limit: number): Promise<DeviceTable[]> {
    return this.#reader
      .selectFrom('device')
      .selectAll()
      .where('offboardingSince', '<', moment)
      .where('state', '=', 'offboarding')
      .limit(limit)
      .execute()
  }

  /** Rooms in onboarding whose devices came before this moment (ms). */
  async roomsOnboardingBefore(tenant: TenantId, moment: number, limit: number): Promise<RoomId[]> {
    const rows = await this.#reader
      .selectFrom('document')
      .innerJoin('device', (join) => join.onRef('device.tenant', '=', 'document.tenant').onRef('device.room', '=', 'document.room'))
      .where('document.tenant', '=', tenant)
      .where('document.kind', '=', 'room')
      .where('document.state', '=', 'onboarding')
      .where('document.deleted', '=', 0)
      .where('device.enrolledAt', '<', moment)
      .select('device.room')
      .limit(limit)
      .execute()
    return rows.map(({ room }) => room)
  }

  /** The self-enrolment key by its SHA-256 (base64url); it names the tenant. */
  async enrolmentKeyByDigest(digest: string): Promise<EnrolmentKeyTable | undefined> {
    return this.#reader.selectFrom('enrolmentKey').selectAll().where('digest', '=', digest).executeTakeFirst()
  }

  /** A tenant's own row, where there is one. */
  async tenantById(tenant: TenantId): Promise<TenantTable | undefined> {
    return this.#reader.selectFrom('tenant').selectAll().where('id', '=', tenant).executeTakeFirst()
  }

  /** What an organisation has to do with customers: active links of which it is the partner, and invitations of its verified domains. */
  async linksOfPartner(partner: TenantId, domains: readonly string[]): Promise<(LinkTable & { customer: string })[]> {
    return this.#reader
      .selectFrom('link')
      .innerJoin('tenant', 'tenant.id', 'link.tenant')
      .selectAll('link')
      .select('tenant.name as customer')
      .where('link.tenant', '!=', partner)
      .where((eb) =>
        eb.or([
          eb('link.partner', '=', partner),
          ...(domains.length === 0 ? [] : [eb.and([eb('link.domain', 'in', [...domains]), eb('link.status', '=', 'invited')])]),
        ]),
      )
      .orderBy('link.id')
      .execute()
  }

  /** Partners' requests of this status that expired, or would have, by this moment, the oldest first. */
  async expiredRequests(status: RequestTable['status'], until: number, limit: number): Promise<{ tenant: TenantId; id: RequestId }[]> {
    return this.#reader
      .selectFrom('request')
      .select(['tenant', 'id'])
      .where('status', '=', status)
      .where('expiresAt', '<=', until)
      .orderBy('expiresAt')
      .limit(limit)
      .execute()
  }

  /**
   * Deletes what has been kept long enough: audit (ground/audit/pruned.ts), stored outcomes with their receipts, months of what happened to
   * rooms, and what says that documents are gone, from before these moments (ms).
   */
  async prune(before: PruneBefore): Promise<PruneBefore & { audit: number }> {
    return this.#inTurn(async () => {
      const { told, ...deleted } = await this.#writer.transaction().execute(async (db) => {
        const audit = await pruneChains(db, this.#options.ids, this.#options.clock.now())
        const outcomes = db.selectFrom('commandOutcome').select(['tenant', 'person', 'key'])
        const old = await outcomes.where('at', '<', before.outcomes).limit(rowsPruned).execute()
        for (const { tenant, person, key } of old) {
          await db.deleteFrom('commandOutcome').where('tenant', '=', tenant).where('person', '=', person).where('key', '=', key).execute()
          // Consoles forget a receipt once they have seen it, so it needs no tombstone.
          await db.deleteFrom('document').where('tenant', '=', tenant).where('kind', '=', 'receipt').where('id', '=', key).execute()
        }
        const transitions = await dropTransitions(db, before.transitions, rowsPruned)
        const { removals, changesFrom } = await dropRemovals(db, before.removals, rowsPruned)
        return { audit, outcomes: old.length, transitions, removals, told: changesFrom }
      })
      for (const [tenant, seq] of told) await this.#generations.startFrom(tenant, seq)
      return deleted
    })
  }

  /** What was deleted leaves the disk, with the log of changes. Waits for the writes that were begun. */
  async emptyLog(): Promise<void> {
    await this.#inTurn(async () => this.#emptyLog())
  }

  async #commit<T>(doer: Doer, work: (db: Kysely<Tables>, on: (tenant: TenantId) => TenantTransaction) => Promise<T>): Promise<T> {
    const { bus, clock, ids, onWrite } = this.#options
    const onCommit = onWrite?.()
    const at = clock.now()
    const open = new Map<TenantId, TenantTransaction>()
    const { result, committed, begun } = await this.#writer.transaction().execute(async (db) => {
      const on = (tenant: TenantId): TenantTransaction => {
        const known = open.get(tenant)
        if (known) return known
        const tx = new TenantTransaction(db, tenant, doer, at, ids, on, this.#facts)
        open.set(tenant, tx)
        return tx
      }
      const result = await work(db, on)
      const committed = await flush(db, open.values())
      const written = committed.map(({ tenant, upTo, rows }) => ({ tenant, fromSeq: upTo - rows.length }))
      return { result, committed, begun: await this.#generations.begin(db, written) }
    })
    await begun()
    let rows = 0
    for (const changes of committed) {
      rows += changes.rows.length
      bus.publish('changes', changes)
    }
    for (const tx of open.values()) for (const say of tx.messages) say(bus)
    onCommit?.(rows)
    return result
  }

  /** One after the other, publication included: subscribers see commits in their order. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1
    const turn = this.#last.then(work)
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    )
    try {
      return await turn
    } finally {
      this.#waiting -= 1
    }
  }
}
