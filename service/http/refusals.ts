import type { FastifyRequest } from 'fastify'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { recordOfRefusal } from '../access/refused.ts'
import type { ServiceDeps } from '../deps.ts'

/** What people are refused for want of rights. */
const forRights: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['access.denied', 'access.outOfScope', 'policy.escalation'])

/** Their refusals are recorded with the outcomes that they store, and with the session log. */
const recordedThere: ReadonlySet<string> = new Set(['POST /v1/commands', 'POST /v1/sessions'])

/**
 * Refusals of known people go into the audit of the tenant that they asked about (AUD-1), whether the guard refuses or
 * the route itself; strangers are only logged and counted. Who is not let in at all is recorded by `authenticate`.
 */
export async function auditRefusal(deps: Pick<ServiceDeps, 'log' | 'store'>, request: FastifyRequest, error: unknown): Promise<void> {
  const { caller } = request
  const route = request.routeOptions.url ?? ''
  if (!caller || recordedThere.has(`${request.method} ${route}`) || !(error instanceof RoomkeeperError) || !forRights.has(error.code)) return
  deps.log.info({ person: caller.person, route, method: request.method, code: error.code }, 'refused a request')
  await deps.store.write(caller.tenant, caller.doer, async (tx) => tx.audit(recordOfRefusal({ method: request.method, route }, error.code)))
}
