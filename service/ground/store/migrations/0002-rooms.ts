import type { Kysely } from 'kysely'
import type { Migration } from './migration.ts'

/** What the incident engine remembers of each room, and when it has to look at it again. */
export const rooms: Migration = { version: 2, name: 'rooms', up }

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db

  await schema
    .createTable('roomState')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('room', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('incidents', 'text', (c) => c.notNull())
    .addColumn('contact', 'text', (c) => c.notNull())
    .addColumn('lastContactAt', 'bigint', (c) => c.notNull())
    .addColumn('nextTimer', 'bigint')
    .addPrimaryKeyConstraint('roomState_key', ['tenant', 'room'])
    .execute()
  await schema.createIndex('roomState_nextTimer').on('roomState').columns(['nextTimer', 'room']).execute()
  await schema.createIndex('roomState_contact').on('roomState').columns(['contact']).execute()

  await schema.createIndex('device_offboardingSince').on('device').columns(['offboardingSince']).execute()
}
