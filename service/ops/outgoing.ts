import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { ConfigProblem } from '../problems.ts'

/** What the service asks of others, an issuer and a directory, goes this way. */
export interface Outgoing {
  /** A file of PEM certificates that are trusted beside the well-known ones. */
  readonly ca?: string | undefined
  /** `host:port` of a proxy that takes CONNECT; this machine itself is reached without it. */
  readonly proxy?: string | undefined
  /** A file whose first line is `user:password` for the proxy (Basic). */
  readonly proxyCredentials?: string | undefined
}

/** Takes this way from now on, in the whole process. @throws ConfigProblem that names the option */
export function takeWayOut({ ca, proxy, proxyCredentials }: Outgoing): void {
  if (ca !== undefined) setDefaultCACertificates([...getCACertificates('default'), ...certificatesIn(ca)])
  if (proxy === undefined) return
  const address = proxyAddress(proxy, proxyCredentials === undefined ? '' : `${credentialsIn(proxyCredentials)}@`)
  http.setGlobalProxyFromEnv({ http_proxy: address, https_proxy: address, no_proxy: 'localhost,127.0.0.1,[::1],::1' })
}

function certificatesIn(file: string): string[] {
  const found = textOf('ca', file).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    for (const certificate of found) new X509Certificate(certificate)
  } catch {
    throw new ConfigProblem(`--ca: ${file} holds something that is no certificate.`)
  }
  if (found.length === 0) throw new ConfigProblem(`--ca: ${file} holds no certificate in PEM.`)
  return found
}

function proxyAddress(proxy: string, credentials: string): string {
  const bare = proxy.replace(/^http:\/\//i, '').replace(/\/$/, '')
  const address = `http://${credentials}${bare}`
  if (!/^(\[[\da-f:.]+\]|[^\s:/@[\]]+):\d{1,5}$/i.test(bare) || !URL.canParse(address))
    throw new ConfigProblem(`--proxy takes HOST:PORT, not "${proxy}".`)
  return address
}

function credentialsIn(file: string): string {
  const [line = ''] = textOf('proxy-credentials', file).split(/\r?\n/)
  const at = line.indexOf(':')
  if (at < 1) throw new ConfigProblem(`--proxy-credentials: the first line of ${file} is not user:password.`)
  return `${encodeURIComponent(line.slice(0, at))}:${encodeURIComponent(line.slice(at + 1))}`
}

function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch {
    throw new ConfigProblem(`--${option}: ${file} cannot be read.`)
  }
}
