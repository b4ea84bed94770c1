import { type Access, may } from '../../contract/access.ts'
import type { Incident } from '../../contract/entities.ts'
import { EntryId, type PersonId } from '../../contract/ids.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'

/**
 * Whose incidents are (INC-5). An open incident belongs to nobody who does not see its room: who loses sight of it leaves it to the
 * others, as unassigned, and its history says so. What is resolved stays whose it was.
 */

/** Takes the open incidents of these people, with what they may do now, where they do not see them any more. */
export async function leaveUnseen(tx: TenantTransaction, people: ReadonlyMap<PersonId, Access>): Promise<void> {
  if (people.size > 0) unassign(tx, await tx.incidentsOwned(), people)
}

/** Of incidents that are open again: their owners of then may see them no more. */
export async function leaveReopened(tx: TenantTransaction, incidents: readonly Incident[]): Promise<void> {
  const owners = [...new Set(incidents.flatMap(({ owner }) => owner?.id ?? []))]
  if (owners.length === 0) return
  const known = await tx.getMany('me', owners)
  unassign(tx, incidents, new Map(owners.map((id) => [id, known.get(id)?.access ?? nothing])))
}

const nothing: Access = { globalAdministrator: false, grants: [] }

function unassign(tx: TenantTransaction, incidents: readonly Incident[], people: ReadonlyMap<PersonId, Access>): void {
  for (const { owner, ...incident } of incidents) {
    const access = owner && people.get(owner.id)
    if (!access || may(access, 'incidents.view', incident.room)) continue
    tx.put('incident', { ...incident, changedAt: tx.at })
    const { id, room } = incident
    const entry = { id: EntryId.parse(tx.ids()), incident: id, room, kind: 'assigned' as const, actor: { kind: 'system' as const } }
    tx.put('entry', { ...entry, at: tx.at, receivedAt: tx.at, from: owner })
  }
}
