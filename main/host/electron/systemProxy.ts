import http from 'node:http'
import https from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { Agent as FetchAgent, buildConnector, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { limits } from '../../../contract/limits.ts'
import { DeadWays, type Proxy, proxyName, wantedBy, waysIn } from '../../../contract/proxies.ts'
import type { Clock, Timers, Undo } from '../../../contract/system.ts'
import { isLoopback } from '../../session/discovery.ts'

/** What the system says of the way to an address, as a PAC file would: `PROXY proxy.example:3128; DIRECT`. */
export type ResolveProxy = (url: string) => Promise<string>

/** Why no way leads to an address; `code` says which proxy answered what. */
class ProxyProblem extends Error {
  readonly code: string
  /** Nothing answered there: others are tried before it for a while. */
  readonly dead: boolean
  constructor(message: string, { dead = false, cause }: { dead?: boolean; cause?: unknown } = {}) {
    super(message, { cause })
    this.name = 'ProxyProblem'
    this.code = message
    this.dead = dead
  }
}

/**
 * Lets everything of this process, `fetch` and WebSockets alike, go where the system's proxy settings say: each connection asks anew,
 * since a laptop changes networks. Of the ways that are named the first that works is taken, of those that were dead lately the last; SOCKS
 * proxies are passed over.
 * `credentials`: `user:password` for proxies that ask. Answers its undo.
 */
export function followSystemProxy(resolve: ResolveProxy, clock: Clock, credentials?: string): Undo {
  const before = { dispatcher: getGlobalDispatcher(), http: http.globalAgent, https: https.globalAgent }
  const ways = new Ways(resolve, clock, credentials)
  const direct = buildConnector({ timeout: limits.consoleRequestMs })
  const dispatcher = new FetchAgent({
    connect: (options, done) => {
      const { protocol, hostname } = options
      const port = Number(options.port || (protocol === 'https:' ? 443 : 80))
      ways.open(protocol, hostname.replace(/^\[|\]$/g, ''), port).then(
        (socket) => {
          if (socket === undefined) direct(options, done)
          else if (protocol === 'https:') direct({ ...options, httpSocket: socket }, done)
          else done(null, socket)
        },
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), null),
      )
    },
  })
  setGlobalDispatcher(dispatcher)
  http.globalAgent = new PlainAgent(ways)
  https.globalAgent = new SecureAgent(ways)
  return () => {
    setGlobalDispatcher(before.dispatcher)
    http.globalAgent = before.http
    https.globalAgent = before.https
    void dispatcher.destroy()
  }
}

/** The proxy itself is reached directly. `agent: false` would be another one of the global agent's kind. */
const toProxies = new http.Agent()
const toSecureProxies = new https.Agent()

class Ways {
  readonly #resolve: ResolveProxy
  readonly #timers: Timers
  readonly #dead: DeadWays
  readonly #authorization: Readonly<Record<string, string>>

  constructor(resolve: ResolveProxy, clock: Clock, credentials: string | undefined) {
    this.#resolve = resolve
    this.#timers = clock
    this.#dead = new DeadWays(() => clock.steady())
    this.#authorization = credentials === undefined ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
  }

  /** A connection to `host:port`; undefined: there is no proxy to go through. @throws ProxyProblem that says of each way why not */
  async open(protocol: string, host: string, port: number): Promise<Socket | undefined> {
    // Whatever a PAC file says: this machine is reached without others, as browsers do.
    if (isLoopback(new URL(`${protocol}//${isIP(host) === 6 ? `[${host}]` : host}`))) return undefined
    const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
    const ways = this.#dead.order(waysIn(await this.#resolve(`${protocol}//${target}/`)), target)
    const problems: string[] = []
    for (const [index, way] of ways.entries()) {
      const isLast = index === ways.length - 1
      if (way === 'direct' && isLast) return undefined
      const ms = isLast ? limits.consoleRequestMs : limits.proxyWayMs
      try {
        const socket = await (way === 'direct' ? directly(host, port, ms, this.#timers) : this.#tunnel(way, target, ms))
        this.#dead.works(way, target)
        return socket
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error))
        if (!(error instanceof ProxyProblem) || error.dead) this.#dead.died(way, target)
      }
    }
    throw new ProxyProblem(problems.length === 0 ? 'no way that can be taken' : problems.join('; '))
  }

  #tunnel(proxy: Proxy, target: string, ms: number): Promise<Socket> {
    const { protocol, host, port } = proxy
    const name = `proxy ${proxyName(proxy)}`
    const ask = { host, port, method: 'CONNECT', path: target, headers: { host: target, ...this.#authorization } }
    return new Promise((resolve, reject) => {
      const asked =
        protocol === 'https'
          ? https.request({ ...ask, agent: toSecureProxies, ...(isIP(host) ? {} : { servername: host }) })
          : http.request({ ...ask, agent: toProxies })
      // From the beginning to the answer: one that drips is as good as silent.
      const undo = this.#timers.after(ms, () => asked.destroy(new Error('it does not answer')))
      asked.on('close', undo)
      const refused = ({ statusCode, headers }: http.IncomingMessage): ProxyProblem => {
        if (statusCode !== 407) return new ProxyProblem(`${name} answers ${statusCode}`)
        const { words, remedy } = wantedBy(headers['proxy-authenticate'], 'proxy-authorization' in this.#authorization)
        return new ProxyProblem(`${name} ${words}. ${remedy}`)
      }
      asked.on('connect', (answer, socket, head) => {
        undo()
        const { statusCode = 0 } = answer
        if (statusCode >= 200 && statusCode < 300 && head.length === 0) {
          resolve(socket)
          return
        }
        socket.destroy()
        reject(refused(answer))
      })
      asked.on('response', (answer) => {
        answer.resume()
        asked.destroy()
        reject(refused(answer))
      })
      asked.on('error', (error) => reject(new ProxyProblem(`${name}: ${error.message}`, { dead: true, cause: error })))
      asked.end()
    })
  }
}

/** Without a proxy, where another way is left if that leads nowhere. */
function directly(host: string, port: number, ms: number, timers: Timers): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    const undo = timers.after(ms, () => fail(new Error(`${host}:${port} does not answer`)))
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
type Target = https.AgentOptions & { host?: string | undefined; port?: string | number | undefined }

/** Hands over what `open` finds, or what the agent makes by itself where there is no proxy. */
function connectBy(
  open: Promise<Socket | undefined>,
  direct: (done: Connected) => Duplex | null | undefined,
  wrap: (socket: Socket) => Duplex,
  done: Connected,
): void {
  open.then(
    (socket) => {
      const made = socket === undefined ? direct(done) : wrap(socket)
      if (made) done(null, made)
    },
    (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
  )
}

class PlainAgent extends http.Agent {
  readonly #ways: Ways
  constructor(ways: Ways) {
    super({ keepAlive: true })
    this.#ways = ways
  }
  override createConnection(options: Target, done: Connected): undefined {
    const open = this.#ways.open('http:', options.host ?? '', Number(options.port ?? 80))
    connectBy(
      open,
      (made) => super.createConnection(options, made),
      (socket) => socket,
      done,
    )
  }
}

class SecureAgent extends https.Agent {
  readonly #ways: Ways
  constructor(ways: Ways) {
    super({ keepAlive: true })
    this.#ways = ways
  }
  override createConnection(options: Target, done: Connected): undefined {
    const host = options.host ?? ''
    const open = this.#ways.open('https:', host, Number(options.port ?? 443))
    const wrap = (socket: Socket): Duplex => tlsConnect({ socket, ...(isIP(host) ? { host } : { servername: host }) })
    connectBy(open, (made) => super.createConnection(options, made), wrap, done)
  }
}
