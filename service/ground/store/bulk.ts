import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * Upserts of many rows in few statements, for the tables that many rows are written to at once. Statements are built
 * once per number of rows, always a power of two: building one costs more than running it.
 */
const rowsPerStatement = 512

export class BulkUpsert<T extends keyof Tables> {
  readonly #table: T
  readonly #key: readonly (keyof Tables[T] & string)[]
  readonly #columns: readonly (keyof Tables[T] & string)[]
  readonly #built = new Map<number, CompiledQuery>()

  /** `key`: the columns of the primary key. `others`: all other columns, which a known row takes from the new one. */
  constructor(table: T, key: readonly (keyof Tables[T] & string)[], others: readonly (keyof Tables[T] & string)[]) {
    this.#table = table
    this.#key = key
    this.#columns = [...key, ...others]
  }

  /** Writes the rows; a key must not come twice. */
  async write(db: Kysely<Tables>, rows: readonly Tables[T][]): Promise<void> {
    for (let start = 0; start < rows.length;) {
      const size = Math.min(rowsPerStatement, 2 ** Math.floor(Math.log2(rows.length - start)))
      const parameters: unknown[] = []
      for (const row of rows.slice(start, start + size)) for (const column of this.#columns) parameters.push(row[column])
      await db.executeQuery({ ...this.#statement(db, size), parameters })
      start += size
    }
  }

  #statement(db: Kysely<Tables>, rows: number): CompiledQuery {
    const known = this.#built.get(rows)
    if (known) return known
    const names = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)))
    const row = sql`(${sql.join(this.#columns.map(() => null))})`
    const others = this.#columns.filter((column) => !this.#key.includes(column))
    const changes = sql.join(others.map((column) => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`))
    const built = sql`insert into ${sql.table(this.#table)} (${names(this.#columns)})
      values ${sql.join(Array.from({ length: rows }, () => row))}
      on conflict (${names(this.#key)}) do update set ${changes}`.compile(db)
    this.#built.set(rows, built)
    return built
  }
}

export const progressRows = new BulkUpsert(
  'deviceProgress',
  ['device'],
  ['tenant', 'journal', 'acknowledged', 'clockOffsetMs', 'lastObservedAt', 'lastContactAt'],
)
export const roomStateRows = new BulkUpsert(
  'roomState',
  ['tenant', 'room'],
  ['state', 'incidents', 'flaps', 'changedAt', 'contact', 'lastContactAt', 'nextTimer'],
)
export const personRows = new BulkUpsert(
  'person',
  ['tenant', 'id'],
  [
    'issuer',
    'directory',
    'objectId',
    'name',
    'email',
    'globalAdministrator',
    'groups',
    'claimsAt',
    'scopeVersion',
    'scopeDigest',
    'link',
    'groupsAt',
    'seenAt',
    'removedAt',
  ],
)
