import { Effect, PreviewRequest } from '../../contract/policyApi.ts'
import { largeBodies } from '../ground/commands/largeBodies.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { preview } from './preview.ts'

/** What a command on the policy would change, before it is given (ACC-7). */
export const previewRoutes: Plugin = (app, deps) => {
  app.post(
    '/v1/commands/preview',
    {
      ...largeBodies,
      config: { access: 'byCommand' },
      schema: {
        operationId: 'previewCommand',
        summary: 'What a command would change for whom',
        tags: ['commands'],
        body: PreviewRequest,
        response: { 200: Effect },
      },
    },
    async (request) => preview(deps, callerOf(request), request.body.command),
  )
}
