import type { Kysely } from 'kysely'
import type { System } from '../../contract/system.ts'
import type { Migration } from '../ground/store/migrations/migration.ts'

/** What rooms were like at moments that are past; every room that there is gets its first one the next night. */
export const checkpoints: Migration = { version: 17, name: 'checkpoints', up }

async function up(db: Kysely<unknown>, { clock }: Pick<System, 'clock'>): Promise<void> {
  const { schema } = db
  await schema
    .createTable('checkpoint')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('room', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('state', 'blob', (c) => c.notNull())
    .addPrimaryKeyConstraint('checkpoint_key', ['tenant', 'room', 'at'])
    .execute()
  await schema.createIndex('checkpoint_at').on('checkpoint').columns(['tenant', 'at']).execute()
  await schema.alterTable('roomState').addColumn('changedAt', 'bigint').execute()
  await db.withTables<{ roomState: { changedAt: number | null } }>().updateTable('roomState').set({ changedAt: clock.now() }).execute()
  await schema.createIndex('roomState_changedAt').on('roomState').columns(['tenant', 'changedAt']).execute()
}
