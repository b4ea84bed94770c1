import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { z } from 'zod'
import type { ErrorCode } from '../../contract/errors.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { relayTicketType, type RelaySide } from '../../contract/relay.ts'
import { ConsoleToDevice, controlChannel, type DeviceToConsole, type SessionEnd } from '../../contract/remote.ts'
import type { SessionKeys } from '../../contract/sealed/interfaces.ts'
import { SealedLink } from '../../contract/sealed/link.ts'
import { chance } from '../../contract/testing/chance.ts'
import { programs } from '../../contract/testing/programs.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { type Running, startProcess } from '../host/testing/processes.ts'
import { relayDial } from '../remote/dial.ts'
import { idOf } from './documents.ts'
import { FakeDevice, recordOf } from './remote.ts'
import type { FakeService } from './service.ts'

/** Remote sessions through a real relay, with a service and devices that do what a test says. */

/** A wire that a test can cut: what is dialled goes to `target`. */
class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  target: URL

  private constructor(server: Server, target: string) {
    this.#server = server
    this.target = new URL(target)
    server.on('connection', (from) => {
      const to = connect(Number(this.target.port), this.target.hostname)
      for (const socket of [from, to]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.#sockets.delete(socket)
          from.destroy()
          to.destroy()
        })
      }
      from.pipe(to)
      to.pipe(from)
    })
  }

  static async to(target: string): Promise<Wire> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Wire(server, target)
  }

  get url(): string {
    const bound = this.#server.address()
    return typeof bound === 'object' && bound !== null ? `http://127.0.0.1:${bound.port}` : ''
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A device's end of one session: offers a screen and a terminal, and sends back what it gets. */
export class DeviceEnd {
  readonly link: SealedLink
  readonly heard: ConsoleToDevice[] = []
  readonly got = new Map<number, Buffer[]>()
  echo = true
  ended: SessionEnd | undefined
  #onRoom: (() => void) | undefined

  constructor(keys: SessionKeys, dial: ReturnType<typeof relayDial>, ticket: () => Promise<string>, first: string) {
    this.link = new SealedLink({
      side: 'device',
      keys,
      dial,
      first: { ticket: first },
      freshTicket: async () => ({ ticket: await ticket() }),
      timers: realSystem.clock,
      now: () => Date.now(),
      random: chance('device'),
      onFrame: (channel, bytes) => this.#took(channel, bytes),
      onState: (state) => {
        if (state.state === 'ended') this.ended = state.reason
      },
      onRoom: () => this.#onRoom?.(),
    })
    this.link.start()
    this.say({ type: 'ready', displays: ['console'], terminal: true, restart: true, restartAtEnd: false, recording: false })
  }

  say(message: DeviceToConsole): void {
    this.link.send(controlChannel, Buffer.from(JSON.stringify(message)))
  }

  end(reason: SessionEnd): void {
    this.say({ type: 'ending', reason })
    this.link.end(reason)
  }

  /** Sends a part for as long as there is one and there is room for it. */
  pour(channel: number, next: () => Uint8Array | undefined): void {
    const go = (): void => {
      for (let part = next(); part !== undefined; part = next()) if (!this.link.send(channel, part)) return
      this.#onRoom = undefined
    }
    this.#onRoom = go
    go()
  }

  #took(channel: number, bytes: Uint8Array): void {
    if (channel === controlChannel) {
      const message = ConsoleToDevice.parse(JSON.parse(Buffer.from(bytes).toString()))
      this.heard.push(message)
      if (message.type === 'openScreen' || message.type === 'openTerminal') this.say({ type: 'opened', channel: message.channel })
      if (message.type === 'close') this.say({ type: 'closed', channel: message.channel })
      if (message.type === 'ping') this.say({ type: 'pong', at: message.at })
      if (message.type === 'end') this.end('operatorEnded')
      return
    }
    this.got.set(channel, [...(this.got.get(channel) ?? []), Buffer.from(bytes)])
    if (this.echo) this.link.send(channel, bytes)
  }
}

const startRelay = (keyFile: string): Promise<Running<{ service: string }>> =>
  startProcess(
    [programs.service, 'relay', '--key-file', keyFile, '--relay-id', 'relay', '--port', '0', '--json', '--parent-pipe'],
    z.object({ service: z.url() }),
  )

/** What a service does for sessions, in front of a `FakeService`. */
export class RemoteService {
  readonly #key: KeyObject
  readonly #keyFile: string
  readonly #device = new FakeDevice()
  #relay: Running<{ service: string }>
  /** What the console dials. */
  readonly wire: Wire
  /** By session, in the order of their starts. */
  readonly ends = new Map<string, DeviceEnd>()
  readonly asked: { method: string; path: string; authorization: string; body: unknown }[] = []
  /** What sessions are refused with. */
  refusal: { code: ErrorCode; params?: Record<string, string> } | undefined
  /** What the log has as the reason. */
  reason: SessionEnd | null = 'operatorEnded'

  private constructor(service: FakeService, key: KeyObject, keyFile: string, relay: Running<{ service: string }>, wire: Wire) {
    this.#key = key
    this.#keyFile = keyFile
    this.#relay = relay
    this.wire = wire
    service.onRequest = (request, response) => {
      const path = request.url ?? ''
      if (!path.startsWith('/v1/sessions') || path.includes('.csv') || path.includes('?')) return false
      void this.#answer(request, response)
      return true
    }
  }

  static async before(service: FakeService, folder: string): Promise<RemoteService> {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const keyFile = join(folder, 'relay.jwk')
    writeFileSync(keyFile, JSON.stringify(publicKey.export({ format: 'jwk' })))
    const relay = await startRelay(keyFile)
    return new RemoteService(service, privateKey, keyFile, relay, await Wire.to(relay.ready.service))
  }

  get last(): DeviceEnd {
    const last = [...this.ends.values()].at(-1)
    if (last === undefined) throw new Error('no session was started')
    return last
  }

  /** The relay is killed with its sessions, and another one takes its place. */
  async anotherRelay(): Promise<void> {
    this.#relay.child.kill('SIGKILL')
    await this.#relay.stop()
    this.#relay = await startRelay(this.#keyFile)
    this.wire.target = new URL(this.#relay.ready.service)
  }

  async stop(): Promise<void> {
    for (const { link } of this.ends.values()) link.end('deviceEnded')
    await this.wire.stop()
    await this.#relay.stop()
  }

  #ticket(session: string, side: RelaySide): string {
    const now = Date.now() / 1_000
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = {
      aud: 'relay',
      sid: session,
      side,
      device: idOf('device', 1),
      jti: v7(),
      iat: now,
      exp: now + 30,
      idle: 900,
      maximum: 28_800,
    }
    const signed = `${part({ alg: 'EdDSA', typ: relayTicketType })}.${part(claims)}`
    return `${signed}.${sign(null, Buffer.from(signed), this.#key).toString('base64url')}`
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const { method = '', url: path = '', headers } = request
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    this.asked.push({ method, path, authorization: headers.authorization ?? '', body })
    const [, , , id = '', what] = path.split('/')
    const answer =
      id === ''
        ? this.#start(body)
        : what === 'ticket'
          ? { ticket: this.#ticket(id, 'operator'), relay: this.wire.url }
          : recordOf(id, this.reason)
    const wrong = answer instanceof RoomkeeperError
    response.writeHead(wrong ? answer.status : 200, { 'content-type': wrong ? 'application/problem+json' : 'application/json' })
    response.end(JSON.stringify(wrong ? answer.toProblem() : answer))
  }

  #start(body: unknown): unknown {
    if (this.refusal !== undefined)
      return new RoomkeeperError(this.refusal.code, this.refusal.params === undefined ? {} : { params: this.refusal.params })
    const { session } = z.object({ session: z.string() }).parse(body)
    const { answer, keys } = this.#device.agree(body, this.#ticket(session, 'operator'))
    const ticket = (): Promise<string> => Promise.resolve(this.#ticket(session, 'device'))
    // The device's own way to the relay is not the console's, and follows it when that is another one.
    const dial: ReturnType<typeof relayDial> = (relay, authorization, events) =>
      relayDial(this.#relay.ready.service, realSystem.clock)(relay, authorization, events)
    this.ends.set(session, new DeviceEnd(keys, dial, ticket, this.#ticket(session, 'device')))
    return { ...answer, relay: this.wire.url }
  }
}
