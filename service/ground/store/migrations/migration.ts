import type { Kysely } from 'kysely'

/** One step of the database's shape. Its file is never changed once it was released; a new step is a new file. */
export interface Migration {
  readonly version: number
  readonly name: string
  /** `now`: UTC ms. */
  readonly up: (db: Kysely<unknown>, now: () => number) => Promise<void>
}
