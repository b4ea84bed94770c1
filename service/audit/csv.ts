import type { Readable } from 'node:stream'
import { csvOf } from '../ground/csv.ts'
import type { AuditTable } from '../ground/store/tables.ts'

/** The columns of the exported audit log, in their order (AUD-1). */
export const auditColumns = [
  'activity.category',
  'activity.objectName',
  'activity.operation',
  'activity.resultStatus',
  'activity.tenantId',
  'creationTime',
  'user.userId',
  'user.userTenantId',
] as const

/** Records as CSV. `tenantId`: the tenant's id in its directory. */
export function auditCsv(records: AsyncIterable<AuditTable>, tenantId: string, onError: (error: Error) => void): Readable {
  const rows = async function* (): AsyncGenerator<string[]> {
    for await (const { category, objectName, operation, resultStatus, at, userId, userTenantId } of records) {
      yield [category, objectName, operation, resultStatus, tenantId, new Date(at).toISOString(), userId, userTenantId]
    }
  }
  return csvOf(auditColumns, rows(), onError)
}
