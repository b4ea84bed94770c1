import type { FastifyRequest } from 'fastify'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { Caller } from '../access/service.ts'
import type { ServiceDeps } from '../deps.ts'
import type { AuditTable } from '../store/tables.ts'

const operations: Readonly<Record<string, AuditTable['operation']>> = { POST: 'Create', DELETE: 'Delete' }

/** Refusals of known people go into their tenant's audit (AUD-1); strangers are only logged and counted. */
export async function auditRefusal(deps: ServiceDeps, caller: Caller, request: FastifyRequest, error: unknown): Promise<void> {
  if (!(error instanceof RoomkeeperError)) return
  const route = request.routeOptions.url ?? ''
  deps.log.info({ person: caller.person, route, method: request.method, code: error.code }, 'refused a request')
  await deps.store.write(caller.tenant, caller.doer, async (tx) =>
    tx.audit({
      category: 'Access',
      objectName: `${request.method} ${route}`,
      operation: operations[request.method] ?? 'Update',
      resultStatus: 'Failed',
      detail: { code: error.code },
    }),
  )
}
