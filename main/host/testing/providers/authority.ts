import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** For tests: what TLS of a server on this machine needs, as files: a private authority, and a certificate of it for localhost. */
export interface Authority {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

function openssl(folder: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`)
}

const anew = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']

/** Makes both in the folder. */
export function makeAuthority(folder: string): Authority {
  const ca = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign']
  openssl(folder, [...anew, '-subj', '/CN=A private authority', ...ca, '-keyout', 'ca-key.pem', '-out', 'ca.pem'])
  const server = ['-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=critical,CA:FALSE']
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-subj', '/CN=localhost', ...server]
  openssl(folder, [...anew, ...signed, '-keyout', 'key.pem', '-out', 'cert.pem'])
  return { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
}
