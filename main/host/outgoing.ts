import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Undo } from '../platform.ts'

/** What the console asks of its service, an issuer and a relay goes this way. */
export interface Outgoing {
  /** A file of PEM certificates that are trusted beside the well-known ones. */
  readonly ca?: string | undefined
  /** `host:port` of a proxy that takes CONNECT; this machine itself is reached without it. */
  readonly proxy?: string | undefined
  /** A file whose first line is `user:password` for the proxy (Basic). */
  readonly proxyCredentials?: string | undefined
}

/**
 * Takes this way from now on, in the whole process. `also`: what the machine's own store trusts is trusted. Answers its undo. @throws
 * Error that names the option
 */
export function takeWayOut({ ca, proxy, proxyCredentials }: Outgoing, also?: 'system'): Undo {
  const trusted = getCACertificates('default')
  const more = [...(also === undefined ? [] : getCACertificates(also)), ...(ca === undefined ? [] : certificatesIn(ca))]
  if (more.length > 0) setDefaultCACertificates([...new Set([...trusted, ...more])])
  const distrust = (): void => {
    if (more.length > 0) setDefaultCACertificates(trusted)
  }
  if (proxy === undefined) return distrust
  const [user, password = ''] = proxyCredentials === undefined ? [] : credentialsIn(proxyCredentials).split(/:(.*)/su)
  const address = proxyAddress(proxy, user === undefined ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`)
  const leave = http.setGlobalProxyFromEnv({ http_proxy: address, https_proxy: address, no_proxy: 'localhost,127.0.0.1,[::1],::1' })
  return () => {
    leave()
    distrust()
  }
}

function certificatesIn(file: string): string[] {
  const found = textOf('ca', file).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    for (const certificate of found) new X509Certificate(certificate)
  } catch {
    throw new Error(`--ca: ${file} holds something that is no certificate.`)
  }
  if (found.length === 0) throw new Error(`--ca: ${file} holds no certificate in PEM.`)
  return found
}

function proxyAddress(proxy: string, credentials: string): string {
  const bare = proxy.replace(/^http:\/\//i, '').replace(/\/$/, '')
  const address = `http://${credentials}${bare}`
  if (!/^(\[[\da-f:.]+\]|[^\s:/@[\]]+):\d{1,5}$/i.test(bare) || !URL.canParse(address))
    throw new Error(`--proxy takes HOST:PORT, not "${proxy}".`)
  return address
}

/** The first line of a file: `user:password`. @throws Error */
export function credentialsIn(file: string): string {
  const [line = ''] = textOf('proxy-credentials', file).split(/\r?\n/)
  if (line.indexOf(':') < 1) throw new Error(`--proxy-credentials: the first line of ${file} is not user:password.`)
  return line
}

function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch {
    throw new Error(`--${option}: ${file} cannot be read.`)
  }
}
