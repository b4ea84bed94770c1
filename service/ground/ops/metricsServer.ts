import { createServer } from 'node:http'
import type { Registry } from 'prom-client'
import { isLoopbackHost } from '../http/hostName.ts'
import { closeServer, listen } from '../http/listen.ts'

const host = '127.0.0.1'

/**
 * Figures for Prometheus at `/metrics`, on a loopback port of their own: no proxy in front of the service leads there, whatever
 * headers it forgets. Nothing where no port is given.
 * @throws CommandProblem where the port cannot be had.
 */
export async function serveMetrics(
  registry: Registry,
  port: number | undefined,
): Promise<{ readonly url: string; close(): Promise<void> } | undefined> {
  if (port === undefined) return undefined
  const server = createServer((request, response) => {
    // A page of another site can make a browser ask a loopback address, but not with a loopback name.
    if (request.method !== 'GET' || request.url !== '/metrics' || !isLoopbackHost(request.headers.host))
      return void response.writeHead(404).end()
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  const taken = await listen(server, { host, port })
  return { url: `http://${host}:${taken}/metrics`, close: () => closeServer(server) }
}
