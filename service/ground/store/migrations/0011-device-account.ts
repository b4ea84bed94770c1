import type { Kysely } from 'kysely'
import type { Migration } from './migration.ts'

/** Devices name the room's account that let them in. Of those from before, nobody knows: no account takes them without their key. */
export const deviceAccount: Migration = {
  version: 11,
  name: 'deviceAccount',
  up: async (db: Kysely<unknown>) => db.schema.alterTable('device').addColumn('account', 'text').execute(),
}
