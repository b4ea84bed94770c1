import http from 'node:http'
import https from 'node:https'
import { isIP, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { Duplex } from 'node:stream'
import { Agent as FetchAgent, buildConnector, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { limits } from '../../../contract/limits.ts'
import type { Undo } from '../../platform.ts'
import { isLoopback } from '../../session/discovery.ts'

/** What the system says of the way to an address, as a PAC file would: `PROXY proxy.example:3128; DIRECT`. */
export type ResolveProxy = (url: string) => Promise<string>

interface Proxy {
  readonly host: string
  readonly port: number
}

/** Why no way leads to an address; `code` says which proxy answered what. */
class ProxyProblem extends Error {
  readonly code: string
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ProxyProblem'
    this.code = message
  }
}

/**
 * Lets everything of this process, `fetch` and WebSockets alike, go where the system's proxy settings say: each connection asks anew,
 * since a laptop changes networks. Of the ways that are named the first that works is taken; SOCKS and HTTPS proxies are passed over.
 * `credentials`: `user:password` for proxies that ask. Answers its undo.
 */
export function followSystemProxy(resolve: ResolveProxy, credentials?: string): Undo {
  const before = { dispatcher: getGlobalDispatcher(), http: http.globalAgent, https: https.globalAgent }
  const ways = new Ways(resolve, credentials)
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

class Ways {
  readonly #resolve: ResolveProxy
  readonly #authorization: Readonly<Record<string, string>>

  constructor(resolve: ResolveProxy, credentials: string | undefined) {
    this.#resolve = resolve
    this.#authorization = credentials === undefined ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
  }

  /** A tunnel to `host:port`; undefined: there is none to be taken. @throws ProxyProblem where no proxy lets through */
  async open(protocol: string, host: string, port: number): Promise<Socket | undefined> {
    // Whatever a PAC file says: this machine is reached without others, as browsers do.
    if (isLoopback(new URL(`${protocol}//${isIP(host) === 6 ? `[${host}]` : host}`))) return undefined
    const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
    const named = waysIn(await this.#resolve(`${protocol}//${target}/`))
    let problem: unknown
    for (const way of named) {
      if (way === 'direct') return undefined
      try {
        return await this.#tunnel(way, target)
      } catch (error) {
        problem = error
      }
    }
    throw problem instanceof Error ? problem : new ProxyProblem('no way that can be taken')
  }

  #tunnel({ host, port }: Proxy, target: string): Promise<Socket> {
    const name = `proxy ${host}:${port}`
    return new Promise((resolve, reject) => {
      const asked = http.request({
        host,
        port,
        method: 'CONNECT',
        path: target,
        headers: { host: target, ...this.#authorization },
        agent: toProxies,
        timeout: limits.consoleRequestMs,
      })
      asked.on('connect', ({ statusCode }, socket, head) => {
        if (statusCode === 200 && head.length === 0) {
          socket.setTimeout(0)
          resolve(socket)
          return
        }
        socket.destroy()
        reject(new ProxyProblem(`${name} answers ${statusCode}`))
      })
      asked.on('response', (answer) => {
        answer.resume()
        asked.destroy(new Error(`it answers ${answer.statusCode}`))
      })
      asked.on('timeout', () => asked.destroy(new Error('it does not answer')))
      asked.on('error', (error) => reject(new ProxyProblem(`${name}: ${error.message}`, error)))
      asked.end()
    })
  }
}

/** Nothing that is said means directly, as browsers take it. */
function waysIn(answer: string): (Proxy | 'direct')[] {
  const said = answer.split(';').map((way) => way.trim()).filter(Boolean)
  if (said.length === 0) return ['direct']
  return said.flatMap((way): (Proxy | 'direct')[] => {
    const [kind = '', address = ''] = way.split(/\s+/u)
    if (kind.toUpperCase() === 'DIRECT') return ['direct']
    const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/iu.exec(address) ?? []
    const host = bracketed ?? plain
    return ['PROXY', 'HTTP'].includes(kind.toUpperCase()) && host !== undefined ? [{ host, port: Number(port) }] : []
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
    connectBy(open, (made) => super.createConnection(options, made), (socket) => socket, done)
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
