import type { Kysely } from 'kysely'
import type { Migration } from '../ground/store/migrations/migration.ts'

/** Suppressions, and the rooms that they are over. */
export const suppressionTables: Migration = { version: 23, name: 'suppression', up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('suppression')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('nextAt', 'bigint')
    .addColumn('confirmBy', 'bigint')
    .addColumn('endedAt', 'bigint')
    .addColumn('endedBy', 'text')
    .addPrimaryKeyConstraint('suppression_key', ['tenant', 'id'])
    .execute()
  await schema.createIndex('suppression_due').on('suppression').columns(['nextAt']).execute()
  await schema.createIndex('suppression_ended').on('suppression').columns(['tenant', 'endedAt', 'id']).execute()
  await schema
    .createTable('suppressionRoom')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('suppression', 'text', (c) => c.notNull())
    .addColumn('room', 'text', (c) => c.notNull())
    .addColumn('through', 'text', (c) => c.notNull())
    .addColumn('left', 'integer', (c) => c.notNull())
    .addColumn('activeFrom', 'bigint')
    .addColumn('activeUntil', 'bigint')
    .addPrimaryKeyConstraint('suppressionRoom_key', ['tenant', 'suppression', 'room'])
    .execute()
  await schema.createIndex('suppressionRoom_room').on('suppressionRoom').columns(['tenant', 'room']).execute()
}
