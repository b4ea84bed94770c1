import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Kind } from '../../../contract/entities.ts'
import type { TenantId } from '../../../contract/ids.ts'
import { appendToChain } from '../audit/append.ts'
import type { ChangedRow } from '../bus.ts'
import { unchanging } from './documents.ts'
import type { AuditTable, Tables } from './tables.ts'
import type { TenantTransaction } from './transaction.ts'
import { addTransitions } from './transitions.ts'

/** What one tenant's part of a commit changed, for the bus. */
export interface Committed {
  readonly tenant: TenantId
  readonly upTo: number
  readonly rows: readonly ChangedRow[]
}

/** Rows in one statement; always a power of two, so that there are few statements and each is prepared once. */
const rowsPerStatement = 512

type Item = { -readonly [P in keyof ChangedRow]: ChangedRow[P] } & { tenant: TenantId; state: string | null; at: number }

/**
 * Writes what the transactions hold: sequences per tenant, documents in as few statements as possible, rooms' history, audit with its
 * chain. Called last in a database transaction; the result is true once that is committed.
 */
export async function flush(db: Kysely<Tables>, transactions: Iterable<TenantTransaction>): Promise<Committed[]> {
  /** Documents that are new by their kind, and those that may replace one. */
  const made: Item[] = []
  const changed: Item[] = []
  const committed: Committed[] = []
  const audits: AuditTable[] = []
  for (const tx of transactions) {
    if (tx.audits.length > 0) audits.push(...(await appendToChain(db, tx.tenant, tx.audits)))
    if (tx.transitions.length > 0) {
      await addTransitions(
        db,
        tx.tenant,
        tx.transitions.map((transition) => ({ ...transition, receivedAt: tx.at })),
      )
    }
    await tx.past.flush()
    if (tx.pending.size === 0) continue
    let seq = await takeSequences(db, tx.tenant, tx.pending.size)
    const rows: Item[] = []
    for (const { kind, id, room, owner, state, body, difference } of tx.pending.values()) {
      const item: Item = { tenant: tx.tenant, kind, id, room, owner, state, rev: 1, seq: ++seq, body, difference, at: tx.at }
      rows.push(item)
      if (body !== null && unchanging.has(kind)) made.push(item)
      else changed.push(item)
    }
    committed.push({ tenant: tx.tenant, upTo: seq, rows })
  }
  for (const some of statementsOf(made)) {
    const query = built(inserts, some.length, () => buildInsert(db, some.length).compile())
    await db.executeQuery({ ...query, parameters: parametersOf(some) })
  }
  for (const some of statementsOf(changed)) await upsert(db, some)
  for (let start = 0; start < audits.length; start += rowsPerStatement) {
    await db
      .insertInto('audit')
      .values(audits.slice(start, start + rowsPerStatement))
      .execute()
  }
  return committed
}

/** Moves the tenant's sequence on by `count` and returns where it was. The row's lock keeps other writers behind. */
async function takeSequences(db: Kysely<Tables>, tenant: TenantId, count: number): Promise<number> {
  const row = await db
    .updateTable('tenant')
    .set((eb) => ({ lastSeq: eb('lastSeq', '+', count) }))
    .where('id', '=', tenant)
    .returning('lastSeq')
    .executeTakeFirstOrThrow()
  return row.lastSeq - count
}

interface Revision {
  tenant: TenantId
  kind: Kind
  id: string
  rev: number
}

/** Statements by number of rows: building one costs more than running it. */
const inserts = new Map<number, CompiledQuery>()
const upserts = new Map<number, CompiledQuery<Revision>>()

function built<Q>(known: Map<number, Q>, rows: number, build: () => Q): Q {
  const query = known.get(rows) ?? build()
  known.set(rows, query)
  return query
}

function* statementsOf(items: readonly Item[]): Generator<Item[]> {
  for (let start = 0; start < items.length;) {
    const size = Math.min(rowsPerStatement, 2 ** Math.floor(Math.log2(items.length - start)))
    yield items.slice(start, start + size)
    start += size
  }
}

function parametersOf(items: readonly Item[]): unknown[] {
  const parameters: unknown[] = []
  for (const { tenant, kind, id, room, owner, state, seq, body, at } of items) {
    parameters.push(tenant, kind, id, room, owner, state, 1, seq, body === null ? Math.max(at, 1) : 0, body ?? '')
  }
  return parameters
}

/** The revision is counted by the database, so that nobody has to read a document to replace it. */
async function upsert(db: Kysely<Tables>, items: readonly Item[]): Promise<void> {
  const query = built(upserts, items.length, () => buildUpsert(db, items.length))
  const { rows } = await db.executeQuery<Revision>({ ...query, parameters: parametersOf(items) })
  const revisions = new Map<string, number>()
  for (const { tenant, kind, id, rev } of rows) revisions.set(`${tenant}/${kind}/${id}`, rev)
  for (const item of items) item.rev = revisions.get(`${item.tenant}/${item.kind}/${item.id}`) ?? 1
}

function buildInsert(db: Kysely<Tables>, rows: number) {
  const placeholder = sql<never>`${null}`
  const row = {
    tenant: placeholder,
    kind: placeholder,
    id: placeholder,
    room: placeholder,
    owner: placeholder,
    state: placeholder,
    rev: placeholder,
    seq: placeholder,
    deleted: placeholder,
    body: placeholder,
  }
  return db.insertInto('document').values(Array.from({ length: rows }, () => row))
}

function buildUpsert(db: Kysely<Tables>, rows: number): CompiledQuery<Revision> {
  return buildInsert(db, rows)
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'kind', 'id']).doUpdateSet((eb) => ({
        room: eb.ref('excluded.room'),
        owner: eb.ref('excluded.owner'),
        state: eb.ref('excluded.state'),
        rev: sql<number>`${sql.ref('document.rev')} + 1`,
        seq: eb.ref('excluded.seq'),
        deleted: eb.ref('excluded.deleted'),
        body: eb.ref('excluded.body'),
      })),
    )
    .returning(['tenant', 'kind', 'id', 'rev'])
    .compile()
}
