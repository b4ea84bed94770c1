import { CommandOutcome, CommandRequest } from '../../../contract/commands.ts'
import { Effect, PreviewRequest } from '../../../contract/policyApi.ts'
import { preview } from './preview.ts'
import { submit } from './submit.ts'
import type { Plugin } from '../deps.ts'
import { largeBodies } from '../../policyFile/largeBodies.ts'
import { callerOf } from '../http/routeAccess.ts'

/** What operators do (INC-5, ENR-5, CON-3), and what it would change before they do it (ACC-7). */
export const commandRoutes: Plugin = (app, deps) => {
  app.post(
    '/v1/commands',
    {
      ...largeBodies,
      config: { access: 'byKey' },
      schema: { tags: ['commands'], body: CommandRequest, response: { 200: CommandOutcome } },
    },
    async (request) => submit(deps, callerOf(request), request.body),
  )

  app.post(
    '/v1/commands/preview',
    { ...largeBodies, config: { access: 'byCommand' }, schema: { tags: ['commands'], body: PreviewRequest, response: { 200: Effect } } },
    async (request) => preview(deps, callerOf(request), request.body.command),
  )
}
