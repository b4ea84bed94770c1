import type { Kysely } from 'kysely'
import type { Doc, Kind } from '../../../contract/entities.ts'
import type { TenantId } from '../../../contract/ids.ts'
import { belongingOf, parse } from './documents.ts'
import type { PastDocumentTable, Tables } from './tables.ts'

/**
 * Documents that have left the change log, so that what is synced does not grow with age (docs/decisions/0059): consoles were told that
 * they are gone, and here they are still read by id, by room and in lists, under the rules that they had. One that is put again is live
 * again.
 */

const kinds = ['incident', 'entry'] as const satisfies readonly Kind[]
export type PastKind = (typeof kinds)[number]
const pastKinds: ReadonlySet<Kind> = new Set<Kind>(kinds)

/** Ids in one statement; more are asked for in several. */
const idsPerStatement = 2_000
/** Rows in one statement. */
const rowsPerStatement = 500

/** What one write takes out of the change log, and brings back. */
export class PastWork {
  readonly #db: Kysely<Tables>
  readonly #tenant: TenantId
  readonly #at: number
  /** By kind and id: what this write has read of it, and puts back where it puts it. */
  readonly #read = new Set<string>()
  readonly #leaving: PastDocumentTable[] = []
  readonly #back: { kind: Kind; id: string }[] = []

  constructor(db: Kysely<Tables>, tenant: TenantId, at: number) {
    this.#db = db
    this.#tenant = tenant
    this.#at = at
  }

  /** Those of these ids that are there, as they were when they left. */
  async read<K extends Kind>(kind: K, ids: readonly string[]): Promise<Map<string, Doc<K>>> {
    const found = new Map<string, Doc<K>>()
    if (!pastKinds.has(kind)) return found
    for (let i = 0; i < ids.length; i += idsPerStatement) {
      const rows = await this.#db
        .selectFrom('pastDocument')
        .select(['id', 'body'])
        .where('tenant', '=', this.#tenant)
        .where('kind', '=', kind)
        .where('id', 'in', ids.slice(i, i + idsPerStatement))
        .execute()
      for (const { id, body } of rows) {
        this.#read.add(`${kind}/${id}`)
        found.set(id, parse<K>(body))
      }
    }
    return found
  }

  leave<K extends PastKind>(kind: K, doc: Doc<K>): void {
    const { room, state } = belongingOf(kind, doc)
    this.#leaving.push({ tenant: this.#tenant, kind, id: doc.id, room, state, since: this.#at, body: JSON.stringify(doc) })
  }

  /** A document is put; one that was read from here is live again. Whether it is one. */
  put(kind: Kind, id: string): boolean {
    const isBack = this.#read.delete(`${kind}/${id}`)
    if (isBack) this.#back.push({ kind, id })
    return isBack
  }

  /** Called once, with the commit. */
  async flush(): Promise<void> {
    for (const { kind, id } of this.#back) {
      await this.#db.deleteFrom('pastDocument').where('tenant', '=', this.#tenant).where('kind', '=', kind).where('id', '=', id).execute()
    }
    for (let i = 0; i < this.#leaving.length; i += rowsPerStatement) {
      await this.#db
        .insertInto('pastDocument')
        .values(this.#leaving.slice(i, i + rowsPerStatement))
        .execute()
    }
  }
}
