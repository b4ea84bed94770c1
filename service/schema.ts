import { groundMigrations } from './ground/store/migrations/index.ts'
import type { Migration } from './ground/store/migrations/migration.ts'
import { checkpoints } from './incidents/migration0017.ts'
import { severities } from './incidents/migration0018.ts'
import { hiddenFaults } from './incidents/migration0022.ts'
import { notifications } from './notifications/migration0020.ts'
import { remoteTables } from './remote/migration0004.ts'
import { suppressionTables } from './suppression/migration0023.ts'

/** Every step of the database's shape, of the ground and of the capabilities that have tables of their own, in the order of versions. */
export const schema: readonly Migration[] = [
  ...groundMigrations,
  remoteTables,
  checkpoints,
  severities,
  notifications,
  hiddenFaults,
  suppressionTables,
].sort((one, other) => one.version - other.version)
