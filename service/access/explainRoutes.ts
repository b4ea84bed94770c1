import { z } from 'zod'
import { PersonId } from '../../contract/ids.ts'
import { WhatCan, WhoCan, WhoCanQuery } from '../../contract/policyApi.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import type { AccessDeps } from './deps.ts'
import { explainWhat, explainWho } from './explanations.ts'

/** "Who can do this, and why?" (ACC-7), cut to what the caller may be told. */
export const explainRoutes: Plugin<AccessDeps> = (app, deps) => {
  app.get(
    '/v1/explain',
    {
      config: { access: { permission: 'roles.view' } },
      schema: {
        operationId: 'explainWho',
        summary: 'Who has a permission on a room, and why',
        tags: ['access'],
        querystring: WhoCanQuery,
        response: { 200: WhoCan },
      },
    },
    async (request) => explainWho(deps, callerOf(request), request.query.permission, request.query.room),
  )

  app.get(
    '/v1/explain/people/:person',
    {
      config: { access: { permission: 'roles.view' } },
      schema: {
        operationId: 'explainWhat',
        summary: 'What a person can do, and why',
        tags: ['access'],
        params: z.object({ person: PersonId }),
        response: { 200: WhatCan },
      },
    },
    async (request) => explainWhat(deps, callerOf(request), request.params.person),
  )
}
