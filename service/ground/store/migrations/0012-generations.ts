import { type Kysely, sql } from 'kysely'
import type { Migration } from './migration.ts'

/** What was written before generations were counted is one, without a name: cursors of consoles from then name none either. */
export const generations: Migration = { version: 12, name: 'generations', up }

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('generation')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('fromSeq', 'bigint', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('generation_key', ['tenant', 'fromSeq'])
    .execute()
  await sql`insert into generation ("tenant", "fromSeq", "id") select "id", 0, '' from tenant`.execute(db)
}
