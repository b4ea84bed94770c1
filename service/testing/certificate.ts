import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** For tests: a certificate for 127.0.0.1 that nobody trusts, with its key, both as files in the folder. */
export function makeCertificate(folder: string): { cert: string; key: string } {
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  const { status, stderr } = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`)
  return { cert, key }
}

/** Why there can be no certificate here, if so. */
export const withoutOpenssl = spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed'
