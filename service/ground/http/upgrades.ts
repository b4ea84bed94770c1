import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { checkHost } from './hostName.ts'

/** Takes over a connection whose client asked for a WebSocket. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

const routers = new WeakMap<object, Map<string, UpgradeHandler>>()
const local = new WeakSet<object>()

/** WebSocket requests of this server have to name this machine, as its other requests. */
export const upgradeLocally = (server: Server): void => void local.add(server)

/**
 * Hands WebSocket requests for one path to a handler. The first call makes the server refuse those for other paths, and of pages:
 * browsers let any of them open one here, say from where it is, and no program that is meant does.
 * @throws where the path is taken already: a mistake of the program.
 */
export function onUpgrade(server: Server, path: string, handler: UpgradeHandler): void {
  let router = routers.get(server)
  if (!router) {
    const made = new Map<string, UpgradeHandler>()
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      try {
        checkHost(request, local.has(server))
        if (request.headers.origin !== undefined)
          throw new RoomkeeperError('request.invalid', { field: 'origin', detail: 'WebSockets here are for programs, and not for pages.' })
        const found = made.get(request.url?.split('?', 1)[0] ?? '')
        if (!found) throw new RoomkeeperError('request.notFound')
        found(request, socket, head)
      } catch (error) {
        refuse(socket, error instanceof RoomkeeperError ? error : new RoomkeeperError('service.failed', {}, error))
      }
    })
    routers.set(server, made)
    router = made
  }
  if (router.has(path)) throw new Error(`There are two handlers for WebSockets at ${path}.`)
  router.set(path, handler)
}

/** Answers the request over HTTP with a problem, and hangs up. */
export function refuse(socket: Duplex, error: RoomkeeperError): void {
  refuseUpgrade(
    socket,
    `${error.status} ${STATUS_CODES[error.status] ?? 'Refused'}`,
    error.toProblem(),
    error.details.params?.['retryAfter'],
  )
}

/** What the parser of HTTP could not read, or waited for too long, gets a problem like everything else. */
export function refuseUnread(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  if (error.code === 'HPE_HEADER_OVERFLOW' || error.code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW')
    return refuse(socket, new RoomkeeperError('request.tooLarge'))
  const detail = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'The request did not come in time.' : 'This is not HTTP.'
  refuse(socket, new RoomkeeperError('request.invalid', { detail }))
}

/** Answers the request over HTTP, with a JSON body if there is one to give, and hangs up. */
export function refuseUpgrade(socket: Duplex, status: string, problem?: object, retryAfter?: unknown): void {
  const body = problem ? JSON.stringify(problem) : ''
  const again = retryAfter === undefined ? '' : `Retry-After: ${String(retryAfter)}\r\n`
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\n${again}Content-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
