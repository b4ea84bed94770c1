import {
  type DeleteQueryBuilder,
  type DeleteResult,
  type Insertable,
  type InsertQueryBuilder,
  type InsertResult,
  type Kysely,
  type SelectQueryBuilder,
  sql,
  type UpdateQueryBuilder,
  type UpdateResult,
} from 'kysely'
import type { TenantId } from '../../../contract/ids.ts'
import type { ReadHandle, Tables } from './tables.ts'

/**
 * The tables beside the documents, each query already cut to one tenant: there is no way to ask without one. Every table that has a
 * tenant is here by its name. Documents are not: they are written by `put` and read by kind.
 */

type TenantTable = { [T in keyof Tables]: Tables[T] extends { tenant: TenantId } ? T : never }[keyof Tables]
type Readable = Exclude<TenantTable, 'document' | 'knownDocument' | 'generation'>
/** The audit, and the rooms of the engine, have writers of their own. */
type Writable = Exclude<Readable, 'audit' | 'auditChain'>

type RowOf<T extends Writable> = Omit<Insertable<Tables[T]>, 'tenant'>
type NoColumns = Record<never, never>

export type TenantSelects = { readonly [T in Readable]: () => SelectQueryBuilder<Tables, T, NoColumns> }

export interface TenantWrites {
  readonly insert: { readonly [T in Writable]: (...rows: RowOf<T>[]) => InsertQueryBuilder<Tables, T, InsertResult> }
  readonly update: { readonly [T in Writable]: () => UpdateQueryBuilder<Tables, T, T, UpdateResult> }
  readonly remove: { readonly [T in Writable]: () => DeleteQueryBuilder<Tables, T, DeleteResult> }
}

/** What makes a query of the table that is asked for by its name; the types above say which there are. */
const byTable = (make: (table: Writable) => unknown): object => new Proxy({}, { get: (_, table: Writable) => make(table) })

const tenantOf = (table: TenantTable) => sql<TenantId>`${sql.ref(`${table}.tenant`)}`

export function tenantSelects(db: ReadHandle<Tables>, tenant: TenantId): TenantSelects
export function tenantSelects(db: ReadHandle<Tables>, tenant: TenantId): object {
  return byTable((table) => () => db.selectFrom(table).where(tenantOf(table), '=', tenant))
}

export function tenantWrites(db: Kysely<Tables>, tenant: TenantId): TenantWrites
export function tenantWrites(db: Kysely<Tables>, tenant: TenantId): object {
  return {
    insert: byTable(
      (table) =>
        (...rows: RowOf<Writable>[]) =>
          db.insertInto(table).values(rows.map((row) => ({ ...row, tenant }))),
    ),
    update: byTable((table) => () => db.updateTable(table).where(tenantOf(table), '=', tenant)),
    remove: byTable((table) => () => db.deleteFrom(table).where(tenantOf(table), '=', tenant)),
  }
}
