import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import http from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { isPrivate } from '../../../contract/proxies.ts'
import { certificatesIn, credentialsIn, noProxy, type Outgoing, OutgoingProblem, proxyAddress } from '../../../contract/wayOut.ts'
import { ConfigProblem } from '../problems.ts'

/**
 * What the service asks of others, an issuer and a directory, goes this way from now on, in the whole process.
 * @throws ConfigProblem that names the option
 */
export function takeWayOut({ ca, proxy, proxyCredentials }: Outgoing): void {
  try {
    if (ca !== undefined) setDefaultCACertificates([...getCACertificates('default'), ...readCertificates(ca)])
    if (proxy === undefined) return
    const address = proxyAddress(proxy, proxyCredentials === undefined ? undefined : readCredentials(proxyCredentials))
    http.setGlobalProxyFromEnv({ http_proxy: address, https_proxy: address, no_proxy: noProxy })
  } catch (error) {
    throw error instanceof OutgoingProblem ? new ConfigProblem(error.message) : error
  }
}

const readCredentials = (file: string): string =>
  credentialsIn(read('proxy-credentials', file), file, isPrivate(statSync(file), process.getuid?.()))

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
