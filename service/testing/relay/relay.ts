import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { Registry } from 'prom-client'
import { v7 } from 'uuid'
import { DeviceId, SessionId } from '../../../contract/ids.ts'
import { RelayId, relayPath, type RelaySide } from '../../../contract/relay.ts'
import { systemAt, realSystem } from '../../../contract/testing/system.ts'
import { onUpgrade } from '../../ground/http/upgrades.ts'
import { makeLogger } from '../../ground/ops/log.ts'
import { Relay, type RelayOptions } from '../../remote/relay/relay.ts'
import { signTicket, type TicketRequest } from '../../remote/relay/tickets.ts'
import { TestSide } from './client.ts'

export interface Keys {
  readonly privateKey: JWK
  readonly publicKey: JWK
}

export async function makeKeys(): Promise<Keys> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { privateKey: await exportJWK(privateKey), publicKey: await exportJWK(publicKey) }
}

export const newSession = (): SessionId => SessionId.parse(v7())
export const newDevice = (): DeviceId => DeviceId.parse(v7())

/** A relay in this process, on a free port, whose clock can be set forward. */
export class TestRelay {
  readonly relay: Relay
  readonly registry: Registry
  readonly id = RelayId.parse('relay of a test')
  readonly #server: Server
  readonly #keys: Keys
  readonly #clock: { ahead: number }
  readonly #sockets = new Set<Socket>()
  url = ''

  private constructor(keys: Keys, options: Partial<RelayOptions>) {
    this.#keys = keys
    this.#clock = { ahead: 0 }
    this.registry = new Registry()
    this.relay = new Relay({
      id: this.id,
      key: keys.publicKey,
      log: makeLogger('silent', 'relay', realSystem.clock),
      registry: this.registry,
      ...systemAt(() => this.now()),
      behindProxy: false,
      ...options,
    })
    this.#server = createServer()
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    onUpgrade(this.#server, relayPath, (request, socket, head) => this.relay.accept(request, socket, head))
  }

  static async start(options: Partial<RelayOptions> = {}): Promise<TestRelay> {
    const made = new TestRelay(await makeKeys(), options)
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve))
    const address: AddressInfo | string | null = made.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    made.url = `http://127.0.0.1:${address.port}`
    return made
  }

  now(): number {
    return Date.now() + this.#clock.ahead
  }

  /** Sets the clock forward and looks at all waits. */
  pass(ms: number): void {
    this.#clock.ahead += ms
    this.relay.sweep()
  }

  sign(request: Partial<TicketRequest> & { side: RelaySide }, { key = this.#keys.privateKey, now = this.now() } = {}): Promise<string> {
    const given = { aud: this.id, sid: newSession(), device: newDevice(), jti: v7(), lifeMs: 20_000, idleMs: 600_000, maximumMs: 3_600_000 }
    return signTicket(key, { ...given, ...request }, now)
  }

  /** Both sides of a new session, connected; what they were told about it is read. */
  async pair(more: Partial<TicketRequest> = {}): Promise<Pair> {
    const session = more.sid ?? newSession()
    const bound = { ...more, sid: session, device: more.device ?? newDevice() }
    const operator = await TestSide.ticket(this.url, await this.sign({ ...bound, side: 'operator' }))
    await operator.control()
    const device = await TestSide.ticket(this.url, await this.sign({ ...bound, side: 'device' }))
    await device.control()
    await operator.control()
    return { session, operator, device }
  }

  /** As if its process were killed. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  async stop(): Promise<void> {
    await this.relay.stop()
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

export interface Pair {
  readonly session: SessionId
  readonly operator: TestSide
  readonly device: TestSide
}
