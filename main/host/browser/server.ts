import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { AnswerTooLarge, readText } from '../../../contract/answer.ts'
import { limits } from '../../../contract/limits.ts'
import type { System } from '../../../contract/system.ts'
import { bridgeProtocol, Entrance, type Renewed, secretIn, signedOutClose } from '../../../contract/tab.ts'
import type { BridgeServer } from '../../core.ts'
import type { Log } from '../../log.ts'
import { securityHeaders, type Shell } from '../shell.ts'
import { serveSocket } from './socket.ts'
import { sameSecret, Visitors } from './visitors.ts'

export interface BrowserServerOptions {
  shell: Shell
  /** Whoever brings this (a second start by the same user) may ask for another link. */
  secret: string
  log: Log
  /** Between two signs that a window must give, in milliseconds. */
  beatMs?: number
  system: Pick<System, 'clock' | 'random'>
}

export interface BrowserServer {
  /** The console's address without a token, such as `http://127.0.0.1:4720/`. */
  readonly address: string
  /** The console's address with a new token that works once. */
  link(): string
  /** From now on windows are served. Before, they are told to try again. */
  serve(bridge: BridgeServer): void
  /** Somebody has signed out: every tab but the one where they did needs a new link, and that one gets a new secret. */
  signedOut(): void
  stop(): Promise<void>
}

const entranceBytes = 1_024

/**
 * What a service worker that somebody else left under this name becomes when the browser looks for its script anew, whatever
 * its path: one that removes itself, and has its pages loaded again from here. The console has none.
 */
const leavingWorker = `addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil((async () => {
  await registration.unregister()
  for (const window of await clients.matchAll({ type: 'window' })) await window.navigate(window.url)
})()))
`

/**
 * The one server of the browser host, on loopback: the shell (public), the entrance, links for a second start, and the
 * bridge. Errors: EADDRINUSE of node:net.
 */
export async function startBrowserServer(port: number, options: BrowserServerOptions): Promise<BrowserServer> {
  const http = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: limits.loopbackHeaderBytes })
  http.listen(port, '127.0.0.1')
  await once(http, 'listening')
  return new Served(http, options)
}

class Served implements BrowserServer {
  readonly #http: Server
  readonly #options: BrowserServerOptions
  readonly #sockets: WebSocketServer
  readonly #visitors: Visitors
  readonly #port: number
  #bridge: BridgeServer | undefined
  /** The window that asked last to sign out. */
  #signsOut: WebSocket | undefined
  #stopped: Promise<void> | undefined

  constructor(http: Server, options: BrowserServerOptions) {
    const bound = http.address()
    if (typeof bound !== 'object' || bound === null) throw new Error('The server is not bound.')
    this.#http = http
    this.#port = bound.port
    this.#options = options
    this.#visitors = new Visitors(options.system)
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: limits.bridgeMessageBytes,
      perMessageDeflate: false,
      clientTracking: true,
      handleProtocols: () => bridgeProtocol,
    })
    http.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.log.error({ error: error instanceof Error ? error.message : String(error) }, 'a request failed')
        if (!response.headersSent) send(response, 500)
      })
    })
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  link(): string {
    return `${this.address}#token=${this.#visitors.link()}`
  }

  serve(bridge: BridgeServer): void {
    this.#bridge = bridge
  }

  signedOut(): void {
    this.#visitors.endTabs()
    for (const socket of this.#sockets.clients) {
      if (socket !== this.#signsOut) socket.close(signedOutClose)
      else socket.send(JSON.stringify({ type: 'tab', secret: this.#visitors.tab() } satisfies Renewed))
    }
    this.#signsOut = undefined
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.close(1001)
    const closed = once(this.#http, 'close')
    this.#http.close()
    this.#http.closeIdleConnections()
    // A window that does not answer the closing handshake must not hold the end up.
    const undo = this.#options.system.clock.after(500, () => {
      for (const socket of this.#sockets.clients) socket.terminate()
      this.#http.closeAllConnections()
    })
    await closed
    undo()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const origin = this.#originOf(request)
    if (origin === undefined) return send(response, 421)
    const path = URL.canParse(request.url ?? '', origin) ? new URL(request.url ?? '', origin).pathname : '/'
    if (path === '/session' && request.method === 'POST') return this.#enter(request, response, origin)
    if (path === '/links' && request.method === 'POST') return this.#anotherLink(request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, { allow: 'GET, HEAD' })
    if (request.headers['service-worker'] === 'script') return sendWorker(response)
    const file = await this.#options.shell.file(path)
    if (!file) return send(response, 404)
    response.writeHead(200, { ...file.headers, 'content-length': file.body.byteLength })
    response.end(request.method === 'HEAD' ? undefined : file.body)
  }

  /**
   * The page's own origin, where the request was made to this server by its name (against DNS rebinding). "localhost" is
   * not one: browsers also take it for [::1], where the same port may be another account's, and what a tab keeps belongs
   * to the name.
   */
  #originOf(request: IncomingMessage): string | undefined {
    const host = `127.0.0.1:${this.#port}`
    return request.headers.host === host ? `http://${host}` : undefined
  }

  async #enter(request: IncomingMessage, response: ServerResponse, origin: string): Promise<void> {
    const isJson = request.headers['content-type']?.split(';')[0]?.trim() === 'application/json'
    if (request.headers.origin !== origin || !isJson) return send(response, 403)
    const body = await bodyOf(request, entranceBytes)
    if (body === undefined) return send(response, 413)
    const entrance = Entrance.safeParse(parseJson(body))
    if (!entrance.success) return send(response, 400)
    const secret = this.#visitors.enter(entrance.data.token)
    if (secret === undefined) {
      this.#options.log.warn({}, 'a link was refused: it is unknown, used or too old')
      return send(response, 401)
    }
    sendJson(response, { secret })
  }

  #anotherLink(request: IncomingMessage, response: ServerResponse): void {
    // No page may ask, whatever it knows: browsers always send one of these with a POST.
    const fromPage = request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined
    if (fromPage || !sameSecret(request.headers.authorization ?? '', `Bearer ${this.#options.secret}`)) return send(response, 403)
    sendJson(response, { console: this.link() })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const refuse = (status: string): void => void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    const origin = this.#originOf(request)
    if (origin === undefined) return refuse('421 Misdirected Request')
    if (request.url !== '/bridge') return refuse('404 Not Found')
    if (request.headers.origin !== origin) return refuse('403 Forbidden')
    if (!this.#visitors.isIn(secretIn(request.headers['sec-websocket-protocol']))) return refuse('401 Unauthorized')
    const bridge = this.#bridge
    if (!bridge || this.#sockets.clients.size >= limits.bridgeWindows) return refuse('503 Service Unavailable')
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      serveSocket(opened, bridge, { ...this.#options, timers: this.#options.system.clock, onSignOut: () => (this.#signsOut = opened) })
    })
  }
}

function send(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...securityHeaders, 'cache-control': 'no-store', 'content-length': 0, ...headers })
  response.end()
}

function sendWorker(response: ServerResponse): void {
  const headers = { 'content-type': 'text/javascript', 'service-worker-allowed': '/', 'cache-control': 'no-store' }
  response.writeHead(200, { ...securityHeaders, ...headers, 'content-length': Buffer.byteLength(leavingWorker) })
  response.end(leavingWorker)
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { ...securityHeaders, 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

/** The whole body, or undefined when it is longer than `limit`; the rest is not read then. */
async function bodyOf(request: IncomingMessage, limit: number): Promise<string | undefined> {
  try {
    return await readText(request, limit)
  } catch (error) {
    if (error instanceof AnswerTooLarge) return undefined
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
