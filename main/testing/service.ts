import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { CommandRequest } from '../../contract/commands.ts'
import { errors, type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { ConsoleToFeed } from '../../contract/feed.ts'
import { idOf, makeMe, personId, rowOf, tenantId } from './documents.ts'

interface Kept {
  kind: string
  room: string | null
  rev: number
  doc?: { id: string }
}

/**
 * A small service that keeps documents like the real one, and that a test can make behave as badly as networks and
 * services do: late, twice, out of order, byte by byte, cut off, wrong, too much.
 */
export class FakeService {
  readonly server: Server
  readonly docs = new Map<string, Kept>()
  readonly log: string[] = []
  scope = 1
  pageRows = 50
  /** Every command as it came, and how often each key was applied. */
  readonly commands: CommandRequest[] = []
  readonly appliedKeys = new Map<string, number>()
  /** Answers commands instead of applying them; `cut`: applies and hangs up without an answer. */
  onCommand: (request: CommandRequest) => 'apply' | 'cut' | ErrorCode = () => 'apply'
  /** May answer a request in its own way; true when it did. */
  onRequest: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  /** What is sent in place of a feed message. */
  onSend: (text: string) => string[] = (text) => [text]
  /** Called with each new feed socket. */
  onSocket: (socket: WebSocket, wire: Socket) => void = () => undefined
  readonly #feeds = new Map<WebSocket, string | null>()
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
      this.#sockets.handleUpgrade(request, wire, head, (socket) => this.#follow(socket, request.socket))
    })
    this.put('tenant', { id: tenantId, name: 'Contoso' } as { id: string })
    this.put('me', makeMe())
  }

  static async start(): Promise<FakeService> {
    const service = new FakeService()
    await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve))
    return service
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.server.close(resolve))
  }

  /** Cuts every connection in the middle of whatever it does. */
  cut(): void {
    for (const wire of this.#wires) wire.destroy()
  }

  /** Puts documents of one kind, together, and tells the consoles. */
  put(kind: string, ...docs: { id: string; room?: unknown }[]): void {
    for (const doc of docs) this.#keep(kind, doc)
    this.tell()
  }

  remove(kind: string, id: string): void {
    const kept = this.docs.get(`${kind}:${id}`)
    if (kept === undefined) return
    const { doc: _gone, ...rest } = kept
    this.docs.set(`${kind}:${id}`, { ...rest, rev: kept.rev + 1 })
    this.log.push(`${kind}:${id}`)
    this.tell()
  }

  say(message: unknown): void {
    for (const socket of this.#feeds.keys()) this.#send(socket, JSON.stringify(message))
  }

  /** Sends every console what it has not got. */
  tell(): void {
    for (const [socket, cursor] of this.#feeds) {
      if (cursor === null) continue
      const to = `c${this.log.length}`
      if (cursor === to) continue
      this.#batch(socket, cursor, to)
    }
  }

  #batch(socket: WebSocket, from: string, to: string): void {
    const keys = [...new Set(this.log.slice(Number(from.slice(1))))]
    this.#feeds.set(socket, to)
    this.#send(socket, JSON.stringify({ type: 'batch', scope: this.scope, from, to, rows: keys.map((key) => this.#row(key)), behind: 0 }))
  }

  #row(key: string): Record<string, unknown> {
    const [kind = '', id = ''] = key.split(':')
    const { rev, room, doc } = this.docs.get(key) ?? { rev: 1, room: null }
    return doc === undefined ? { kind, id, room, rev } : rowOf(kind, doc, rev)
  }

  #keep(kind: string, doc: { id: string; room?: unknown }): void {
    const key = `${kind}:${doc.id}`
    const { room } = rowOf(kind, doc)
    this.docs.set(key, { kind, room: room as string | null, rev: (this.docs.get(key)?.rev ?? 0) + 1, doc })
    this.log.push(key)
  }

  #follow(socket: WebSocket, wire: Socket): void {
    this.onSocket(socket, wire)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#feeds.delete(socket))
    socket.on('message', (data) => {
      const message = ConsoleToFeed.parse(JSON.parse(String(data)))
      if (message.type !== 'hello') return
      this.#feeds.set(socket, message.cursor ?? null)
      this.#send(socket, JSON.stringify({ type: 'welcome', version: 1, scope: this.scope, beatMs: 5_000 }))
      if (message.cursor === undefined) this.#send(socket, JSON.stringify({ type: 'snapshot' }))
      else this.#batch(socket, message.cursor, `c${this.log.length}`)
    })
  }

  #send(socket: WebSocket, text: string): void {
    for (const each of this.onSend(text)) socket.send(each)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.onRequest(request, response)) return
    const url = new URL(request.url ?? '/', this.url)
    if (url.pathname === '/v1/snapshot') this.#page(url.searchParams.get('after'), response)
    else if (url.pathname === '/v1/commands') this.#command(request, response)
    else if (url.pathname === '/v1/enrolment/key') json(response, { key: 'secret-key', madeAt: 1 })
    else if (url.pathname === '/v1/enrolment/installer') {
      response.setHeader('content-disposition', 'attachment; filename="../../etc/agent.zip"')
      response.end('zip')
    } else problem(response, 'request.notFound')
  }

  #page(after: string | null, response: ServerResponse): void {
    const [start, from] = after === null ? [this.log.length, ''] : (JSON.parse(after) as [number, string])
    const keys = [...this.docs].filter(([key, { doc }]) => doc !== undefined && key > from).map(([key]) => key).sort()
    const some = keys.slice(0, this.pageRows)
    const next = keys.length > some.length ? { next: JSON.stringify([start, some.at(-1)]) } : {}
    json(response, { cursor: `c${start}`, scope: this.scope, rows: some.map((key) => this.#row(key)), total: this.docs.size, ...next })
  }

  #command(request: IncomingMessage, response: ServerResponse): void {
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
      if (!this.appliedKeys.has(command.key)) this.#apply(command)
      if (verdict === 'cut') request.socket.destroy()
      else json(response, { outcome: 'applied', at: 1 })
    })
  }

  #apply({ key, command, issuedAt }: CommandRequest): void {
    this.appliedKeys.set(key, (this.appliedKeys.get(key) ?? 0) + 1)
    if (command.type === 'incident.comment') {
      const incident = this.docs.get(`incident:${command.incident}`)
      this.#keep('entry', {
        id: idOf('applied', this.appliedKeys.size), incident: command.incident, room: incident?.room, kind: 'comment',
        actor: { kind: 'person', id: personId, name: 'Amélie Laurent' }, at: issuedAt, receivedAt: issuedAt, text: command.text,
      } as { id: string })
    }
    this.#keep('receipt', { id: key, person: personId, at: 1 } as { id: string })
    this.tell()
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
