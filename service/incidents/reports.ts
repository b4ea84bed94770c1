import type { Actor, Incident } from '../../contract/entities.ts'
import { EntryId, type Millis, type RoomId } from '../../contract/ids.ts'
import { isReportedByHand } from '../../contract/signals.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { actorOf } from './documents.ts'
import type { RoomState } from './state.ts'

/**
 * Issues that people reported by hand (INC-4). Their documents stand for themselves, several in one room; of the engine a room's state has
 * no more than how many are open, by severity, so that its health and counts have them too.
 */

export type Reports = NonNullable<RoomState['reports']>

/** How many are open when one more of this severity is, or one less. */
export function reportsWith({ reports }: Pick<RoomState, 'reports'>, { severity }: Pick<Incident, 'severity'>, by: 1 | -1): Reports {
  const { critical = 0, important = 0 } = reports ?? {}
  return severity === 'critical'
    ? { critical: Math.max(0, critical + by), important }
    : { critical, important: Math.max(0, important + by) }
}

/** However it ends, attention ends with it. `at`: when it was closed (UTC ms). */
export function closedReport({ acknowledged: _, ...incident }: Incident, at: Millis, changedAt: Millis): Incident {
  return { ...incident, status: 'resolved', value: 'healthy', resolvedAt: Math.max(at, incident.since), changedAt }
}

/** A room that is not enrolled any more has none (ENR-5): what is open is closed by whoever takes it out. */
export async function closeReportsOf(tx: TenantTransaction, room: RoomId): Promise<void> {
  const open = (await tx.ofRoom('incident', room, ['needAction'])).filter(isReportedByHand)
  const actor: Actor = actorOf(tx.doer)
  for (const incident of open) {
    tx.put('incident', closedReport(incident, tx.at, tx.at), incident)
    tx.put('entry', {
      id: EntryId.parse(tx.ids()),
      incident: incident.id,
      room,
      kind: 'closed',
      actor,
      at: tx.at,
      receivedAt: tx.at,
      value: 'healthy',
    })
  }
}
