import type { Kysely } from 'kysely'
import type { AuditAction, AuditCategory } from '../../../contract/audit.ts'
import { differenceOf } from '../../../contract/difference.ts'
import type { Doc, Kind } from '../../../contract/entities.ts'
import type { LinkId, PersonId, RoomId, TenantId } from '../../../contract/ids.ts'
import type { RoomFacts } from '../../../contract/policy.ts'
import type { Ids } from '../../../contract/system.ts'
import type { Transition } from '../../../contract/transitions.ts'
import type { UnchainedRecord } from '../audit/append.ts'
import type { Bus, BusTopic, BusTopics } from '../bus.ts'
import { personRows, progressRows, roomStateRows } from './bulk.ts'
import { belongingOf, parse } from './documents.ts'
import { factsOf, type RoomFactsCache } from './facts.ts'
import { type PastKind, PastWork } from './past.ts'
import { type Documents, emptyDocuments, keyOf, type Pending } from './pending.ts'
import type { AuditTable, DeviceProgressTable, LinkTable, PersonTable, RoomStateTable, Tables, TenantTable } from './tables.ts'
import { tenantSelects, type TenantSelects, tenantWrites, type TenantWrites } from './tenantTables.ts'

/** Who acts: a person of the directory, or the service itself. */
export type Doer =
  | { readonly kind: 'system' }
  | {
      readonly kind: 'person'
      readonly id: PersonId
      readonly name: string
      /** Object id and tenant of the directory, which the audit records. */
      readonly userId: string
      readonly userTenantId: string
      /** The partner's name, where the person is a partner's. */
      readonly organisation?: string
    }

export const system: Doer = { kind: 'system' }

export interface AuditRecord {
  /** What kind of thing. */
  readonly category: AuditCategory
  readonly objectName: string
  readonly operation: AuditTable['operation']
  /** Left out: Successful. */
  readonly resultStatus?: AuditTable['resultStatus']
  /** What was done, and every thing that it touched, by id and by the name that it has now. */
  readonly detail: { readonly action: AuditAction; readonly [name: string]: unknown }
}

/** Something that happened to a room, as it is noted. */
export type NewTransition = Omit<Transition, 'number' | 'receivedAt'>

/** Ids in one statement; more are asked for in several. */
const idsPerStatement = 2_000

/**
 * One tenant inside one transaction. Reads see what was put before. Nothing but this object's own promises may be
 * awaited while it is open: everyone else's writes wait for it.
 */
export class TenantTransaction {
  readonly tenant: TenantId
  /** Another tenant in the same commit. */
  readonly on: (tenant: TenantId) => TenantTransaction
  /** The moment of this write; the same for everything in it. */
  readonly at: number
  /** What is made in it is named by these. */
  readonly ids: Ids
  /** The tables beside the documents, cut to this tenant. */
  readonly tables: TenantSelects
  readonly insert: TenantWrites['insert']
  readonly update: TenantWrites['update']
  readonly delete: TenantWrites['remove']
  /** In the order in which they will get their sequence. */
  readonly pending = new Map<string, Pending>()
  /** Numbered at the commit. */
  readonly transitions: NewTransition[] = []
  /** Numbered and hashed at the commit. */
  readonly audits: UnchainedRecord[] = []
  /** What leaves the change log, and comes back to it. */
  readonly past: PastWork
  /** What is said once the commit is done. */
  readonly messages: ((bus: Bus) => void)[] = []
  readonly #put: Documents = emptyDocuments()
  /** As they are committed, of what was put with the one before. */
  readonly #before = new Map<string, object>()
  readonly #db: Kysely<Tables>
  readonly #facts: RoomFactsCache
  #doer: Doer

  constructor(
    db: Kysely<Tables>,
    tenant: TenantId,
    doer: Doer,
    at: number,
    ids: Ids,
    on: (tenant: TenantId) => TenantTransaction,
    facts: RoomFactsCache,
  ) {
    this.#db = db
    this.#facts = facts
    this.#doer = doer
    this.tenant = tenant
    this.at = at
    this.ids = ids
    this.on = on
    this.past = new PastWork(db, tenant, at)
    this.tables = tenantSelects(db, tenant)
    const { insert, update, remove } = tenantWrites(db, tenant)
    this.insert = insert
    this.update = update
    this.delete = remove
  }

  get doer(): Doer {
    return this.#doer
  }

  /** What is done in `work` is recorded as done by this doer: an approved request is its maker's (PAR-5). */
  async as<T>(doer: Doer, work: () => Promise<T>): Promise<T> {
    const before = this.#doer
    this.#doer = doer
    try {
      return await work()
    } finally {
      this.#doer = before
    }
  }

  /** A link by its id, in whichever customer's tenant it stands: its partner's side knows no more than the id. */
  async linkById(id: LinkId): Promise<LinkTable | undefined> {
    return this.#db.selectFrom('link').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** The links to customers of which this tenant is the partner. */
  async customerLinks(): Promise<LinkTable[]> {
    return this.#db.selectFrom('link').selectAll().where('partner', '=', this.tenant).where('status', '=', 'active').orderBy('id').execute()
  }

  /** People of this tenant (the partner) as they stand in the tenants of its customers, under an active link. */
  async peopleAtCustomers(people: readonly PersonId[]): Promise<{ person: PersonId; tenant: TenantId; link: LinkId; name: string }[]> {
    const found = []
    for (let i = 0; i < people.length; i += idsPerStatement) {
      const rows = await this.#db
        .selectFrom('link')
        .innerJoin('person', (join) => join.onRef('person.tenant', '=', 'link.tenant').onRef('person.link', '=', 'link.id'))
        .innerJoin('tenant', 'tenant.id', 'link.tenant')
        .select(['person.id as person', 'link.tenant as tenant', 'link.id as link', 'tenant.name as name'])
        .where('link.partner', '=', this.tenant)
        .where('link.status', '=', 'active')
        .where('person.id', 'in', people.slice(i, i + idsPerStatement))
        .execute()
      found.push(...rows)
    }
    return found
  }

  /** The tenant whose people this directory holds. */
  async tenantOfDirectory(issuer: string, directory: string): Promise<TenantTable | undefined> {
    return this.#db.selectFrom('tenant').selectAll().where('issuer', '=', issuer).where('directory', '=', directory).executeTakeFirst()
  }

  /** The ids of people of a directory who are known in any tenant, by object id: one person has one id everywhere. */
  async idsOfPeople(issuer: string, directory: string, objectIds: readonly string[]): Promise<Map<string, PersonId>> {
    const found = new Map<string, PersonId>()
    for (let i = 0; i < objectIds.length; i += idsPerStatement) {
      const rows = await this.#db
        .selectFrom('person')
        .select(['id', 'objectId'])
        .where('issuer', '=', issuer)
        .where('directory', '=', directory)
        .where('objectId', 'in', objectIds.slice(i, i + idsPerStatement))
        .execute()
      for (const { id, objectId } of rows) found.set(objectId, id)
    }
    return found
  }

  /** The tenants in which people of a directory stand, their own first. */
  async tenantsOfPeople(issuer: string, directory: string): Promise<TenantTransaction[]> {
    const own = await this.tenantOfDirectory(issuer, directory)
    const rows = await this.#db
      .selectFrom('person')
      .select('tenant')
      .distinct()
      .where('issuer', '=', issuer)
      .where('directory', '=', directory)
      .execute()
    const others = rows
      .map(({ tenant }) => tenant)
      .filter((tenant) => tenant !== own?.id)
      .sort()
    return [...(own ? [own.id] : []), ...others].map((tenant) => this.on(tenant))
  }

  /** A tenant's own row: its name, and whose directory it is. */
  async tenantRow(): Promise<TenantTable> {
    return this.#db.selectFrom('tenant').selectAll().where('id', '=', this.tenant).executeTakeFirstOrThrow()
  }

  /**
   * Makes or replaces a document. Put twice in one write, the last one counts and takes the later place. `before`: the document as it is
   * stored; with it, consoles that have that one are told the difference alone.
   */
  put<K extends Kind>(kind: K, doc: Doc<K>, before?: Doc<K>): void {
    const key = keyOf(kind, doc.id)
    const isBack = this.past.put(kind, doc.id)
    // What was put before in this write is in no console, and what had left the change log neither.
    if (before !== undefined && !isBack && !this.pending.has(key)) this.#before.set(key, before)
    const stored = this.#before.get(key)
    const difference = stored === undefined ? null : JSON.stringify(differenceOf(stored, doc))
    this.#put[kind].set(doc.id, doc)
    this.#pend({ tenant: this.tenant, kind, id: doc.id, ...belongingOf(kind, doc), body: JSON.stringify(doc), difference })
  }

  /**
   * Notes what happened to a room, for its history. It is not synced: put the room with it, so that whoever looks at it hears that there is
   * more.
   */
  note(transition: NewTransition): void {
    this.transitions.push(transition)
  }

  /** Leaves a tombstone, so that consoles forget the document. It stays in the room it was in. */
  async remove<K extends Kind>(kind: K, id: string): Promise<void> {
    const doc = await this.get(kind, id)
    if (!doc) return
    this.#put[kind].delete(id)
    this.#before.delete(keyOf(kind, id))
    this.#pend({ tenant: this.tenant, kind, id, ...belongingOf(kind, doc), state: null, body: null, difference: null })
  }

  /** A live document leaves the change log: consoles forget it, and whoever asks for it still finds it. */
  retire<K extends PastKind>(kind: K, doc: Doc<K>): void {
    this.#put[kind].delete(doc.id)
    this.#before.delete(keyOf(kind, doc.id))
    this.past.leave(kind, doc)
    this.#pend({ tenant: this.tenant, kind, id: doc.id, ...belongingOf(kind, doc), state: null, body: null, difference: null })
  }

  async get<K extends Kind>(kind: K, id: string): Promise<Doc<K> | undefined> {
    return (await this.getMany(kind, [id])).get(id)
  }

  /** Those that there are, also of those that have left the change log: one of them that is put is in it again. */
  async getMany<K extends Kind>(kind: K, ids: readonly string[]): Promise<Map<string, Doc<K>>> {
    const found = await this.getLive(kind, ids)
    const missing = ids.filter((id) => !found.has(id) && !this.pending.has(keyOf(kind, id)))
    for (const [id, doc] of await this.past.read(kind, missing)) found.set(id, doc)
    return found
  }

  /** Those of the change log. */
  async getLive<K extends Kind>(kind: K, ids: readonly string[]): Promise<Map<string, Doc<K>>> {
    const found = new Map<string, Doc<K>>()
    const unread: string[] = []
    for (const id of ids) {
      const put = this.#put[kind].get(id)
      if (put) found.set(id, put)
      else if (!this.pending.has(keyOf(kind, id))) unread.push(id)
    }
    for (let i = 0; i < unread.length; i += idsPerStatement) {
      const rows = await this.#documents(kind)
        .select(['id', 'body'])
        .where('id', 'in', unread.slice(i, i + idsPerStatement))
        .execute()
      for (const row of rows) found.set(row.id, parse<K>(row.body))
    }
    return found
  }

  /** All documents of a kind that belong to a room, of these states or of any. */
  async ofRoom<K extends Kind>(kind: K, room: RoomId, states?: readonly string[]): Promise<Doc<K>[]> {
    let query = this.#documents(kind).select(['id', 'body']).where('room', '=', room)
    if (states) query = query.where('state', 'in', states)
    const found = new Map<string, Doc<K>>()
    for (const row of await query.execute()) {
      if (!this.pending.has(keyOf(kind, row.id))) found.set(row.id, parse<K>(row.body))
    }
    for (const waiting of this.pending.values()) {
      if (waiting.kind !== kind || waiting.room !== room) continue
      if (states && !(waiting.state && states.includes(waiting.state))) continue
      const put = this.#put[kind].get(waiting.id)
      if (put) found.set(waiting.id, put)
    }
    return [...found.values()]
  }

  /** Open incidents that are somebody's. */
  async incidentsOwned(): Promise<Doc<'incident'>[]> {
    const open = ['needAction', 'investigating']
    const rows = await this.#documents('incident')
      .select(['id', 'body'])
      .where('state', 'in', open)
      .where('body', 'like', '%"owner":%')
      .execute()
    const found = rows.flatMap(({ id, body }) => (this.pending.has(keyOf('incident', id)) ? [] : parse<'incident'>(body)))
    return [...found, ...this.#put.incident.values()].filter(({ status, owner }) => owner !== undefined && open.includes(status))
  }

  /**
   * Takes the tenant's next incident numbers, `count` in a row, and returns the first. Given back if the transaction
   * fails, so numbers have no gaps.
   */
  async nextIncidentNumber(count = 1): Promise<number> {
    const row = await this.#db
      .updateTable('tenant')
      .set((eb) => ({ nextIncidentNumber: eb('nextIncidentNumber', '+', count) }))
      .where('id', '=', this.tenant)
      .returning('nextIncidentNumber')
      .executeTakeFirstOrThrow()
    return row.nextIncidentNumber - count
  }

  /** Rooms in onboarding, as committed: all, and those whose device came at or after this moment (ms). */
  async roomsOnboarding(moment: number): Promise<{ all: number; since: number }> {
    const found = await this.#documents('room')
      .innerJoin('device', (join) => join.onRef('device.tenant', '=', 'document.tenant').onRef('device.room', '=', 'document.room'))
      .where('document.state', '=', 'onboarding')
      .select((eb) => [
        eb.fn.countAll<number>().as('all'),
        eb.fn.sum<number | null>(eb.case().when('device.enrolledAt', '>=', moment).then(1).else(0).end()).as('since'),
      ])
      .executeTakeFirstOrThrow()
    return { all: Number(found.all), since: Number(found.since ?? 0) }
  }

  /** Rooms in onboarding, as committed, that this account of a room (object id) has let in. */
  async roomsOnboardingOf(account: string): Promise<number> {
    const found = await this.#documents('room')
      .innerJoin('device', (join) => join.onRef('device.tenant', '=', 'document.tenant').onRef('device.room', '=', 'document.room'))
      .where('document.state', '=', 'onboarding')
      .where('device.account', '=', account)
      .select((eb) => eb.fn.countAll<number>().as('all'))
      .executeTakeFirstOrThrow()
    return Number(found.all)
  }

  /** Replaces the progress of devices, each at most once. */
  async saveProgress(rows: readonly Omit<DeviceProgressTable, 'tenant'>[]): Promise<void> {
    await progressRows.write(
      this.#db,
      rows.map((row) => ({ ...row, tenant: this.tenant })),
    )
  }

  /** Makes or replaces people, each at most once. */
  async savePeople(rows: readonly PersonTable[]): Promise<void> {
    await personRows.write(this.#db, rows)
  }

  /** Names and places of all rooms of the tenant, as this write has left them. */
  async roomFacts(): Promise<ReadonlyMap<RoomId, RoomFacts>> {
    const committed = await this.#facts.of(this.#db, this.tenant)
    if (this.#put.room.size === 0) return committed
    const rooms = new Map(committed)
    for (const room of this.#put.room.values()) rooms.set(room.id, factsOf(room))
    return rooms
  }

  /** Replaces what the incident engine remembers of rooms, each at most once. */
  async saveRoomStates(rows: readonly Omit<RoomStateTable, 'tenant'>[]): Promise<void> {
    await roomStateRows.write(
      this.#db,
      rows.map((row) => ({ ...row, tenant: this.tenant })),
    )
  }

  /** Records what the doer of this write did (AUD-1). */
  audit(record: AuditRecord): void {
    const person = this.doer.kind === 'person' ? this.doer : null
    this.audits.push({
      tenant: this.tenant,
      id: this.ids(),
      at: this.at,
      category: record.category,
      objectName: record.objectName,
      operation: record.operation,
      resultStatus: record.resultStatus ?? 'Successful',
      userId: person?.userId ?? '',
      userTenantId: person?.userTenantId ?? '',
      actor: person?.id ?? null,
      detail: JSON.stringify(record.detail),
    })
  }

  /** Says something on the bus once the commit is done, behind the changes themselves; never if it fails. */
  publish<T extends BusTopic>(topic: T, message: BusTopics[T]): void {
    this.messages.push((bus) => bus.publish(topic, message))
  }

  #documents(kind: Kind) {
    return this.#db.selectFrom('document').where('document.tenant', '=', this.tenant).where('kind', '=', kind).where('deleted', '=', 0)
  }

  #pend(pending: Pending): void {
    const key = keyOf(pending.kind, pending.id)
    this.pending.delete(key)
    this.pending.set(key, pending)
  }
}
