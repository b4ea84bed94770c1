import './tables.ts'
import { z } from 'zod'
import { PersonRef } from '../../contract/entities.ts'
import { LinkId, Millis, type SuppressionId } from '../../contract/ids.ts'
import { SuppressionWhat, WindowRule } from '../../contract/suppression.ts'
import type { TenantSelects } from '../ground/store/tenantTables.ts'
import type { SuppressionTable } from './tables.ts'

/** A suppression as it is stored. */

export const Said = z.object({
  what: SuppressionWhat,
  reason: z.string(),
  owner: PersonRef,
  createdBy: PersonRef,
  createdAt: Millis,
  /** Who said last what it is over: rooms that join later have to be theirs to suppress then. */
  author: PersonRef,
  /** A partner's people made it. */
  link: LinkId.nullable(),
  from: Millis,
  /** Of a window that comes again: after that it comes no more. */
  until: Millis.nullable(),
  recurrence: WindowRule.nullable(),
})
export type Said = z.infer<typeof Said>

export interface Suppression {
  readonly row: SuppressionTable
  readonly said: Said
}

export const suppressionOf = (row: SuppressionTable): Suppression => ({ row, said: Said.parse(JSON.parse(row.body)) })

export async function findSuppression(tables: TenantSelects, id: SuppressionId): Promise<Suppression | undefined> {
  const row = await tables.suppression().selectAll().where('id', '=', id).executeTakeFirst()
  return row && suppressionOf(row)
}
