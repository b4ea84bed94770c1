import { type Kysely, sql } from 'kysely'
import type { Migration } from '../ground/store/migrations/migration.ts'

/** Remote sessions: their log, and what was recorded of them. */
export const remoteTables: Migration = { version: 4, name: 'remote', up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('remoteSession')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('room', 'text', (c) => c.notNull())
    .addColumn('roomName', 'text', (c) => c.notNull())
    .addColumn('device', 'text')
    .addColumn('deviceName', 'text', (c) => c.notNull())
    .addColumn('operator', 'text', (c) => c.notNull())
    .addColumn('operatorName', 'text', (c) => c.notNull())
    .addColumn('operatorEmail', 'text', (c) => c.notNull())
    .addColumn('organisation', 'text')
    .addColumn('mode', 'text', (c) => c.notNull())
    .addColumn('startedAt', 'bigint', (c) => c.notNull())
    .addColumn('endedAt', 'bigint')
    .addColumn('end', 'text')
    .addColumn('refusal', 'text')
    .addColumn('recordedBytes', 'bigint', (c) => c.notNull())
    .addColumn('recordedMs', 'bigint', (c) => c.notNull())
    .addColumn('recordingDeletedAt', 'bigint')
    .addPrimaryKeyConstraint('remoteSession_key', ['tenant', 'id'])
    .execute()
  await schema.createIndex('remoteSession_started').on('remoteSession').columns(['tenant', 'startedAt', 'id']).execute()
  await schema.createIndex('remoteSession_age').on('remoteSession').columns(['startedAt']).execute()
  await schema
    .createTable('recordingChunk')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('session', 'text', (c) => c.notNull())
    .addColumn('number', 'integer', (c) => c.notNull())
    .addColumn('fromMs', 'bigint', (c) => c.notNull())
    .addColumn('toMs', 'bigint', (c) => c.notNull())
    .addColumn('terminal', 'integer', (c) => c.notNull())
    // SQLite keeps bytes in a column of any type; PostgreSQL calls theirs so.
    .addColumn('body', sql`bytea`, (c) => c.notNull())
    .addPrimaryKeyConstraint('recordingChunk_key', ['tenant', 'session', 'number'])
    .execute()
}
