import type { ErrorCode } from '../../contract/errors.ts'
import type { AuditTable } from './store/tables.ts'
import type { AuditRecord } from './store/transaction.ts'

/** What somebody asks, as the audit names it. */
export interface Question {
  readonly method: string
  /** Its pattern, without the ids that were asked about. */
  readonly route: string
  /** The command that they sent, where it could be read. */
  readonly command?: string
}

const operations: Readonly<Record<string, AuditTable['operation']>> = { POST: 'Create', DELETE: 'Delete' }

/** A refusal for want of rights (AUD-1). */
export const recordOfRefusal = (
  { method, route, command }: Question,
  code: ErrorCode,
  about: Readonly<Record<string, string>> = {},
): AuditRecord => ({
  category: 'Access',
  objectName: `${method} ${route}`,
  operation: operations[method] ?? 'Update',
  resultStatus: 'Failed',
  detail: { action: 'access.ask', code, ...(command === undefined ? {} : { command }), ...about },
})
