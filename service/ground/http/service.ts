import { z } from 'zod'
import { Discovery } from '../../../contract/api.ts'
import type { Plugin } from '../deps.ts'

/** What anybody may ask: where the parts are, whether the service is well, and its interface. */
export const serviceRoutes =
  (discovery: () => Promise<z.infer<typeof Discovery>>): Plugin =>
  (app, { store }) => {
    app.get(
      '/.well-known/roomkeeper',
      {
        config: { access: 'public' },
        schema: {
          operationId: 'discover',
          summary: 'Where the parts of the service are, and who issues its tokens',
          tags: ['service'],
          security: [],
          response: { 200: Discovery },
        },
      },
      discovery,
    )

    app.get(
      '/healthz',
      {
        config: { access: 'public' },
        schema: {
          operationId: 'health',
          summary: 'Whether the service is well',
          tags: ['service'],
          security: [],
          response: { 200: z.object({ status: z.literal('ok') }) },
        },
      },
      async () => {
        await store.probe()
        return { status: 'ok' as const }
      },
    )

    app.get('/v1/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async () => app.swagger())
  }
