import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import http from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { isPrivate } from '../../contract/proxies.ts'
import type { Undo } from '../../contract/system.ts'
import { certificatesIn, credentialsIn, noProxy, type Outgoing, OutgoingProblem, proxyAddress } from '../../contract/wayOut.ts'

/**
 * What the console asks of its service, an issuer and a relay goes this way from now on, in the whole process. `also`: what the
 * machine's own store trusts is trusted. Answers its undo. @throws OutgoingProblem that names the option
 */
export function takeWayOut({ ca, proxy, proxyCredentials }: Outgoing, also?: 'system'): Undo {
  const trusted = getCACertificates('default')
  const more = [...(also === undefined ? [] : getCACertificates(also)), ...(ca === undefined ? [] : readCertificates(ca))]
  if (more.length > 0) setDefaultCACertificates([...new Set([...trusted, ...more])])
  const distrust = (): void => {
    if (more.length > 0) setDefaultCACertificates(trusted)
  }
  if (proxy === undefined) return distrust
  const address = proxyAddress(proxy, readCredentials(proxyCredentials))
  const leave = http.setGlobalProxyFromEnv({ http_proxy: address, https_proxy: address, no_proxy: noProxy })
  return () => {
    leave()
    distrust()
  }
}

/** `user:password` of the file, where one is named. @throws OutgoingProblem */
export const readCredentials = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : credentialsIn(read('proxy-credentials', file), file, isPrivate(statSync(file), process.getuid?.()))

function readCertificates(file: string): string[] {
  const found = certificatesIn(read('ca', file), file)
  try {
    for (const certificate of found) new X509Certificate(certificate)
  } catch {
    throw new OutgoingProblem(`--ca: ${file} holds something that is no certificate.`)
  }
  return found
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new OutgoingProblem(`--${option}: ${file} cannot be read.`)
  }
}
