import { NoticeId, PersonId, type TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Notice } from '../../contract/notifications.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import type { GroundDeps } from '../ground/deps.ts'
import type { Store } from '../ground/store/store.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import { isOpen } from './hours.ts'
import type { Sending } from './pending.ts'

/** What people read in their console: documents of their own, so many of the newest (INC-6). */

const hourMs = 3_600_000

/** A notice as it will be; shown on the desktop where the rule says so, and its hours. */
export function noticeOf({ row, rule, incident, entry, room, happening }: Sending, id: NoticeId, now: number): Notice {
  const { id: incidentId, number, signal } = incident
  const by = entry.actor.kind === 'person' ? { by: entry.actor.name } : {}
  const text = isQuoted(row.event) && entry.text !== undefined ? { text: entry.text.slice(0, limits.deviceTextChars) } : {}
  return {
    id,
    person: PersonId.parse(row.target),
    at: now,
    what: row.event,
    incident: { id: incidentId, number, room: incident.room, roomName: room.name, signal, severity: happening.severity },
    ...by,
    ...text,
    desktop: rule.desktop && (rule.when === null || isOpen(rule.when, now)),
  }
}

/** Whether a notice says what was written: a comment, or why something was closed. */
const isQuoted = (event: Notice['what']): boolean => event === 'mentioned' || event === 'closed'

/** A person's notices, the newest first. */
export async function noticesOf(store: Pick<Store, 'read'>, tenant: TenantId, person: PersonId): Promise<Notice[]> {
  const own = { tenant, person, access: { globalAdministrator: false, grants: [] } }
  return store.read(tenant, own).list('notice', { descending: true, limit: limits.noticesOfPerson * 2 })
}

/** Adds notices to the lists of those whom they are for; what is too much for a list goes. `before`: what each has. */
export async function putNotices(
  tx: TenantTransaction,
  notices: readonly Notice[],
  before: ReadonlyMap<PersonId, readonly Notice[]>,
): Promise<void> {
  for (const [person, theirs] of Map.groupBy(notices, (notice) => notice.person)) {
    const there = before.get(person) ?? []
    let shown = there.filter(({ desktop, at }) => desktop && at > tx.at - hourMs).length
    for (const notice of theirs.slice(-limits.noticesOfPerson)) {
      const desktop = notice.desktop && shown < limits.desktopPerHour
      if (desktop) shown++
      tx.put('notice', { ...notice, desktop })
    }
    for (const { id } of there.slice(Math.max(0, limits.noticesOfPerson - theirs.length))) await tx.remove('notice', id)
  }
}

export const newNotice = (tx: TenantTransaction): NoticeId => NoticeId.parse(tx.ids())

const together = 500

/** Deletes what was told long ago. Ids are in the order of time. @returns how much of each went. */
export async function pruneTold({ store, clock }: Pick<GroundDeps, 'store' | 'clock'>): Promise<Record<string, number>> {
  const pruned = { notices: 0, deliveries: 0 }
  const now = clock.now()
  for (const { id: tenant } of await store.tenants()) {
    const read = store.read(tenant, 'wholeTenant')
    for (;;) {
      const old = (await read.list('notice', { limit: together })).filter(({ at }) => at < now - kept.noticeDays * dayMs)
      if (old.length === 0) break
      await store.write(tenant, system, async (tx) => {
        for (const { id } of old) await tx.remove('notice', id)
      })
      pruned.notices += old.length
    }
    const before = now - kept.deliveryDays * dayMs
    for (;;) {
      const done = read.tables.delivery().select('id').where('changedAt', '<', before).where('state', '!=', 'waiting')
      const ids = (await done.limit(together).execute()).map(({ id }) => id)
      if (ids.length === 0) break
      await store.write(tenant, system, async (tx) => tx.delete.delivery().where('id', 'in', ids).execute())
      pruned.deliveries += ids.length
    }
  }
  return pruned
}
