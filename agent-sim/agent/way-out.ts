import { Agent as PlainAgent, type Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { limits } from '../../contract/limits.ts'
import { DeadWays, type Way } from '../../contract/proxies.ts'
import type { Clock, Timers } from '../../contract/system.ts'
import { secured } from './certificates.ts'
import { PacFile } from './pac.ts'
import { openTunnel, ProxyError, type ProxyAccess, type ProxySetting, WayError } from './proxy.ts'

export interface WayOutOptions extends ProxyAccess {
  proxy: ProxySetting
  /** PEM certificates by which the service is known, in the place of the well-known ones. */
  ca?: string | undefined
  clock: Clock
  /** Is told what happens to a PAC file. */
  note?: (text: string) => void
}

/**
 * How the agents of a process get out of their network (ENR-2). Each connection asks anew for its ways, and takes the first that works:
 * what is dead is passed by for a while.
 */
export class WayOut {
  readonly clock: Clock
  readonly #options: WayOutOptions
  readonly #pac: PacFile | undefined
  readonly #dead: DeadWays
  readonly #agents = new Map<string, HttpAgent>()

  constructor(options: WayOutOptions) {
    const { proxy, ca, note, clock } = options
    this.clock = clock
    this.#options = options
    this.#dead = new DeadWays(() => clock.steady())
    this.#pac = proxy.kind === 'pac' ? new PacFile({ url: proxy.url, ca, clock, note }) : undefined
  }

  /** The agent of node:http or node:https that leads to an address by this way; for requests it keeps connections for reuse. */
  agentTo({ protocol }: URL): HttpAgent {
    const kept = this.#agents.get(protocol)
    if (kept) return kept
    const keepAlive = protocol.startsWith('http')
    const made = ['https:', 'wss:'].includes(protocol)
      ? new SecureAgent(this, keepAlive, this.#options.ca)
      : new TunnelAgent(this, keepAlive)
    this.#agents.set(protocol, made)
    return made
  }

  /** Closes what is kept for reuse. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
  }

  /**
   * A connection to `host:port` by the first way that works. `strictly`: a PAC file that cannot be had or used is a failure, and not
   * passed by. @throws WayError that says of each way why not
   */
  async open(protocol: 'http:' | 'https:', host: string, port: number, strictly = false): Promise<Socket> {
    const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
    const named = await this.#waysTo(new URL(`${protocol}//${target}/`), strictly)
    const ways = this.#dead.order(named, target)
    const failed: WayError[] = []
    for (const [index, way] of ways.entries()) {
      const ms = index < ways.length - 1 ? limits.proxyWayMs : limits.agentRequestMs
      try {
        const socket = await (way === 'direct'
          ? directly(host, port, ms, this.clock)
          : openTunnel(way, host, port, { ...this.#options, timers: this.clock }, ms))
        this.#dead.works(way, target)
        return socket
      } catch (error) {
        if (!(error instanceof WayError)) throw error
        failed.push(error)
        if (!(error instanceof ProxyError) || error.dead) this.#dead.died(way, target)
      }
    }
    this.#pac?.forget()
    const [first] = failed
    if (first && failed.length === 1) throw first
    throw new WayError(failed.map(({ message }) => message).join('; '), {
      lasting: failed.every(({ lasting }) => lasting),
      remedy: failed.find(({ remedy }) => remedy !== undefined)?.remedy,
      cause: first,
    })
  }

  async #waysTo(url: URL, strictly: boolean): Promise<Way[]> {
    const { proxy } = this.#options
    if (this.#pac) return strictly ? this.#pac.strictly(url) : this.#pac.waysTo(url)
    return proxy.kind === 'proxy' ? [proxy] : ['direct']
  }
}

function directly(host: string, port: number, ms: number, timers: Timers): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const fail = (error: Error): void => {
      socket.destroy()
      reject(new WayError(error.message, { cause: error }))
    }
    const undo = timers.after(ms, () => fail(new Error(`connect to ${host}:${port}: no answer within ${ms / 1_000} s`)))
    socket.once('close', undo)
    socket.once('error', fail)
    socket.once('connect', () => {
      undo()
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

type Connected = (error: Error | null, stream?: Duplex) => void
type Target = AgentOptions & { host?: string | undefined; port?: string | number | undefined }

class TunnelAgent extends PlainAgent {
  readonly #way: WayOut

  constructor(way: WayOut, keepAlive: boolean) {
    super({ keepAlive })
    this.#way = way
  }

  override createConnection({ host = '', port }: Target, connected: Connected): undefined {
    handOver(this.#way.open('http:', host, Number(port)), connected)
  }
}

class SecureAgent extends HttpsAgent {
  readonly #way: WayOut
  readonly #ca: string | undefined

  constructor(way: WayOut, keepAlive: boolean, ca: string | undefined) {
    super({ keepAlive })
    this.#way = way
    this.#ca = ca
  }

  override createConnection({ host = '', port }: Target, connected: Connected): undefined {
    const opened = this.#way.open('https:', host, Number(port))
    handOver(
      opened.then((socket) => secured(socket, host, this.#ca, this.#way.clock)),
      connected,
    )
  }
}

function handOver(made: Promise<Duplex>, connected: Connected): void {
  made.then(
    (socket) => {
      connected(null, socket)
    },
    (error: unknown) => {
      connected(error instanceof Error ? error : new Error(String(error)))
    },
  )
}
