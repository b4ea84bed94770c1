import type { Kysely } from 'kysely'
import type { Migration } from './migration.ts'

/** What the directory says of people and groups, and how whoever asked for something had signed in. */
export const membership: Migration = { version: 7, name: 'membership', up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable('person').addColumn('removedAt', 'bigint').execute()
  // What was read before is taken for whole: the next reading says.
  await schema
    .alterTable('securityGroup')
    .addColumn('whole', 'integer', (c) => c.notNull().defaultTo(1))
    .execute()
  // Nothing is known of requests that wait already: where more than a password is asked for, they have to be made again.
  await schema
    .alterTable('request')
    .addColumn('multiFactor', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
}
