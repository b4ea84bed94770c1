import type { Kysely } from 'kysely'
import type { TenantId } from '../../../contract/ids.ts'
import { kept } from '../../../contract/retention.ts'
import type { ReadHandle, Tables } from './tables.ts'

/** A place in a tenant's changes: how far, and in which generation of the data that was. */
export interface Position {
  readonly seq: number
  readonly generation: string
}

interface Generation {
  readonly id: string
  /** The tenant's sequence when it began. */
  readonly fromSeq: number
}

/**
 * Which generations a tenant's data went through. One begins with the first commit of each run of the service, so data that
 * was put back to an earlier moment (a restored backup, a copied file, a machine rolled back) is another generation as soon
 * as it differs from what was there: the same numbers of changes then mean something else.
 */
export class Lineage {
  readonly #generations: Generation[]
  #changesFrom: number

  /** `generations`: the oldest first. `changesFrom`: what was removed up to this sequence is not known any more. */
  constructor(generations: readonly Generation[], changesFrom = 0) {
    this.#generations = [...generations]
    this.#changesFrom = changesFrom
  }

  /** The position of what this data has at `seq`. */
  at(seq: number): Position {
    return { seq, generation: this.#generations.at(-1)?.id ?? '' }
  }

  /**
   * Whether what was there at the position is the past of what is here, of which all is known that changed since; `lastSeq`: the tenant's
   * newest change.
   */
  holds({ seq, generation }: Position, lastSeq: number): boolean {
    if (seq < this.#changesFrom) return false
    const index = this.#generations.findIndex(({ id }) => id === generation)
    if (index < 0) return false
    return seq <= (this.#generations[index + 1]?.fromSeq ?? lastSeq)
  }

  begin(generation: Generation): void {
    this.#generations.push(generation)
  }

  /** What was removed up to this sequence is forgotten. */
  startFrom(seq: number): void {
    this.#changesFrom = Math.max(this.#changesFrom, seq)
  }
}

/** The generations of all tenants, as one run of the service knows and makes them. */
export class Generations {
  readonly #id: string
  readonly #tenants = new Map<TenantId, Promise<Lineage>>()
  readonly #begun = new Set<TenantId>()

  /** `id`: of the generation that this run begins where it writes; never given twice. */
  constructor(id: string) {
    this.#id = id
  }

  async of(db: ReadHandle<Tables>, tenant: TenantId): Promise<Lineage> {
    const known = this.#tenants.get(tenant)
    if (known) return known
    const read = this.#read(db, tenant)
    this.#tenants.set(tenant, read)
    read.catch(() => this.#tenants.delete(tenant))
    return read
  }

  /**
   * Begins this run's generation of each of the tenants that has none yet, in the transaction that writes to them first.
   * @returns what to call once that is committed.
   */
  async begin(
    db: Kysely<Tables>,
    written: readonly { readonly tenant: TenantId; readonly fromSeq: number }[],
  ): Promise<() => Promise<void>> {
    const fresh = written.filter(({ tenant }) => !this.#begun.has(tenant))
    for (const { tenant, fromSeq } of fresh) {
      await db
        .insertInto('generation')
        .values({ tenant, fromSeq, id: this.#id })
        .onConflict((same) => same.columns(['tenant', 'fromSeq']).doUpdateSet({ id: this.#id }))
        .execute()
      const tooOld = await db
        .selectFrom('generation')
        .select('fromSeq')
        .where('tenant', '=', tenant)
        .orderBy('fromSeq', 'desc')
        .offset(kept.generations)
        .limit(1)
        .executeTakeFirst()
      if (tooOld) await db.deleteFrom('generation').where('tenant', '=', tenant).where('fromSeq', '<=', tooOld.fromSeq).execute()
    }
    return async () => {
      for (const { tenant, fromSeq } of fresh) {
        this.#begun.add(tenant)
        // Read before the commit, or after it: in both cases what is kept says the same as the data in the end.
        const lineage = await this.#tenants.get(tenant)?.catch(() => undefined)
        if (lineage && lineage.at(0).generation !== this.#id) lineage.begin({ id: this.#id, fromSeq })
      }
    }
  }

  /** After the commit that forgot what was removed from the tenant up to this sequence. */
  async startFrom(tenant: TenantId, seq: number): Promise<void> {
    const lineage = await this.#tenants.get(tenant)?.catch(() => undefined)
    lineage?.startFrom(seq)
  }

  async #read(db: ReadHandle<Tables>, tenant: TenantId): Promise<Lineage> {
    const row = await db.selectFrom('tenant').select('changesFrom').where('id', '=', tenant).executeTakeFirst()
    return new Lineage(
      await db.selectFrom('generation').select(['id', 'fromSeq']).where('tenant', '=', tenant).orderBy('fromSeq').execute(),
      row?.changesFrom,
    )
  }
}
