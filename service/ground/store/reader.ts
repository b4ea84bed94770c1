import { type Access, may, scopeOf } from '../../../contract/access.ts'
import { decides, mayDecide } from '../../../contract/approvals.ts'
import { type Doc, type Kind, kinds } from '../../../contract/entities.ts'
import type { PersonId, RoomId, TenantId } from '../../../contract/ids.ts'
import type { RoomFacts } from '../../../contract/policy.ts'
import type { TransitionPage, TransitionQuery } from '../../../contract/transitions.ts'
import { parse, stored, type StoredRow } from './documents.ts'
import type { RoomFactsCache } from './facts.ts'
import type { ReadHandle, Tables } from './tables.ts'
import { tenantSelects, type TenantSelects } from './tenantTables.ts'
import { readTransitions } from './transitions.ts'

/**
 * For whom a tenant is read: the service itself, or a person with their grants. Everything read for a person is cut to
 * what they may see; it is an argument of every read, so that it cannot be forgotten.
 */
export type Reach = 'wholeTenant' | { readonly tenant: TenantId; readonly person: PersonId; readonly access: Access }

/** Which documents of one kind are within reach. `decides`: requests, one's own and those that this access decides. */
export type Visible =
  | 'all'
  | 'none'
  | { readonly rooms: ReadonlySet<RoomId> }
  | { readonly owner: PersonId }
  | { readonly id: string }
  | { readonly decides: Access; readonly asker: PersonId }

/** Kinds whose documents belong to no room: whoever holds their permission at all may see them. */
const roomless: ReadonlySet<Kind> = new Set<Kind>(['settings', 'policy'])

export function visibleOf(reach: Reach, kind: Kind): Visible {
  if (reach === 'wholeTenant') return 'all'
  const { reads } = kinds[kind]
  if (reads === 'none') return 'all'
  if (reads === 'self') return { owner: reach.person }
  if (kind === 'request') return requestsOf(reach)
  if (roomless.has(kind)) {
    if (!may(reach.access, reads)) return 'none'
    // Of the marks that the policy changed, a partner's people see their link's and nobody else's.
    return kind === 'policy' ? { id: reach.access.link ?? reach.tenant } : 'all'
  }
  const rooms = scopeOf(reach.access, reads)
  return rooms === 'all' ? 'all' : rooms.size === 0 ? 'none' : { rooms }
}

/** One's own, and those that one decides (PAR-5): of any kind and over all rooms, or as each of them says. */
function requestsOf({ person, access }: Exclude<Reach, 'wholeTenant'>): Visible {
  if (access.link !== undefined || !may(access, 'settings.modify')) return { owner: person }
  return decides.every((permission) => scopeOf(access, permission) === 'all') ? 'all' : { decides: access, asker: person }
}

/** A row as far as it says who may see it; `body`: null where the document was removed. */
type SeenRow = Pick<StoredRow, 'id' | 'room' | 'owner' | 'body'>

/** Whether one row is within reach; for rows that are at hand already (feed, changes). */
export function isVisible(visible: Visible, row: SeenRow): boolean {
  if (visible === 'all') return true
  if (visible === 'none') return false
  if ('decides' in visible) return row.owner === visible.asker || isDecided(visible.decides, row)
  if ('id' in visible) return row.id === visible.id
  if ('owner' in visible) return row.owner === visible.owner
  return row.room !== null && visible.rooms.has(row.room)
}

/** One that is gone is told to who holds settings.modify on its first room. */
const isDecided = (access: Access, { body, room }: SeenRow): boolean =>
  body === null ? room !== null && may(access, 'settings.modify', room) : mayDecide(access, parse<'request'>(body))

export interface ListOptions {
  /** The id after which the page starts. */
  readonly after?: string
  /** From the last id to the first. */
  readonly descending?: boolean
  readonly limit: number
  /** Only these states (an incident's status, a room's lifecycle, an entry's incident). */
  readonly states?: readonly string[]
  readonly room?: RoomId
  /** Also those that have left the change log. */
  readonly past?: boolean
}

/** Ids in one statement; more are asked for in several. */
const idsPerStatement = 5_000

/** Reads of one tenant, for one reach, through the read-only connection: committed data only. */
export class TenantReader {
  readonly tenant: TenantId
  readonly reach: Reach
  /** Tables beside the documents; for the service's own code, not cut to a person. */
  readonly tables: TenantSelects
  readonly #db: ReadHandle<Tables>
  readonly #facts: RoomFactsCache

  constructor(db: ReadHandle<Tables>, tenant: TenantId, reach: Reach, facts: RoomFactsCache) {
    this.#db = db
    this.#facts = facts
    this.tenant = tenant
    this.reach = reach
    this.tables = tenantSelects(db, tenant)
  }

  /** Names and places of all rooms of the tenant, for rules and for naming what the caller has checked; not cut to a person. */
  async roomFacts(): Promise<ReadonlyMap<RoomId, RoomFacts>> {
    return this.#facts.of(this.#db, this.tenant)
  }

  /** The document, also one that has left the change log, or undefined where there is none within reach: the two are not told apart. */
  async get<K extends Kind>(kind: K, id: string): Promise<Doc<K> | undefined> {
    return (await this.getMany(kind, [id])).get(id)
  }

  async getMany<K extends Kind>(kind: K, ids: readonly string[]): Promise<Map<string, Doc<K>>> {
    const visible = visibleOf(this.reach, kind)
    const found = new Map<string, Doc<K>>()
    if (visible === 'none') return found
    for (const some of chunks(ids)) {
      const rows = await this.#documents(kind, true).select(['id', 'room', 'owner', 'body']).where('id', 'in', some).execute()
      for (const row of rows) if (isVisible(visible, row)) found.set(row.id, parse<K>(row.body))
    }
    return found
  }

  /** A page of one kind by id. Each page costs the same however far one has paged. */
  async list<K extends Kind>(kind: K, options: ListOptions): Promise<Doc<K>[]> {
    const rows: { id: string; body: string }[] = []
    const { descending = false } = options
    for (const some of await this.#parts(kind, options)) {
      let query = this.#filtered(kind, options, some)
        .select(['id', 'body'])
        .orderBy('id', descending ? 'desc' : 'asc')
        .limit(options.limit)
      if (options.after !== undefined) query = query.where('id', descending ? '<' : '>', options.after)
      rows.push(...(await query.execute()))
    }
    rows.sort((a, b) => (a.id < b.id !== descending ? -1 : 1))
    return rows.slice(0, options.limit).map((row) => parse<K>(row.body))
  }

  /** How many `list` would give in all. */
  async count(kind: Kind, options: Pick<ListOptions, 'states' | 'room' | 'past'> = {}): Promise<number> {
    let total = 0
    for (const some of await this.#parts(kind, options)) {
      const row = await this.#filtered(kind, options, some)
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
      total += Number(row.n)
    }
    return total
  }

  /** A page of a room's history, newest first; nothing where the room is not within reach. */
  async transitions(room: RoomId, query: TransitionQuery): Promise<Pick<TransitionPage, 'items' | 'next'>> {
    const visible = visibleOf(this.reach, 'room')
    const seen = visible === 'all' || (typeof visible === 'object' && 'rooms' in visible && visible.rooms.has(room))
    return seen ? readTransitions(this.#db, this.tenant, room, query) : { items: [] }
  }

  /** The tenant's sequence as of the last commit. */
  async lastSeq(): Promise<number> {
    const row = await this.#db.selectFrom('tenant').select('lastSeq').where('id', '=', this.tenant).executeTakeFirst()
    return row?.lastSeq ?? 0
  }

  /**
   * Everything that changed after `seq`, removals too, in order. Not cut to the reach: the caller must, by `isVisible`,
   * since it also needs to know how far it has read.
   */
  async changesAfter(seq: number, limit: number): Promise<StoredRow[]> {
    const rows = await this.#db
      .selectFrom('document')
      .select(['kind', 'id', 'room', 'owner', 'rev', 'seq', 'deleted', 'body'])
      .where('tenant', '=', this.tenant)
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(limit)
      .execute()
    return rows.map(stored)
  }

  /** A page of one kind's rows by id, cut to the reach, as they are stored: for snapshots. */
  async page(kind: Kind, after: string, limit: number): Promise<StoredRow[]> {
    const rows = []
    for (const some of await this.#parts(kind, {})) {
      rows.push(
        ...(await this.#filtered(kind, {}, some)
          .select(['kind', 'id', 'room', 'owner', 'rev', 'seq', 'deleted', 'body'])
          .where('id', '>', after)
          .orderBy('id')
          .limit(limit)
          .execute()),
      )
    }
    rows.sort((a, b) => (a.id < b.id ? -1 : 1))
    return rows.slice(0, limit).map(stored)
  }

  /** Rows of one kind by their ids, cut to the reach, as they are stored. */
  async rows(kind: Kind, ids: readonly string[]): Promise<StoredRow[]> {
    const visible = visibleOf(this.reach, kind)
    const found: StoredRow[] = []
    for (const some of chunks(ids)) {
      const rows = await this.#documents(kind)
        .select(['kind', 'id', 'room', 'owner', 'rev', 'seq', 'deleted', 'body'])
        .where('id', 'in', some)
        .execute()
      found.push(...rows.filter((row) => isVisible(visible, row)).map(stored))
    }
    return found
  }

  #documents(kind: Kind, past = false) {
    const from = past ? this.#db.selectFrom('knownDocument as d') : this.#db.selectFrom('document as d')
    return from.where('tenant', '=', this.tenant).where('kind', '=', kind).where('deleted', '=', 0)
  }

  #filtered(kind: Kind, options: Pick<ListOptions, 'states' | 'room' | 'past'>, part: Part) {
    let query = this.#documents(kind, options.past)
    if ('rooms' in part) query = query.where('room', 'in', part.rooms)
    if ('owner' in part) query = query.where('owner', '=', part.owner)
    if ('ids' in part) query = query.where('id', 'in', part.ids)
    if (options.room !== undefined) query = query.where('room', '=', options.room)
    if (options.states !== undefined) query = query.where('state', 'in', options.states)
    return query
  }

  /** What is visible of a kind, in parts that each fit one statement. */
  async #parts(kind: Kind, { room }: Pick<ListOptions, 'room'>): Promise<Part[]> {
    const visible = visibleOf(this.reach, kind)
    if (visible === 'none') return []
    if (visible === 'all') return [{}]
    if ('owner' in visible) return [visible]
    if ('id' in visible) return [{ ids: [visible.id] }]
    if ('decides' in visible) {
      const rows = await this.#documents(kind).select(['id', 'room', 'owner', 'body']).execute()
      return chunks(rows.filter((row) => isVisible(visible, row)).map(({ id }) => id)).map((ids) => ({ ids }))
    }
    if (room !== undefined) return visible.rooms.has(room) ? [{}] : []
    return chunks([...visible.rooms]).map((rooms) => ({ rooms }))
  }
}

type Part = { rooms: RoomId[] } | { owner: PersonId } | { ids: string[] } | Record<never, never>

function chunks<T>(items: readonly T[]): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < items.length; i += idsPerStatement) parts.push(items.slice(i, i + idsPerStatement))
  return parts
}
