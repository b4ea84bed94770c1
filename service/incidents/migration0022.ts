import type { Kysely } from 'kysely'
import type { Migration } from '../ground/store/migrations/migration.ts'

/** What suppressions hid. */
export const hiddenFaults: Migration = { version: 22, name: 'hiddenFaults', up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('hiddenFault')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('suppression', 'text', (c) => c.notNull())
    .addColumn('room', 'text', (c) => c.notNull())
    .addColumn('signal', 'text', (c) => c.notNull())
    .addColumn('times', 'integer', (c) => c.notNull())
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('until', 'bigint')
    .addPrimaryKeyConstraint('hiddenFault_key', ['tenant', 'suppression', 'room', 'signal'])
    .execute()
}
