import type { IncomingMessage, ServerResponse } from 'node:http'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { type RelayId, relayPath } from '../../../contract/relay.ts'
import type { System } from '../../../contract/system.ts'
import { type Config, isLoopback } from '../../ground/config.ts'
import { closeServer, listen, makeServer, urlOf } from '../../ground/http/listen.ts'
import { onUpgrade, refuseUnread, upgradeLocally } from '../../ground/http/upgrades.ts'
import { makeLogger } from '../../ground/ops/log.ts'
import { serveMetrics } from '../../ground/ops/metricsServer.ts'
import type { RelayPublicKey } from './keys.ts'
import { Relay } from './relay.ts'
import type { RelayTiming } from './session.ts'

export interface AloneOptions extends Pick<Config, 'host' | 'port' | 'metricsPort' | 'tls' | 'behindProxy' | 'logLevel'> {
  readonly id: RelayId
  readonly key: RelayPublicKey
  readonly timing?: Partial<RelayTiming>
}

export interface RunningRelay {
  readonly url: string
  /** Where its figures are, if anywhere. */
  readonly metrics?: string
  /** Tells the sides, waits for them, ends them. */
  stop(): Promise<void>
}

/** A relay in a process of its own: no data folder, no database. @throws CommandProblem where the port cannot be had. */
export async function startRelay(options: AloneOptions, system: System): Promise<RunningRelay> {
  const { id, key, timing, behindProxy } = options
  const log = makeLogger(options.logLevel, 'relay', system.clock)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const server = makeServer(options)
  const metrics = await serveMetrics(registry, options.metricsPort)
  const url = urlOf(options, await listen(server, options))
  const relay = new Relay({ id, key, log, registry, ...system, behindProxy, ...(timing === undefined ? {} : { timing }) })
  server.on('request', answer)
  server.on('clientError', refuseUnread)
  if (isLoopback(options.host) && !behindProxy) upgradeLocally(server)
  onUpgrade(server, relayPath, (request, socket, head) => relay.accept(request, socket, head))
  log.info({ url, relay: id }, 'the relay is ready')
  return {
    url,
    ...(metrics === undefined ? {} : { metrics: metrics.url }),
    stop: async () => {
      await metrics?.close()
      await relay.stop()
      await closeServer(server)
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  const path = request.method === 'GET' ? request.url?.split('?', 1)[0] : undefined
  if (path === '/healthz') return send(response, 200, 'application/json', JSON.stringify({ status: 'ok' }))
  const problem = new RoomkeeperError('request.notFound')
  send(response, problem.status, 'application/problem+json', JSON.stringify(problem.toProblem()))
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}
