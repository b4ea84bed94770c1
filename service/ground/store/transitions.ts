import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { RoomId, type TenantId } from '../../../contract/ids.ts'
import { placeOf, Transition, type TransitionPage, type TransitionQuery } from '../../../contract/transitions.ts'
import type { ReadHandle, Tables, TransitionTable } from './tables.ts'
import type { NewTransition } from './transaction.ts'
import { healthWords, kindWords, signalWords, valueWords } from './transitionCodes.ts'

/**
 * What happened to rooms: rows that are only ever added, about a hundred bytes each. The key begins with the month, so that a month lies
 * together and goes as a whole (docs/decisions/0058), and a room's month is read in its order.
 */

/** The actor of what the service saw by itself, which is most of it and is not stored. */
const bySystem: Transition['actor'] = { kind: 'system' }

const more = Transition.pick({ actor: true, detail: true, times: true, from: true }).partial()

/** A UUID as 16 bytes. */
const bytesOf = (id: string): Uint8Array => Buffer.from(id.replaceAll('-', ''), 'hex')

function idOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The month of a moment (UTC ms), as 202611. */
export function monthOf(at: number): number {
  const date = new Date(at)
  return date.getUTCFullYear() * 100 + date.getUTCMonth() + 1
}

/** What is noted, with when the service took it in. */
export interface Noted extends NewTransition {
  readonly receivedAt: number
}

type StoredTransition = Omit<TransitionTable, 'number'>

function stored(tenant: TenantId, { room, at, receivedAt, kind, actor, signal, value, health, ...others }: Noted): StoredTransition {
  const rest = { ...(actor.kind === 'system' ? {} : { actor }), ...others }
  return {
    month: monthOf(at),
    tenant: bytesOf(tenant),
    room: bytesOf(room),
    at,
    late: receivedAt - at,
    kind: kindWords.code(kind),
    signal: signal === undefined ? null : signalWords.code(signal),
    value: health !== undefined ? healthWords.code(health) : value === undefined ? null : valueWords.code(value),
    more: Object.keys(rest).length === 0 ? null : JSON.stringify(rest),
  }
}

function transitionOf({ room, at, number, late, kind, signal, value, more: rest }: Omit<TransitionTable, 'month' | 'tenant'>): Transition {
  const word = kindWords.word(kind)
  const said = rest === null ? {} : more.parse(JSON.parse(rest))
  return {
    room: RoomId.parse(idOf(room)),
    at,
    number,
    receivedAt: at + late,
    kind: word,
    ...(signal === null ? {} : { signal: signalWords.word(signal) }),
    ...(value === null ? {} : word === 'health' ? { health: healthWords.word(value) } : { value: valueWords.word(value) }),
    ...said,
    actor: said.actor ?? bySystem,
  }
}

/** Rows in one statement; always a power of two, so that there are few statements and each is built once. */
const rowsPerStatement = 512

const columns = ['month', 'tenant', 'room', 'at', 'late', 'kind', 'signal', 'value', 'more'] as const
/** Any typed view of the connection. */
type Executor = Pick<Kysely<unknown>, 'executeQuery' | 'getExecutor'>

const statements = new Map<number, CompiledQuery>()

/**
 * Adds what happened, numbered after what there is of the same room and moment. In one statement nothing of it is seen yet, so each brings
 * how many of its moment stand before it there.
 */
export async function addTransitions(db: Executor, tenant: TenantId, transitions: readonly Noted[]): Promise<void> {
  for (let start = 0; start < transitions.length;) {
    const size = Math.min(rowsPerStatement, 2 ** Math.floor(Math.log2(transitions.length - start)))
    const parameters: unknown[] = []
    const before = new Map<string, number>()
    for (const transition of transitions.slice(start, start + size)) {
      const moment = `${transition.room} ${transition.at}`
      const nth = before.get(moment) ?? 0
      before.set(moment, nth + 1)
      const row = stored(tenant, transition)
      for (const column of columns) parameters.push(row[column])
      parameters.push(nth)
    }
    const query = statements.get(size) ?? buildInsert(db, size)
    statements.set(size, query)
    await db.executeQuery({ ...query, parameters })
    start += size
  }
}

function buildInsert(db: Executor, rows: number): CompiledQuery {
  const row = sql`(${sql.join([...columns, 'nth'].map(() => null))})`
  const names = sql.join(columns.map((column) => sql.ref(column)))
  const known = sql`select max(t."number") + 1 from "transition" as t
    where t."month" = "new"."month" and t."tenant" = "new"."tenant" and t."room" = "new"."room" and t."at" = "new"."at"`
  return sql`with "new" (${names}, "nth") as (values ${sql.join(Array.from({ length: rows }, () => row))})
    insert into "transition" (${names}, "number")
    select ${names}, coalesce((${known}), 0) + "nth" from "new"`.compile(db)
}

/** A page of a room's history, newest first; each page costs the same however far one has paged. `keptSince` is the caller's to say. */
export async function readTransitions(
  db: ReadHandle<Tables>,
  tenant: TenantId,
  room: RoomId,
  { before, from = 0, since = 0, limit }: TransitionQuery,
): Promise<Pick<TransitionPage, 'items' | 'next'>> {
  const [beforeAt = Number.MAX_SAFE_INTEGER, beforeNumber = 0] = before?.split('.').map(Number) ?? []
  const items: Transition[] = []
  const latest = before === undefined ? undefined : monthOf(Math.min(beforeAt, latestMoment))
  for (let month = await monthUpTo(db, latest); month !== undefined && month >= monthOf(from); month = await monthUpTo(db, month - 1)) {
    const rows = await db
      .selectFrom('transition')
      .select(['room', 'at', 'number', 'late', 'kind', 'signal', 'value', 'more'])
      .where('month', '=', month)
      .where('tenant', '=', bytesOf(tenant))
      .where('room', '=', bytesOf(room))
      .where('at', '>=', from)
      .where('at', '<=', beforeAt)
      .where((eb) => eb.or([eb('at', '<', beforeAt), eb('number', '<', beforeNumber)]))
      .where((eb) => eb(eb('at', '+', eb.ref('late')), '>=', since))
      .orderBy('at', 'desc')
      .orderBy('number', 'desc')
      .limit(limit - items.length)
      .execute()
    items.push(...rows.map(transitionOf))
    const last = items.at(-1)
    if (last && items.length >= limit) return { items, next: placeOf(last) }
  }
  return { items }
}

/** The last moment that a Date can be. */
const latestMoment = 8_640_000_000_000_000

/** The newest month that there is, up to this one. */
async function monthUpTo(db: ReadHandle<Tables>, month = Number.MAX_SAFE_INTEGER): Promise<number | undefined> {
  const row = await db
    .selectFrom('transition')
    .select('month')
    .where('month', '<=', month)
    .orderBy('month', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.month
}

/**
 * Deletes of the oldest month, where all of it is from before this moment (UTC ms), so many rows at most; others write in between. Rows of
 * a month lie together, so that whole pages become free. Returns how many went.
 */
export async function dropTransitions(db: Kysely<Tables>, before: number, limit: number): Promise<number> {
  const oldest = await db.selectFrom('transition').select('month').orderBy('month').limit(1).executeTakeFirst()
  if (!oldest || oldest.month >= monthOf(before)) return 0
  const key = sql`"month", "tenant", "room", "at", "number"`
  const { numAffectedRows } = await sql`delete from "transition" where (${key}) in
    (select ${key} from "transition" where "month" = ${oldest.month} order by ${key} limit ${limit})`.execute(db)
  return Number(numAffectedRows ?? 0)
}
