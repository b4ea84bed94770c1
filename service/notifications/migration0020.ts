import { type Kysely, sql } from 'kysely'
import type { Migration } from '../ground/store/migrations/migration.ts'

/** Who is told what (INC-6). What happened before is told nobody: following starts where each tenant's log ends. */
export const notifications: Migration = { version: 20, name: 'notifications', up }

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  await schema
    .createTable('notifyRule')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('owner', 'text')
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('changedAt', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('notifyRule_key', ['tenant', 'id'])
    .execute()
  await schema
    .createTable('endpoint')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('secret', 'text', (c) => c.notNull())
    .addColumn('savedBy', 'text')
    .addColumn('failingSince', 'bigint')
    .addColumn('switchedOffAt', 'bigint')
    .addColumn('last', 'text')
    .addPrimaryKeyConstraint('endpoint_key', ['tenant', 'id'])
    .execute()
  await schema
    .createTable('delivery')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('rule', 'text', (c) => c.notNull())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('target', 'text', (c) => c.notNull())
    .addColumn('event', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('incident', 'text', (c) => c.notNull())
    .addColumn('episode', 'text', (c) => c.notNull())
    .addColumn('entry', 'text', (c) => c.notNull())
    .addColumn('receivedAt', 'bigint', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('why', 'text')
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('dueAt', 'bigint')
    .addColumn('problem', 'text')
    .addColumn('status', 'integer')
    .addColumn('changedAt', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('delivery_primary', ['tenant', 'id'])
    .addUniqueConstraint('delivery_once', ['tenant', 'key'])
    .execute()
  await schema.createIndex('delivery_due').on('delivery').columns(['tenant', 'dueAt']).execute()
  await schema.createIndex('delivery_incident').on('delivery').columns(['tenant', 'incident']).execute()
  await schema.createIndex('delivery_changed').on('delivery').columns(['tenant', 'changedAt']).execute()
  await schema
    .createTable('notifyCursor')
    .addColumn('tenant', 'text', (c) => c.primaryKey())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .execute()
  await schema
    .createTable('notifyEpisode')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('incident', 'text', (c) => c.notNull())
    .addColumn('episode', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('notifyEpisode_key', ['tenant', 'incident'])
    .execute()
  await sql`insert into "notifyCursor" ("tenant", "seq") select "id", "lastSeq" from "tenant"`.execute(db)
}
