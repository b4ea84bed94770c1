import type { EndpointId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Endpoint } from '../../contract/notifications.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import type { Outcome } from './channel.ts'
import { newNotice, putNotices } from './notices.ts'
import { endpointOf } from './rules.ts'

/**
 * Notes on an endpoint what came of a delivery or a test. One that has failed for days, or that says it wants nothing more, is switched
 * off: the audit says so, and who saved it reads it in their console.
 */
export async function noteOutcome(tx: TenantTransaction, id: EndpointId, outcome: Outcome, test: boolean): Promise<void> {
  const row = await tx.tables.endpoint().selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) return
  const last: Endpoint['last'] = {
    at: tx.at,
    ok: outcome.ok,
    test,
    ...(outcome.ok ? {} : { problem: outcome.problem }),
    ...(outcome.status === undefined ? {} : { status: outcome.status }),
  }
  const failingSince = outcome.ok ? null : (row.failingSince ?? tx.at)
  // A test says nothing of what was not tried.
  const failed = !test && !outcome.ok && (outcome.gone === true || tx.at - (failingSince ?? tx.at) >= limits.endpointFailingMs)
  const isSwitchedOff = failed && row.switchedOffAt === null
  await tx.update
    .endpoint()
    .where('id', '=', id)
    .set({
      last: JSON.stringify(last),
      failingSince: test && !outcome.ok ? row.failingSince : failingSince,
      ...(isSwitchedOff ? { switchedOffAt: tx.at } : {}),
    })
    .execute()
  if (!isSwitchedOff) return
  const { name } = endpointOf(row)
  tx.audit({
    category: 'Notification',
    objectName: name,
    operation: 'Update',
    detail: { action: 'endpoint.switchOff', endpoint: id, failingSince, ...(outcome.ok ? {} : { problem: outcome.problem }) },
  })
  if (row.savedBy === null) return
  const notice = { id: newNotice(tx), person: row.savedBy, at: tx.at, what: 'endpointOff' as const, text: name, desktop: true }
  await putNotices(tx, [notice], new Map())
}
