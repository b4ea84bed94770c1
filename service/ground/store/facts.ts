import type { Kysely } from 'kysely'
import { type RoomId, type TenantId } from '../../../contract/ids.ts'
import type { RoomFacts } from '../../../contract/policy.ts'
import { parse } from './documents.ts'
import type { ReadHandle, Tables } from './tables.ts'

export const factsOf = ({ id, name, place: { country, city, building, floor } }: RoomFacts): RoomFacts => ({
  id,
  name,
  place: { country, city, building, floor },
})

interface Known {
  /** Everything up to this sequence was looked at. */
  seq: number
  readonly rooms: Map<RoomId, RoomFacts>
}

/**
 * Names and places of a tenant's rooms, kept in memory from the first time that somebody asks: rules and names of rooms
 * need all of them. Brought up to date by what changed since, so that asking again is cheap with a hundred thousand.
 */
export class RoomFactsCache {
  readonly #tenants = new Map<TenantId, Known>()

  /** As committed. Not to be changed. */
  async of(db: ReadHandle<Tables> | Kysely<Tables>, tenant: TenantId): Promise<ReadonlyMap<RoomId, RoomFacts>> {
    const known = this.#tenants.get(tenant) ?? { seq: 0, rooms: new Map() }
    this.#tenants.set(tenant, known)
    const rows = await db
      .selectFrom('document')
      .select(['seq', 'deleted', 'body'])
      .where('tenant', '=', tenant)
      .where('kind', '=', 'room')
      .where('seq', '>', known.seq)
      .orderBy('seq')
      .execute()
    for (const { seq, deleted, body } of rows) {
      // Another reading may have come further meanwhile. Rooms are never removed.
      if (seq <= known.seq || deleted) continue
      known.seq = seq
      const room = parse<'room'>(body)
      known.rooms.set(room.id, factsOf(room))
    }
    return known.rooms
  }
}
