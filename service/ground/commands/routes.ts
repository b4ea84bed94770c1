import { CommandOutcome, CommandRequest } from '../../../contract/commands.ts'
import type { Plugin } from '../deps.ts'
import { callerOf } from '../http/routeAccess.ts'
import { largeBodies } from './largeBodies.ts'
import { submit } from './submit.ts'

/** What operators do (INC-5, ENR-5, CON-3). */
export const commandRoutes: Plugin = (app, deps) => {
  app.post(
    '/v1/commands',
    {
      ...largeBodies,
      config: { access: 'byKey' },
      schema: {
        operationId: 'sendCommand',
        summary: 'Send a command; sent again with its key, it is answered as before',
        tags: ['commands'],
        body: CommandRequest,
        response: { 200: CommandOutcome },
      },
    },
    async (request) => submit(deps, callerOf(request), request.body),
  )
}
