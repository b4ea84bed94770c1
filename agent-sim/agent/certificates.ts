import { isIP, type Socket } from 'node:net'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'
import { ofTime } from '../../contract/wayOut.ts'
import { WayError } from './proxy.ts'

/** What shows that nobody here knows the authority. No wait changes that; a clock, or a portal that wants a password, may. */
const unknownAuthority = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** The certificate that was shown cannot be trusted. */
class CertificateError extends WayError {
  override readonly name = 'CertificateError'
}

/**
 * TLS over a connection, once its certificate is trusted and of `host`; nothing is sent before. `ca`: PEM certificates that are trusted
 * in the place of the well-known ones. `clock`: this machine's, which is shown where it may be wrong.
 * @throws CertificateError that names the certificate; WayError
 */
export function secured(socket: Socket, host: string, ca: string | undefined, clock: Pick<Clock, 'now'>): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // It is judged below, where it can still be named; a socket that was not authorized is given to nobody.
    const named = isIP(host) ? { host } : { servername: host }
    const tls = tlsConnect({ socket, rejectUnauthorized: false, ...(ca === undefined ? {} : { ca }), ...named })
    const fail = (error: Error): void => {
      tls.destroy()
      socket.destroy()
      reject(error instanceof WayError ? error : new WayError(`TLS with ${host} fails: ${error.message}`, { cause: error }))
    }
    const closed = (): void => fail(new Error('the other end closed the connection'))
    tls.setTimeout(limits.agentRequestMs, () => fail(new Error(`no answer within ${limits.agentRequestMs / 1_000} s`)))
    tls.once('error', fail)
    tls.once('close', closed)
    tls.once('secureConnect', () => {
      if (!tls.authorized) {
        fail(untrusted(tls, host, clock.now()))
        return
      }
      tls.setTimeout(0)
      tls.removeAllListeners('timeout')
      tls.off('close', closed)
      tls.off('error', fail)
      // Whatever becomes of it later is its next user's business, and no reason to end the process.
      tls.on('error', () => undefined)
      resolve(tls)
    })
  })
}

function untrusted(tls: TLSSocket, host: string, now: number): CertificateError {
  const shown = tls.getPeerX509Certificate()
  const code = String(tls.authorizationError)
  const line = (text: string | undefined): string =>
    text === undefined || text === '' ? 'nobody' : text.split('\n').join(', ').slice(0, 300)
  const certificate = shown
    ? `for ${line(shown.subject)}, issued by ${line(shown.issuer)}, valid from ${shown.validFrom} to ${shown.validTo}`
    : 'none'
  const message = `The certificate that ${host} shows is not trusted (${code}): ${certificate}`
  if (unknownAuthority.has(code))
    return new CertificateError(message, {
      lasting: true,
      remedy: 'Give its authority with --ca FILE (PEM), where it is that of your service or your proxy.',
    })
  const remedy = ofTime.has(code)
    ? `Look at the clock of this machine: it says ${new Date(now).toISOString()}.`
    : 'Something else than the service answers there.'
  return new CertificateError(message, { remedy })
}
