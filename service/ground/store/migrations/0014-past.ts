import { type Kysely, sql } from 'kysely'
import type { System } from '../../../../contract/system.ts'
import type { Migration } from './migration.ts'

/** What is synced does not grow with age: documents can leave the change log, and what says that they are gone ends too. */
export const past: Migration = { version: 14, name: 'past', up }

async function up(db: Kysely<unknown>, { clock }: Pick<System, 'clock'>): Promise<void> {
  const { schema } = db
  await schema
    .createTable('pastDocument')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('room', 'text')
    .addColumn('state', 'text')
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('pastDocument_key', ['tenant', 'kind', 'id'])
    .execute()
  await schema.createIndex('pastDocument_room').on('pastDocument').columns(['tenant', 'kind', 'room', 'state', 'id']).execute()
  await schema.createIndex('pastDocument_since').on('pastDocument').columns(['tenant', 'kind', 'since']).execute()
  // Of the same types on both sides, or SQLite sorts all of it for each page.
  const [none, zero] = [sql`cast(null as text)`, sql`cast(0 as bigint)`]
  await sql`create view "knownDocument" as
    select "tenant", "kind", "id", "room", "owner", "state", "rev", "seq", "deleted", "body" from "document"
    union all select "tenant", "kind", "id", "room", ${none}, "state", ${zero}, ${zero}, ${zero}, "body" from "pastDocument"`.execute(db)
  await schema
    .alterTable('tenant')
    .addColumn('changesFrom', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  // It was 1 where the document is gone, and says from now on since when.
  await db
    .withTables<{ document: { deleted: number } }>()
    .updateTable('document')
    .set({ deleted: clock.now() })
    .where('deleted', '=', 1)
    .execute()
  await sql`create index "document_deleted" on "document" ("deleted") where "deleted" > 0`.execute(db)
}
