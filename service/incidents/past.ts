import type { Doc, Entry, Incident } from '../../contract/entities.ts'
import type { TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import type { GroundDeps } from '../ground/deps.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import { system } from '../ground/store/transaction.ts'

/**
 * What is over leaves the change log (docs/decisions/0059): an incident that was resolved, to which nothing has happened since a week, and
 * entries from a week ago of an opening that is over. Consoles forget both; the service still has them, and an incident that opens again,
 * or that somebody comments, comes back under its number.
 */

type Deps = Pick<GroundDeps, 'store' | 'clock'>

const isOver = ({ status, changedAt }: Incident, before: number): boolean => status === 'resolved' && changedAt < before

/** Of the opening at hand, however long ago, nothing goes. */
const isEntryOver = (entry: Entry, incident: Incident | undefined, before: number): boolean =>
  entry.receivedAt < before && (incident === undefined || isOver(incident, before) || entry.at < incident.since)

/** @returns how much has left the change log, and how much of what had left it is deleted. */
export async function prunePast({ store, clock }: Deps): Promise<{ pastIncidents: number; pastEntries: number; deletedEntries: number }> {
  const pruned = { pastIncidents: 0, pastEntries: 0, deletedEntries: 0 }
  const now = clock.now()
  for (const { id } of await store.tenants()) {
    pruned.pastEntries += await retireEntries(store, id, now - kept.resolvedDays * dayMs)
    pruned.pastIncidents += await retireIncidents(store, id, now - kept.resolvedDays * dayMs)
    pruned.deletedEntries += await deleteEntries(store, id, now - kept.pastEntryDays * dayMs)
  }
  return pruned
}

/** Pages of what is live, by id, which is by age. */
async function* pages<K extends 'incident' | 'entry'>(read: TenantReader, kind: K, states?: readonly string[]): AsyncGenerator<Doc<K>[]> {
  for (let after = ''; ;) {
    const page = await read.list(kind, { after, limit: limits.retiredTogether, ...(states === undefined ? {} : { states }) })
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    after = last.id
  }
}

async function retireEntries(store: Deps['store'], tenant: TenantId, before: number): Promise<number> {
  let count = 0
  for await (const entries of pages(store.read(tenant, 'wholeTenant'), 'entry')) {
    if (entries.every(({ receivedAt }) => receivedAt >= before)) break
    count += await store.write(tenant, system, async (tx) => {
      const incidents = await tx.getLive('incident', [...new Set(entries.map(({ incident }) => incident))])
      const over = entries.filter((entry) => isEntryOver(entry, incidents.get(entry.incident), before))
      for (const entry of over) tx.retire('entry', entry)
      return over.length
    })
  }
  return count
}

async function retireIncidents(store: Deps['store'], tenant: TenantId, before: number): Promise<number> {
  let count = 0
  for await (const page of pages(store.read(tenant, 'wholeTenant'), 'incident', ['resolved'])) {
    const ids = page.filter((incident) => isOver(incident, before)).map(({ id }) => id)
    if (ids.length === 0) continue
    count += await store.write(tenant, system, async (tx) => {
      // As they are by now: one may have opened again.
      const over = [...(await tx.getLive('incident', ids)).values()].filter((incident) => isOver(incident, before))
      for (const incident of over) tx.retire('incident', incident)
      return over.length
    })
  }
  return count
}

async function deleteEntries(store: Deps['store'], tenant: TenantId, before: number): Promise<number> {
  const { tables } = store.read(tenant, 'wholeTenant')
  for (let count = 0; ;) {
    const old = tables.pastDocument().select('id').where('kind', '=', 'entry').where('since', '<', before).orderBy('since')
    const ids = (await old.limit(limits.retiredTogether).execute()).map(({ id }) => id)
    if (ids.length === 0) return count
    await store.write(tenant, system, async (tx) => tx.delete.pastDocument().where('kind', '=', 'entry').where('id', 'in', ids).execute())
    count += ids.length
  }
}
