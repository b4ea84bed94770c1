import type { Kysely } from 'kysely'
import type { System } from '../../../../contract/system.ts'

/** One step of the database's shape. Its file is never changed once it was released; a new step is a new file. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly up: (db: Kysely<unknown>, system: Pick<System, 'clock' | 'ids'>) => Promise<void>
}
