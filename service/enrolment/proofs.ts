import { createHash, createPublicKey, verify } from 'node:crypto'
import { DevicePublicKey } from '../../contract/agent.ts'

/**
 * Whether `signature` (base64url, 64 bytes, IEEE P1363) over the text was made by the private half of an ECDSA P-256
 * key, with SHA-256 (ENR-3). False for a key that is no point of the curve.
 */
export function isSignedBy(key: DevicePublicKey, text: string, signature: string): boolean {
  try {
    const { kty, crv, x, y } = key
    const publicKey = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' })
    return verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}

/** The key's thumbprint (RFC 7638, SHA-256, base64url): the same for every way to write the key down. */
export function thumbprintOf({ crv, kty, x, y }: DevicePublicKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

/** A public key as the device table keeps it. */
export const storedKey = (json: string): DevicePublicKey => DevicePublicKey.parse(JSON.parse(json))
