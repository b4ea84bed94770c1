import type { RequestListener, Server } from 'node:http'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'
import { isLoopback } from '../config.ts'
import type { App, GroundDeps, Plugin } from '../deps.ts'
import { addressOf } from './address.ts'
import { describeOperation, describeSchemas, tags } from './description.ts'
import { addGuard } from './guard.ts'
import { checkHost } from './hostName.ts'
import { sendProblem } from './problems.ts'
import { auditRefusal } from './refusals.ts'
import { type DeclaredRoute, declaredOf } from './routeAccess.ts'
import { refuseUnread, upgradeLocally } from './upgrades.ts'
import { checkUnread, exactValidator } from './validate.ts'

export interface AppOptions<D> {
  readonly version: string
  /** The server that listens already; the app answers on it from `ready` on. */
  readonly server: Server
  readonly adminSecret: string
  /** Told of every route that is registered. */
  readonly onRoute?: (route: DeclaredRoute) => void
  /** The parts of the service, each with its routes. */
  readonly plugins: readonly Plugin<D>[]
}

/** Said of an address that no route is looked up for. */
const unreadable = 'The address cannot be read, or a part of it is too long.'

/**
 * The HTTP side of the service, with every part's routes behind one guard. WebSockets do not come through here: parts
 * take them from the server itself (ground/http/upgrades.ts).
 */
export async function buildApp<D extends GroundDeps>(
  deps: D,
  { version, server, adminSecret, onRoute, plugins }: AppOptions<D>,
): Promise<App> {
  const logger: FastifyBaseLogger = deps.log
  let answer: RequestListener | undefined
  const app: App = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    // Below, with a problem.
    return503OnClosing: false,
    clientErrorHandler: refuseUnread,
    frameworkErrors: (error, request, reply) =>
      void sendProblem(new RoomkeeperError('request.invalid', { detail: unreadable }, error), request, reply, deps.turnedAway),
    serverFactory: (handler) => {
      answer = handler
      return server
    },
    routerOptions: { maxParamLength: 256 },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(exactValidator)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(async (error, request, reply) => {
    // Whoever is not let in hears so, whatever else is wrong with what they sent.
    const refusal: unknown = request.notLetIn ?? error
    await auditRefusal(deps, request, refusal)
    return sendProblem(refusal, request, reply, deps.turnedAway)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(new RoomkeeperError('request.notFound'), request, reply, deps.turnedAway))

  const isLocal = isLoopback(deps.config.host) && !deps.config.behindProxy
  if (isLocal) upgradeLocally(server)
  let closing = false
  app.addHook('preClose', async () => void (closing = true))
  app.addHook('onRequest', async ({ raw }) => {
    if (closing) throw new RoomkeeperError('service.unavailable')
    checkHost(raw, isLocal)
  })
  server.on('checkExpectation', (_, response) => {
    const problem = new RoomkeeperError('request.invalid', { field: 'expect' })
    response.writeHead(problem.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem.toProblem()))
  })
  app.addHook('onRequest', async ({ raw }) => deps.budgets.request(addressOf(raw, deps.config.behindProxy)))
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    deps.metrics.requests.inc({ method: request.method, route, status: reply.statusCode })
    deps.metrics.requestSeconds.observe({ route }, reply.elapsedTime / 1000)
    deps.log.debug({ method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request')
  })
  addGuard(app, deps, adminSecret)
  app.addHook('preValidation', checkUnread)
  if (onRoute) app.addHook('onRoute', (route) => declaredOf(route).forEach(onRoute))

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Roomkeeper',
        version,
        description: 'The HTTP interface of the Roomkeeper service, version 1.',
        license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
      },
      servers: [{ url: '/', description: 'This service' }],
      tags,
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      security: [{ bearer: [] }],
    },
    transform: describeOperation,
    transformObject: describeSchemas,
  })
  for (const plugin of plugins) await app.register(async (part: App) => plugin(part, deps))
  await app.ready()
  if (answer) server.on('request', answer)
  return app
}
