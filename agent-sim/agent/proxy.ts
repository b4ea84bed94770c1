import { Agent as PlainAgent, request as httpRequest, type Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { Duplex } from 'node:stream'
import { limits } from '../../contract/limits.ts'
import { request } from './http.ts'
import { ExplainedError } from '../explained.ts'

/** The way out of a device's network: no proxy, one proxy, or a PAC file that names one per address (ENR-2). */
export type ProxySetting =
  | { kind: 'none' }
  | { kind: 'proxy'; host: string; port: number }
  | { kind: 'pac'; url: string }

/** A proxy to be used for one address. */
export interface Proxy {
  host: string
  port: number
}

/** Why there is no way through a proxy, in words for the person at the device. */
export class ProxyError extends ExplainedError {
  override readonly name = 'ProxyError'
}

/**
 * `host:port` of a proxy that takes CONNECT, or the http(s) address of a PAC file.
 * @throws ProxyError where it is neither.
 */
export function parseProxy(text: string | undefined): ProxySetting {
  if (text === undefined || text === '') return { kind: 'none' }
  if (/^https?:\/\/\S+$/iu.test(text)) return { kind: 'pac', url: text }
  const proxy = hostAndPort(text)
  if (!proxy) throw new ProxyError(`"${text}" is neither host:port nor the http:// or https:// address of a PAC file.`)
  return { kind: 'proxy', ...proxy }
}

/**
 * The proxies to try in turn for an address; `undefined` among them means directly.
 * A PAC file is JavaScript from the network, so it runs in a WebAssembly sandbox and sees only the functions that PAC
 * defines. Of its answers DIRECT, PROXY and HTTP are used; SOCKS and HTTPS proxies are passed over.
 * @throws ProxyError if the PAC file cannot be had, fails, or names no way that can be used.
 */
export async function proxiesFor(setting: ProxySetting, url: URL): Promise<(Proxy | undefined)[]> {
  if (setting.kind === 'none') return [undefined]
  if (setting.kind === 'proxy') return [setting]
  const answer = await askPac(setting.url, url)
  const ways = answer.split(';').flatMap((way): (Proxy | undefined)[] => {
    const [kind = '', address = ''] = way.trim().split(/\s+/u)
    if (kind.toUpperCase() === 'DIRECT') return [undefined]
    if (!['PROXY', 'HTTP'].includes(kind.toUpperCase())) return []
    const proxy = hostAndPort(address)
    return proxy ? [proxy] : []
  })
  if (ways.length === 0) throw new ProxyError(`The PAC file ${setting.url} answers "${answer}", and only DIRECT and PROXY host:port can be used.`)
  return ways
}

async function askPac(pacUrl: string, url: URL): Promise<string> {
  try {
    const file = await request(new URL(pacUrl), { method: 'GET' })
    if (file.status !== 200) throw new ProxyError(`it answers with status ${file.status}`)
    // Loaded where a PAC file is used at all: the sandbox is large.
    const [{ QuickJS }, { createPacResolver }] = await Promise.all([import('quickjs-wasi'), import('pac-resolver')])
    const started = process.cpuUsage()
    const runtime = await QuickJS.create({
      memoryLimit: limits.pacBytes,
      // Of the processor: on a machine that is busy with other things, it takes longer and is no worse.
      interruptHandler: () => {
        const { user, system } = process.cpuUsage(started)
        return (user + system) / 1_000 > limits.pacMs
      },
    })
    try {
      return await createPacResolver(runtime, file.text)(url)
    } finally {
      runtime.dispose()
    }
  } catch (error) {
    throw new ProxyError(`The PAC file ${pacUrl} cannot be used: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** Opens a tunnel to `host:port` through a proxy (CONNECT). @throws ProxyError if the proxy refuses or is silent. */
export function openTunnel(proxy: Proxy, host: string, port: number): Promise<Socket> {
  const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const name = `${proxy.host}:${proxy.port}`
  return new Promise((resolve, reject) => {
    const asked = httpRequest({
      host: proxy.host,
      port: proxy.port,
      method: 'CONNECT',
      path: target,
      headers: { host: target },
      agent: false,
      timeout: limits.agentRequestMs,
    })
    asked.on('connect', (answer, socket, head) => {
      if (answer.statusCode === 200 && head.length === 0) {
        socket.setTimeout(0)
        resolve(socket)
        return
      }
      socket.destroy()
      reject(new ProxyError(`The proxy ${name} refuses ${target}: ${answer.statusCode} ${answer.statusMessage ?? ''}`.trim()))
    })
    asked.on('response', (answer) => {
      answer.resume()
      asked.destroy(new Error(`it answers ${answer.statusCode} and is no proxy for this`))
    })
    asked.on('timeout', () => {
      asked.destroy(new Error('it does not answer'))
    })
    asked.on('error', (error) => {
      reject(new ProxyError(`The proxy ${name} cannot be used: ${error.message}`, { cause: error }))
    })
    asked.end()
  })
}

/** How a device reaches its service: through which proxy, trusting which certificates beside the system's. */
export interface Route {
  proxy?: Proxy | undefined
  /** PEM certificates that are trusted in the place of the well-known ones. */
  ca?: string | undefined
}

/** An agent of node:http or node:https that takes the route. One per process: it keeps connections for reuse. */
export function agentFor(url: URL, route: Route): HttpAgent {
  const secure = url.protocol === 'https:' || url.protocol === 'wss:'
  if (route.proxy) return secure ? new SecureTunnelAgent(route.proxy, route.ca) : new TunnelAgent(route.proxy)
  return secure
    ? new HttpsAgent({ keepAlive: true, ...(route.ca === undefined ? {} : { ca: route.ca }) })
    : new PlainAgent({ keepAlive: true })
}

type Connected = (error: Error | null, stream?: Duplex) => void
type Target = AgentOptions & { host?: string | undefined; port?: string | number | undefined }

class TunnelAgent extends PlainAgent {
  readonly #proxy: Proxy

  constructor(proxy: Proxy) {
    super({ keepAlive: true })
    this.#proxy = proxy
  }

  override createConnection(options: Target, connected: Connected): undefined {
    tunnelled(this.#proxy, options, connected, (socket) => socket)
  }
}

class SecureTunnelAgent extends HttpsAgent {
  readonly #proxy: Proxy
  readonly #ca: string | undefined

  constructor(proxy: Proxy, ca: string | undefined) {
    super({ keepAlive: true })
    this.#proxy = proxy
    this.#ca = ca
  }

  override createConnection(options: Target, connected: Connected): undefined {
    tunnelled(this.#proxy, options, connected, (socket) =>
      tlsConnect({
        socket,
        ...(this.#ca === undefined ? {} : { ca: this.#ca }),
        ...(isIP(options.host ?? '') ? { host: options.host } : { servername: options.host }),
      }),
    )
  }
}

function tunnelled(proxy: Proxy, options: Target, connected: Connected, wrap: (socket: Socket) => Duplex): void {
  openTunnel(proxy, options.host ?? '', Number(options.port)).then(
    (socket) => {
      connected(null, wrap(socket))
    },
    (error: unknown) => {
      connected(error instanceof Error ? error : new Error(String(error)))
    },
  )
}

function hostAndPort(text: string): Proxy | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/iu.exec(text) ?? []
  const host = bracketed ?? plain
  return host !== undefined && Number(port) >= 1 && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined
}
