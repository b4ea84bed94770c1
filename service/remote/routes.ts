import { z } from 'zod'
import { mayAudit } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { SessionId } from '../../contract/ids.ts'
import { SessionAnswer, SessionEndRequest, SessionRecord, SessionRequest, TicketAnswer } from '../../contract/remote.ts'
import type { AgentDeps } from '../agents/deps.ts'
import type { Caller } from '../ground/caller.ts'
import type { App } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { liveNamed, rowsNamed } from './names.ts'
import { recordOf } from './record.ts'
import type { RemoteSessions } from './sessions.ts'

const params = z.object({ session: SessionId })

/** Remote sessions for the consoles of their operators (REM-3). What a session needs is checked by `RemoteSessions`. */
export function remoteRoutes(app: App, { store }: Pick<AgentDeps, 'store'>, sessions: RemoteSessions): void {
  /** @throws RoomkeeperError remote.notFound where there is none of this operator's, nor one that an auditor may see. */
  const recordFor = async (caller: Caller, id: SessionId): Promise<SessionRecord> => {
    const { row, own } = await rowsNamed(store.read(caller.tenant, 'wholeTenant'), caller, id)
    const found = mayAudit(caller.access) ? (row ?? own) : own
    if (!found) throw new RoomkeeperError('remote.notFound')
    return { ...recordOf(found), id }
  }

  app.post(
    '/v1/sessions',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'startSession',
        summary: 'Begin a remote session with a room',
        tags: ['remote'],
        body: SessionRequest,
        response: { 200: SessionAnswer },
      },
    },
    async (request) => sessions.start(callerOf(request), request.body),
  )

  app.get(
    '/v1/sessions/:session',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'getSession',
        summary: 'A remote session of one’s own',
        tags: ['remote'],
        params,
        response: { 200: SessionRecord },
      },
    },
    async (request) => recordFor(callerOf(request), request.params.session),
  )

  app.post(
    '/v1/sessions/:session/ticket',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'renewTicket',
        summary: 'Another ticket for the relay of a session',
        tags: ['remote'],
        params,
        response: { 200: TicketAnswer },
      },
    },
    async (request) => sessions.ticket(callerOf(request), request.params.session),
  )

  app.post(
    '/v1/sessions/:session/end',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'endSession',
        summary: 'End a remote session',
        tags: ['remote'],
        params,
        body: SessionEndRequest.nullish(),
        response: { 200: SessionRecord },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const own = liveNamed(sessions.live, caller, request.params.session)
      const session = own ?? sessions.live.get(request.params.session)
      // To its operator, an auditor who ends it has taken it away.
      const reason = own ? (request.body?.reason ?? 'operatorEnded') : 'accessWithdrawn'
      if (session?.tenant === caller.tenant && (own || mayAudit(caller.access))) await sessions.end(session, reason, caller.doer)
      return recordFor(caller, request.params.session)
    },
  )
}
