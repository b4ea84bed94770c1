import { RoomkeeperError } from '../../contract/errors.ts'
import { AuditCheck, AuditPage, AuditQuery, AuditRange } from '../../contract/policyApi.ts'
import type { Plugin } from '../ground/deps.ts'
import { checkRange, fileOf } from '../ground/http/range.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { chainSource, checkChain } from './check.ts'
import { auditCsv } from './csv.ts'
import { auditPage, auditRange } from './read.ts'

/** The audit log, for Pro Managers and Global Administrators of the tenant itself (AUD-1). */
export const auditRoutes: Plugin = (app, { store, log, clock, turn }) => {
  app.get(
    '/v1/audit',
    {
      config: { access: 'auditor' },
      schema: {
        operationId: 'listAudit',
        summary: 'The audit log, a page at a time',
        tags: ['audit'],
        querystring: AuditQuery,
        response: { 200: AuditPage },
      },
    },
    async (request) => {
      const { from, to } = request.query
      if (from !== undefined && to !== undefined) checkRange({ from, to })
      return auditPage({ store, turn }, callerOf(request).tenant, request.query)
    },
  )

  app.get(
    '/v1/audit.csv',
    {
      config: { access: 'auditor' },
      schema: {
        operationId: 'exportAudit',
        summary: 'The audit log as CSV',
        produces: ['text/csv'],
        tags: ['audit'],
        querystring: AuditRange,
      },
    },
    async (request, reply) => {
      const { tenant, doer } = callerOf(request)
      const { from, to } = request.query
      checkRange({ from, to })
      const own = (await store.tenants()).find(({ id }) => id === tenant)
      if (!own) throw new RoomkeeperError('service.failed')
      const { tables } = store.read(tenant, 'wholeTenant')
      const head = await tables.auditChain().select('headNumber').executeTakeFirst()
      await store.write(tenant, doer, async (tx) =>
        tx.audit({ category: 'Audit', objectName: 'Audit log', operation: 'Update', detail: { action: 'audit.export', from, to } }),
      )
      const records = auditRange(tables, turn, { from, to, upTo: head?.headNumber ?? 0 })
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', fileOf('audit', { from, to }))
        .header('cache-control', 'no-store')
        .send(auditCsv(records, own.directory, (error) => log.error({ err: error }, 'the audit log could not be exported')))
    },
  )

  app.get(
    '/v1/audit/check',
    {
      config: { access: 'auditor' },
      schema: {
        operationId: 'checkAudit',
        summary: 'Whether the chain of the audit log is whole',
        tags: ['audit'],
        response: { 200: AuditCheck },
      },
    },
    async (request) => {
      const { records, from, head, broken } = await checkChain(
        chainSource(store.read(callerOf(request).tenant, 'wholeTenant').tables, turn),
        clock.now(),
      )
      return { records, from, head, broken }
    },
  )
}
