import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const file = (name: string) => join(import.meta.dirname, 'tls', name)

/** A certificate for localhost and 127.0.0.1 that nobody but tests trusts, with its key. */
export const testCertificate = {
  certFile: file('cert.pem'),
  cert: readFileSync(file('cert.pem'), 'utf8'),
  key: readFileSync(file('key.pem'), 'utf8'),
}
