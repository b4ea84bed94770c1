import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import type { AuditTable } from './store/tables.ts'
import type { AuditRecord } from './store/transaction.ts'
import type { Caller } from '../access/service.ts'

/** What somebody asks, as the audit names it. */
export interface Question {
  readonly method: string
  /** Its pattern, without the ids that were asked about. */
  readonly route: string
  /** The command that they sent, where it could be read. */
  readonly command?: string
}

/** Somebody who is known here, in the tenant whose audit log keeps what they were refused. */
export type Who = Pick<Caller, 'tenant' | 'person' | 'doer'>

/** Who is known here and not let in at all. Whoever knows what they asked keeps it in the audit (AUD-1). */
export class NotLetIn extends RoomkeeperError {
  readonly who: Who
  /** What the audit says beside the code. */
  readonly about: Readonly<Record<string, string>>

  constructor(code: ErrorCode, who: Who, about: Readonly<Record<string, string>> = {}) {
    super(code)
    this.who = who
    this.about = about
  }
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
