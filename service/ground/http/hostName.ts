import type { IncomingMessage } from 'node:http'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { isLoopback } from '../config.ts'

/** A host and, where there is one, a port, and nothing else: no user, path, list or white space. */
const shape = /^(?<name>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?<port>\d{1,5}))?$/iu

/**
 * Whether a Host header (RFC 9110, 7.2) is a loopback name, with any port: tunnels and proxies of this machine end at ports
 * of their own, and a page that has made its own name lead here (DNS rebinding) cannot send a loopback one.
 */
export function isLoopbackHost(header: string | undefined): boolean {
  const { name, port } = shape.exec(header ?? '')?.groups ?? {}
  if (name === undefined || (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))) return false
  return isLoopback(name.toLowerCase())
}

/**
 * That a request or WebSocket names one host, and under `loopbackOnly` this machine: a page of another site can make a browser ask a
 * loopback address, but not with a loopback name.
 * @throws RoomkeeperError request.invalid
 */
export function checkHost({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, loopbackOnly: boolean): void {
  const refuse = (detail: string): RoomkeeperError => new RoomkeeperError('request.invalid', { field: 'host', detail })
  // Names and values by turns, as they came.
  const [name, ...more] = rawHeaders.filter((_, n) => n % 2 === 1 && rawHeaders[n - 1]?.toLowerCase() === 'host')
  if (!name) throw refuse('The request names no host.')
  if (more.length > 0) throw refuse('The request names several hosts.')
  if (loopbackOnly && !isLoopbackHost(name)) throw refuse('This service answers to loopback names only.')
}
