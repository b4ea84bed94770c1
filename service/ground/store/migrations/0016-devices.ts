import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Room } from '../../../../contract/entities.ts'
import { splitRoom } from '../../../../contract/roomDocuments.ts'
import type { System } from '../../../../contract/system.ts'
import type { DocumentTable, GenerationTable, TenantTable } from '../tables.ts'
import type { Migration } from './migration.ts'

/**
 * A room and its device were one document, and become two. All that consoles hold a cursor of is another generation from here on, so that
 * they take the difference.
 */
export const devices: Migration = { version: 16, name: 'devices', up }

/** Rows in one statement, with those that they make. */
const roomsAtOnce = 250

type Former = { document: DocumentTable; tenant: Pick<TenantTable, 'id' | 'lastSeq'>; generation: GenerationTable }

/** In the order of the statement's columns. */
const parametersOf = ({
  tenant,
  kind,
  id,
  room,
  owner,
  state,
  rev,
  seq,
  deleted,
  body,
}: DocumentTable): DocumentTable[keyof DocumentTable][] => [tenant, kind, id, room, owner, state, rev, seq, deleted, body]

/** A statement that writes so many documents: building it costs more than running it. */
function built(db: Kysely<Former>, count: number): CompiledQuery {
  const none = sql<never>`${null}`
  const row = {
    tenant: none,
    kind: none,
    id: none,
    room: none,
    owner: none,
    state: none,
    rev: none,
    seq: none,
    deleted: none,
    body: none,
  }
  return db
    .insertInto('document')
    .values(Array.from({ length: count }, () => row))
    .onConflict((same) => same.columns(['tenant', 'kind', 'id']).doUpdateSet((eb) => ({ body: eb.ref('excluded.body') })))
    .compile()
}

async function up(db: Kysely<unknown>, { ids }: Pick<System, 'ids'>): Promise<void> {
  const former = db.withTables<Former>()
  const statements = new Map<number, CompiledQuery>()
  for (const { id: tenant, lastSeq } of await former.selectFrom('tenant').select(['id', 'lastSeq']).execute()) {
    let seq = Number(lastSeq)
    for (let after = ''; ;) {
      const rows = await former
        .selectFrom('document')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('kind', '=', 'room')
        .where('deleted', '=', 0)
        .where('id', '>', after)
        .orderBy('id')
        .limit(roomsAtOnce)
        .execute()
      const last = rows.at(-1)
      if (!last) break
      const both = rows.flatMap((row): DocumentTable[] => {
        // Bodies were made from a typed document, and nobody else writes them.
        const { room, device } = splitRoom(JSON.parse(row.body) as Room)
        return [
          { ...row, body: JSON.stringify(room) },
          { ...row, kind: 'device', state: null, rev: 1, seq: ++seq, body: JSON.stringify(device) },
        ]
      })
      const known = statements.get(both.length)
      const statement = known ?? built(former, both.length)
      statements.set(both.length, statement)
      await former.executeQuery({ ...statement, parameters: both.flatMap(parametersOf) })
      after = last.id
    }
    if (seq === Number(lastSeq)) continue
    await former.updateTable('tenant').set({ lastSeq: seq }).where('id', '=', tenant).execute()
    await former.deleteFrom('generation').where('tenant', '=', tenant).execute()
    await former
      .insertInto('generation')
      .values({ tenant, fromSeq: seq, id: ids().slice(-12) })
      .execute()
  }
}
