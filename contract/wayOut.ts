import { hostAndPort } from './proxies.ts'

/** How others are reached where the network has an authority or a proxy of its own: the same options for service and console. */

/** What is asked of others goes this way. */
export interface Outgoing {
  /** A file of PEM certificates that are trusted beside the well-known ones. */
  readonly ca?: string | undefined
  /** `host:port` of a proxy that takes CONNECT; this machine itself is reached without it. */
  readonly proxy?: string | undefined
  /** A file whose first line is `user:password` for the proxy (Basic). */
  readonly proxyCredentials?: string | undefined
}

/** An option cannot be used; the message names it. */
export class OutgoingProblem extends Error {}

/** What is reached without the proxy. */
export const noProxy = 'localhost,127.0.0.1,[::1],::1'

/** The certificates of a text, each as PEM. @throws OutgoingProblem where there is none */
export function certificatesIn(text: string, file: string): string[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (found.length === 0) throw new OutgoingProblem(`--ca: ${file} holds no certificate in PEM.`)
  return found
}

/**
 * `user:password`: the first line of a text. `isPrivate`: whether its file is kept from others (`contract/proxies.ts`).
 * @throws OutgoingProblem
 */
export function credentialsIn(text: string, file: string, isPrivate: boolean): string {
  if (!isPrivate)
    throw new OutgoingProblem(
      `--proxy-credentials: ${file} must belong to this account (chmod 600), or to root with a group that this account is in (chmod 640).`,
    )
  const [line = ''] = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (line.indexOf(':') < 1) throw new OutgoingProblem(`--proxy-credentials: the first line of ${file} is not user:password.`)
  return line
}

/** The address of a proxy named as `host:port`, with `user:password` where it asks for them. @throws OutgoingProblem */
export function proxyAddress(proxy: string, credentials?: string): string {
  const bare = proxy.replace(/^http:\/\//i, '').replace(/\/$/, '')
  const [user = '', password = ''] = credentials?.split(/:(.*)/su).map(encodeURIComponent) ?? []
  const address = `http://${user === '' ? '' : `${user}:${password}@`}${bare}`
  if (hostAndPort(bare) && URL.canParse(address)) return address
  throw new OutgoingProblem(`--proxy takes HOST:PORT, not "${proxy}".`)
}

/** What TLS says of certificates whose time has not come or is over: more often than not it is the clock of this machine. */
export const ofTime: ReadonlySet<unknown> = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'])
const ofTrust = /CERT|UNABLE_TO_VERIFY/u

/**
 * That somebody cannot be reached, whom, and why as far as it is known: a person has to see whether it is the network, a proxy, a
 * certificate or the clock. One sentence or two.
 */
export function whyUnreached(url: string | URL, error: unknown): string {
  const { host } = new URL(url)
  const refused = proxyIn(error)
  if (refused !== undefined) return `${host}: the proxy on the way refuses: ${refused}.`
  const code = codeIn(error)
  if (ofTime.has(code)) return `${host}: the time of its certificate has not come or is over (${code}). Look at the clock of this machine.`
  if (ofTrust.test(code ?? '')) return `${host}: its certificate is not trusted here (${code}). Name its authority with --ca.`
  return `${host} cannot be reached${code === undefined ? '' : ` (${code})`}.`
}

/** What the process's own proxy (`--proxy`) answered in the place of a tunnel, as Node says it: only in words. */
function proxyIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const status = /Proxy response \((\d{3})\)/u.exec(error.message)?.[1]
  if (status === '407') return '407, it asks who comes: --proxy-credentials'
  return status ?? proxyIn(error.cause)
}

/** The system's code of what went wrong, wherever in the causes it is. */
function codeIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return 'code' in error && typeof error.code === 'string' ? error.code : codeIn(error.cause)
}
