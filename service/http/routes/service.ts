import { z } from 'zod'
import { Discovery } from '../../../contract/api.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { isLoopback } from '../../config.ts'
import type { Plugin } from '../../deps.ts'

/** What anybody may ask: where the parts are, whether the service is well, its figures, and its interface. */
export const serviceRoutes = (discovery: () => Promise<z.infer<typeof Discovery>>): Plugin => (app, { metrics, store }) => {
  app.get('/.well-known/roomkeeper', { config: { access: 'public' }, schema: { tags: ['service'], security: [], response: { 200: Discovery } } }, discovery)

  app.get(
    '/healthz',
    { config: { access: 'public' }, schema: { tags: ['service'], security: [], response: { 200: z.object({ status: z.literal('ok') }) } } },
    async () => {
      await store.tenants()
      return { status: 'ok' as const }
    },
  )

  app.get('/metrics', { config: { access: 'public' }, schema: { tags: ['service'], security: [] } }, async (request, reply) => {
    // Behind a proxy everyone comes from loopback, but says on whose behalf.
    if (!isLoopback(request.ip.replace('::ffff:', '')) || request.headers['x-forwarded-for'] !== undefined) throw new RoomkeeperError('request.notFound')
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })

  app.get('/v1/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async () => app.swagger())
}
