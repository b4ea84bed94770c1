import { type Kysely, sql } from 'kysely'
import type { System } from '../../../../contract/system.ts'
import { CommandProblem } from '../../problems.ts'
import { first } from './0001-first.ts'
import { rooms } from './0002-rooms.ts'
import { policy } from './0003-policy.ts'
import { membership } from './0007-membership.ts'
import { pruned } from './0009-pruned.ts'
import { deviceAccount } from './0011-device-account.ts'
import { generations } from './0012-generations.ts'
import { transitions } from './0013-transitions.ts'
import { past } from './0014-past.ts'
import { flaps } from './0015-flaps.ts'
import { devices } from './0016-devices.ts'
import type { Migration } from './migration.ts'

/** Of the tables that the ground itself reads and writes. */
export const groundMigrations: readonly Migration[] = [
  first,
  rooms,
  policy,
  membership,
  pruned,
  deviceAccount,
  generations,
  transitions,
  past,
  flaps,
  devices,
]

/** The data was written by a newer version of the service. Nothing was changed; the command ends with these words. */
export class NewerDatabase extends CommandProblem {
  constructor(found: number, known: number) {
    super(
      `The data folder was written by a newer version of the service (database version ${found}; this one knows ${known}). ` +
        'Nothing was changed. Start the newer version, or restore a backup made by this one.',
    )
    this.name = 'NewerDatabase'
  }
}

type VersionTable = { schemaVersion: { version: number; name: string; appliedAt: number } }

/**
 * Brings the database to the newest version, one transaction per step; `steps` are in the order of their versions.
 * @throws NewerDatabase where the database knows a version that this program does not.
 */
export async function migrate(db: Kysely<unknown>, system: Pick<System, 'clock' | 'ids'>, steps: readonly Migration[]): Promise<void> {
  const columns = sql`"version" integer primary key, "name" text not null, "appliedAt" bigint not null`
  await sql`create table if not exists "schemaVersion" (${columns})`.execute(db)
  const versions = db.withTables<VersionTable>()
  const done = await versions.selectFrom('schemaVersion').select('version').orderBy('version', 'desc').limit(1).executeTakeFirst()
  const known = steps.at(-1)?.version ?? 0
  const found = done?.version ?? 0
  if (found > known) throw new NewerDatabase(found, known)
  for (const step of steps.filter(({ version }) => version > found)) {
    await db.transaction().execute(async (tx) => {
      await step.up(tx, system)
      await tx
        .withTables<VersionTable>()
        .insertInto('schemaVersion')
        .values({ version: step.version, name: step.name, appliedAt: system.clock.now() })
        .execute()
    })
  }
}
