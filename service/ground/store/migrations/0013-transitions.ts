import { type Kysely, sql } from 'kysely'
import { TenantId } from '../../../../contract/ids.ts'
import { Transition } from '../../../../contract/transitions.ts'
import { addTransitions } from '../transitions.ts'
import type { Migration } from './migration.ts'

/** What happened to rooms was a document each, in the change log and in every console's copy; it becomes the rooms' history. */
export const transitions: Migration = { version: 13, name: 'transitions', up }

const documentsAtOnce = 5_000

/** As it was stored: with an id, which nothing named, and none of what came later. */
const RoomEvent = Transition.omit({ number: true })

type Former = { document: { tenant: TenantId; kind: string; id: string; body: string } }

async function up(db: Kysely<unknown>): Promise<void> {
  // The key is all there is: a table without one beside it (SQLite), or partitions by month (PostgreSQL).
  await sql`create table "transition" (
    "month" integer not null,
    "tenant" blob not null,
    "room" blob not null,
    "at" bigint not null,
    "number" integer not null,
    "late" bigint not null,
    "kind" integer not null,
    "signal" integer,
    "value" integer,
    "more" text,
    primary key ("month", "tenant", "room", "at", "number")
  ) without rowid`.execute(db)
  const documents = db.withTables<Former>()
  const tenants = await documents.selectFrom('document').select('tenant').distinct().where('kind', '=', 'roomEvent').execute()
  for (const { tenant } of tenants) {
    for (let after = ''; ;) {
      const rows = await documents
        .selectFrom('document')
        .select(['id', 'body'])
        .where('tenant', '=', tenant)
        .where('kind', '=', 'roomEvent')
        .where('id', '>', after)
        .orderBy('id')
        .limit(documentsAtOnce)
        .execute()
      const last = rows.at(-1)
      if (!last) break
      const events = rows.flatMap(({ body }) => (body === '' ? [] : RoomEvent.parse(JSON.parse(body))))
      await addTransitions(db, TenantId.parse(tenant), events)
      after = last.id
    }
  }
  await documents.deleteFrom('document').where('kind', '=', 'roomEvent').execute()
}
