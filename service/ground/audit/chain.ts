import { createHash } from 'node:crypto'
import type { AuditTable } from '../store/tables.ts'

/**
 * The audit log shows if it was edited (AUD-1): each record's hash covers all of its columns and the hash before it, so
 * that a record that was changed, taken out or slipped in does not fit the next one.
 */
export type ChainedRecord = Omit<AuditTable, 'hash'>

/** SHA-256, base64url. `previous`: the hash of the record before, '' for the first. */
export function chainHash(previous: string, record: ChainedRecord): string {
  const { tenant, id, at, category, objectName, operation, resultStatus, userId, userTenantId, actor, detail, number } = record
  const text = JSON.stringify([
    previous,
    tenant,
    number,
    id,
    at,
    category,
    objectName,
    operation,
    resultStatus,
    userId,
    userTenantId,
    actor,
    detail,
  ])
  return createHash('sha256').update(text).digest('base64url')
}
