import { migration1 } from './migration1.ts'
import { migration2 } from './migration2.ts'
import { migration3 } from './migration3.ts'
import { migration4 } from './migration4.ts'
import { migration5 } from './migration5.ts'
import { migration6 } from './migration6.ts'
import { migration7 } from './migration7.ts'
import { migration8 } from './migration8.ts'
import { migration9 } from './migration9.ts'
import { migration12 } from './migration12.ts'
import { migration14 } from './migration14.ts'
import type { Db, Migration } from './open.ts'

/** One migration for each version of the cache's schema; a version that was released is never changed. */
export const cacheMigrations: readonly Migration[] = [
  migration1,
  migration2,
  migration3,
  migration4,
  migration5,
  migration6,
  migration7,
  migration8,
  migration9,
  migration12,
  migration14,
]

/** Tables of derived columns, by kind: rewritten whenever their document is, never a source of anything. */
export const derivedTables = ['room_list', 'incident_list', 'entry_list'] as const

export type { Db }
