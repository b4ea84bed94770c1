import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { CommandRequest } from '../../contract/commands.ts'
import { errors, type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { ConsoleToFeed } from '../../contract/feed.ts'
import { tenantHeader } from '../../contract/policyApi.ts'
import { makeMe, tenantId } from './documents.ts'
import { FakeTenant } from './tenant.ts'

/**
 * A small service that keeps documents like the real one, and that a test can make behave as badly as networks and
 * services do: late, twice, out of order, byte by byte, cut off, wrong, too much. What a test says of documents is about
 * the person's own tenant; customers have theirs in `customers`.
 */
export class FakeService {
  readonly server: Server
  readonly home = new FakeTenant((socket, text) => this.#send(socket, text))
  /** By tenant id, as the header names them. */
  readonly customers = new Map<string, FakeTenant>()
  /** Every command as it came. */
  readonly commands: CommandRequest[] = []
  /** Bodies by path, for what has no documents; text stays text. */
  readonly answers = new Map<string, unknown>()
  /** Answers commands instead of applying them; `cut`: applies and hangs up without an answer. */
  onCommand: (request: CommandRequest) => 'apply' | 'cut' | ErrorCode = () => 'apply'
  /** May answer a request in its own way; true when it did. */
  onRequest: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  /** What is sent in place of a feed message. */
  onSend: (text: string) => string[] = (text) => [text]
  /** Called with each new feed socket. */
  onSocket: (socket: WebSocket, wire: Socket) => void = () => undefined
  readonly #wires = new Set<Socket>()
  readonly #sockets = new WebSocketServer({ noServer: true })

  private constructor() {
    this.server = createServer((request, response) => this.#answer(request, response))
    this.server.on('connection', (wire) => {
      this.#wires.add(wire)
      wire.on('close', () => this.#wires.delete(wire))
      wire.on('error', () => undefined)
    })
    this.server.on('upgrade', (request, wire, head) => {
      const tenant = this.#tenantOf(request)
      if (tenant === undefined) {
        const body = JSON.stringify(new RoomkeeperError('access.denied').toProblem())
        wire.end(
          'HTTP/1.1 403 Refused\r\nConnection: close\r\nContent-Type: application/problem+json\r\n' +
            `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        )
        return
      }
      this.#sockets.handleUpgrade(request, wire, head, (socket) => this.#follow(tenant, socket, request.socket))
    })
    this.home.put('tenant', { id: tenantId, name: 'Contoso' } as { id: string })
    this.home.put('me', makeMe())
  }

  static async start(): Promise<FakeService> {
    const service = new FakeService()
    await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve))
    return service
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  get docs(): FakeTenant['docs'] {
    return this.home.docs
  }

  get appliedKeys(): FakeTenant['appliedKeys'] {
    return this.home.appliedKeys
  }

  set scope(version: number) {
    this.home.scope = version
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.server.close(resolve))
  }

  /** Cuts every connection in the middle of whatever it does. */
  cut(): void {
    for (const wire of this.#wires) wire.destroy()
  }

  put(kind: string, ...docs: { id: string; room?: unknown }[]): void {
    this.home.put(kind, ...docs)
  }

  remove(kind: string, id: string): void {
    this.home.remove(kind, id)
  }

  say(message: unknown): void {
    this.home.say(message)
  }

  /** A customer of the person's organisation, with a `me` there; one's own `me` has to name it. */
  customer(id: string, name: string): FakeTenant {
    const tenant = new FakeTenant((socket, text) => this.#send(socket, text))
    tenant.put('tenant', { id, name } as { id: string })
    tenant.put('me', { ...makeMe(), tenant: id } as { id: string })
    this.customers.set(id, tenant)
    return tenant
  }

  /** Ends the access to a customer, as far as its own feed and requests go. */
  withdraw(id: string): void {
    const tenant = this.customers.get(id)
    this.customers.delete(id)
    tenant?.say({ type: 'error', code: 'access.denied', retry: false })
  }

  #tenantOf({ headers }: IncomingMessage): FakeTenant | undefined {
    const named = headers[tenantHeader]
    return named === undefined || named === tenantId ? this.home : this.customers.get(String(named))
  }

  #follow(tenant: FakeTenant, socket: WebSocket, wire: Socket): void {
    this.onSocket(socket, wire)
    socket.on('error', () => undefined)
    socket.on('close', () => tenant.unfollow(socket))
    socket.on('message', (data) => {
      const message = ConsoleToFeed.parse(JSON.parse(String(data)))
      if (message.type === 'hello') tenant.follow(socket, message.cursor)
    })
  }

  #send(socket: WebSocket, text: string): void {
    for (const each of this.onSend(text)) socket.send(each)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.onRequest(request, response)) return
    const url = new URL(request.url ?? '/', this.url)
    const tenant = this.#tenantOf(request)
    const prepared = this.answers.get(url.pathname)
    if (tenant === undefined) problem(response, 'access.denied')
    else if (url.pathname === '/v1/snapshot') json(response, tenant.page(url.searchParams.get('after')))
    else if (url.pathname === '/v1/commands') this.#command(tenant, request, response)
    else if (url.pathname === '/v1/enrolment/key') json(response, { key: 'secret-key', madeAt: 1 })
    else if (url.pathname === '/v1/enrolment/installer') {
      response.setHeader('content-disposition', 'attachment; filename="../../etc/agent.zip"')
      response.end('zip')
    } else if (/^\/v1\/rooms\/[^/]+\/transitions$/u.test(url.pathname) && prepared === undefined)
      json(response, { items: [], keptSince: 0 })
    else if (typeof prepared === 'string') response.end(prepared)
    else if (prepared !== undefined) json(response, prepared)
    else problem(response, 'request.notFound')
  }

  #command(tenant: FakeTenant, request: IncomingMessage, response: ServerResponse): void {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const command = CommandRequest.parse(JSON.parse(body))
      this.commands.push(command)
      const verdict = this.onCommand(command)
      if (verdict !== 'apply' && verdict !== 'cut') {
        problem(response, verdict)
        return
      }
      tenant.apply(command)
      if (verdict === 'cut') request.socket.destroy()
      else json(response, { outcome: 'applied', at: 1 })
    })
  }
}

function json(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(body))
}

export function problem(response: ServerResponse, code: ErrorCode): void {
  response.statusCode = errors[code][0]
  response.setHeader('content-type', 'application/problem+json')
  response.end(JSON.stringify(new RoomkeeperError(code).toProblem()))
}
