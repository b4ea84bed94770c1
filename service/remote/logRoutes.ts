import { AuditRange } from '../../contract/policyApi.ts'
import { SessionPage, SessionQuery } from '../../contract/remote.ts'
import type { AgentDeps } from '../agents/deps.ts'
import type { Plugin } from '../ground/deps.ts'
import { checkRange, fileOf } from '../ground/http/range.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { sessionPage, sessionRange } from './log.ts'
import { sessionCsv } from './logCsv.ts'

const tags = ['remote']

/** The log of remote sessions (REM-8), for Pro Managers and Global Administrators of the tenant itself. */
export const sessionLogRoutes: Plugin<AgentDeps> = (app, { store, log, turn }) => {
  app.get(
    '/v1/sessions',
    {
      config: { access: 'auditor' },
      schema: {
        operationId: 'listSessions',
        summary: 'The log of remote sessions',
        tags,
        querystring: SessionQuery,
        response: { 200: SessionPage },
      },
    },
    async (request) => {
      const { from, to } = request.query
      if (from !== undefined && to !== undefined) checkRange({ from, to })
      return sessionPage({ store, turn }, callerOf(request).tenant, request.query)
    },
  )

  app.get(
    '/v1/sessions.csv',
    {
      config: { access: 'auditor' },
      schema: {
        operationId: 'exportSessions',
        summary: 'The log of remote sessions as CSV',
        produces: ['text/csv'],
        tags,
        querystring: AuditRange,
      },
    },
    async (request, reply) => {
      const { tenant, doer } = callerOf(request)
      const { from, to } = request.query
      checkRange({ from, to })
      const at = await store.write(tenant, doer, async (tx) => {
        tx.audit({
          category: 'RemoteSession',
          objectName: 'Session log',
          operation: 'Update',
          detail: { action: 'sessions.export', from, to },
        })
        return tx.at
      })
      // What begins while it is written is not in it.
      const sessions = sessionRange(store.read(tenant, 'wholeTenant').tables, turn, { from, to: Math.min(to, at + 1) })
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', fileOf('sessions', { from, to }))
        .header('cache-control', 'no-store')
        .send(sessionCsv(sessions, (error) => log.error({ err: error }, 'the session log could not be exported')))
    },
  )
}
