import type { Kysely } from 'kysely'
import type { Migration } from './migration.ts'

/** Of each room, which of its signals have changed very often lately. */
export const flaps: Migration = { version: 15, name: 'flaps', up }

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('roomState').addColumn('flaps', 'text').execute()
}
