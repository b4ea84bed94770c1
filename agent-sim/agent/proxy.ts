import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { getCACertificates } from 'node:tls'
import { limits } from '../../contract/limits.ts'
import { hostAndPort, proxyName, type Proxy, wantedBy } from '../../contract/proxies.ts'
import type { Timers } from '../../contract/system.ts'
import { ExplainedError } from '../explained.ts'

/** The way out of a device's network: no proxy, one proxy, or a PAC file that names them per address (ENR-2). */
export type ProxySetting = { kind: 'none' } | ({ kind: 'proxy' } & Proxy) | { kind: 'pac'; url: string }

/** Why there is no way to an address, in words for the person at the device. */
export class WayError extends ExplainedError {
  override readonly name: string = 'WayError'
  /** Trying again does not help: somebody has to change an option. */
  readonly lasting: boolean
  override readonly remedy: string | undefined

  constructor(
    message: string,
    { lasting = false, remedy, cause }: { lasting?: boolean; remedy?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.lasting = lasting
    this.remedy = remedy
  }
}

/** Why there is no way through a proxy. */
export class ProxyError extends WayError {
  override readonly name = 'ProxyError'
  /** Nothing answered there: it may be gone, and others are tried before it for a while. */
  readonly dead: boolean

  constructor(message: string, why: { dead?: boolean; lasting?: boolean; remedy?: string; cause?: unknown } = {}) {
    super(message, why)
    this.dead = why.dead ?? false
  }
}

/**
 * What `--proxy` and `--pac` name. `--pac` is the http(s) address of a PAC file, whatever it looks like. `--proxy` is `host:port`, or
 * `http(s)://host:port`, a proxy that takes CONNECT; with a path behind it, the address of a PAC file.
 * @throws ProxyError where it is neither, or both are given.
 */
export function parseProxy(proxy: string | undefined, pac?: string): ProxySetting {
  if (pac !== undefined && pac !== '') {
    if (proxy !== undefined && proxy !== '') throw new ProxyError('--proxy and --pac are both given, and one of them says the way.')
    return { kind: 'pac', url: pacAddress('--pac', pac) }
  }
  if (proxy === undefined || proxy === '') return { kind: 'none' }
  const [, scheme, rest = ''] = /^(?:(https?):\/\/)?(.*)$/iu.exec(proxy) ?? []
  const [, bare = '', path = ''] = /^([^/?#]*)(.*)$/su.exec(rest) ?? []
  if (scheme !== undefined && !['', '/'].includes(path)) return { kind: 'pac', url: pacAddress('--proxy', proxy) }
  const named = ['', '/'].includes(path) && (scheme !== undefined || path === '') ? hostAndPort(bare) : undefined
  if (named) return { kind: 'proxy', protocol: scheme?.toLowerCase() === 'https' ? 'https' : 'http', ...named }
  const said = bare.includes('@') ? 'it names a user, which is for --proxy-credentials' : `it is "${proxy}"`
  throw new ProxyError(
    `--proxy is neither host:port nor the http:// or https:// address of a PAC file with its path (any is for --pac): ${said}.`,
  )
}

function pacAddress(option: string, text: string): string {
  const url = /^https?:\/\/\S+$/iu.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.username || url.password)
    throw new ProxyError(`${option} is no http:// or https:// address of a PAC file without a user in it.`)
  return url.href
}

/** What a proxy is shown and by what it is known. */
export interface ProxyAccess {
  /** `user:password` for it (Basic), read anew for each tunnel. @throws OutgoingProblem */
  readonly credentials?: (() => string) | undefined
  /** PEM certificates that a proxy which is spoken to by https, or the server of a PAC file, may have beside the well-known ones. */
  readonly ca?: string | undefined
}

/** The certificates by which proxies and servers of PAC files are known; undefined: the well-known ones. */
export const proxyAuthorities = (ca: string | undefined): string[] | undefined =>
  ca === undefined ? undefined : [...getCACertificates('default'), ca]

/**
 * Opens a tunnel to `host:port` through a proxy (CONNECT), within `ms`.
 * @throws ProxyError if the proxy refuses, asks for a password that it is not shown, or is silent.
 */
export function openTunnel(
  proxy: Proxy,
  host: string,
  port: number,
  access: ProxyAccess & { readonly timers: Timers },
  ms: number = limits.agentRequestMs,
): Promise<Socket> {
  const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const name = proxyName(proxy)
  return new Promise((resolve, reject) => {
    const shown = access.credentials?.()
    const basic = shown === undefined ? {} : { 'proxy-authorization': `Basic ${Buffer.from(shown).toString('base64')}` }
    const ask = {
      host: proxy.host,
      port: proxy.port,
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...basic },
      agent: false,
    } as const
    const ca = proxyAuthorities(access.ca)
    const asked =
      proxy.protocol === 'https'
        ? httpsRequest({ ...ask, ...(ca === undefined ? {} : { ca }), ...(isIP(proxy.host) ? {} : { servername: proxy.host }) })
        : httpRequest(ask)
    // From the beginning to the answer: one that drips is as good as silent.
    const undo = access.timers.after(ms, () => asked.destroy(new Error(`no answer within ${ms / 1_000} s`)))
    asked.on('close', undo)
    asked.on('connect', (answer, socket, head) => {
      undo()
      if (isSuccess(answer) && head.length === 0) {
        resolve(socket)
        return
      }
      socket.destroy()
      reject(refusedBy(name, target, answer, shown !== undefined))
    })
    asked.on('response', (answer) => {
      answer.resume()
      asked.destroy()
      reject(refusedBy(name, target, answer, shown !== undefined))
    })
    asked.on('error', (error) => {
      reject(new ProxyError(`The proxy ${name} cannot be used: ${error.message}`, { dead: true, cause: error }))
    })
    asked.end()
  })
}

const isSuccess = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300

function refusedBy(name: string, target: string, answer: IncomingMessage, shown: boolean): ProxyError {
  if (answer.statusCode === 407) {
    const { words, remedy } = wantedBy(answer.headers['proxy-authenticate'], shown)
    return new ProxyError(`The proxy ${name} ${words}`, { lasting: true, remedy })
  }
  return new ProxyError(`The proxy ${name} refuses ${target}: ${answer.statusCode} ${answer.statusMessage ?? ''}`.trim())
}
