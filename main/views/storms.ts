import type { IncidentId } from '../../contract/ids.ts'
import type { Storm } from '../../contract/storms.ts'
import type { IncidentView } from '../../contract/views.ts'
import type { CacheReader } from '../cache/reader.ts'

/** How a storm stands, as far as it is seen here. Of places it is known how many rooms there are; of versions and networks it is not. */
export function stormNow(reader: CacheReader, incident: IncidentId, { id, cause, value }: Storm): NonNullable<IncidentView['stormNow']> {
  const stands = reader.one<{ folded: number }>(`select folded from ${reader.incidents} where id = ?`, incident)?.folded === 0
  const counted = reader.one<{ open: number; rooms: number }>(
    `select count(*) as open, count(distinct room) as rooms from ${reader.incidents} where storm = ? and status = 'needAction'`,
    id,
  ) ?? { open: 0, rooms: 0 }
  const now = { ...counted, stands }
  if (cause !== 'building' && cause !== 'city') return now
  const place = reader.one<{ n: number }>(`select sum(n) as n from ${reader.roomTotals} where ${cause} = ?`, value)
  return { ...now, of: Math.max(now.rooms, place?.n ?? 0) }
}
