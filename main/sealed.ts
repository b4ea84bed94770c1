import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '../contract/system.ts'

/**
 * Authenticated encryption of small files (ACC-1: tokens rest encrypted): AES-256-GCM with a fresh nonce each time.
 * The purpose is authenticated too, so that one sealed file cannot stand in for another.
 */
const magic = Buffer.from('RKS1', 'latin1')
const nonceBytes = 12
const tagBytes = 16

export function seal(key: Uint8Array, purpose: string, plain: Uint8Array, random: Random): Buffer {
  const nonce = random.bytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.concat([magic, Buffer.from(purpose, 'utf8')]))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([magic, nonce, cipher.getAuthTag(), body])
}

/** The plain content; undefined when the key is another one, or a byte was changed. */
export function unseal(key: Uint8Array, purpose: string, sealed: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(sealed)
  const bodyAt = magic.length + nonceBytes + tagBytes
  if (bytes.length < bodyAt || !bytes.subarray(0, magic.length).equals(magic)) return undefined
  const nonce = bytes.subarray(magic.length, magic.length + nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.concat([magic, Buffer.from(purpose, 'utf8')]))
  decipher.setAuthTag(bytes.subarray(magic.length + nonceBytes, bodyAt))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(bodyAt)), decipher.final()])
  } catch {
    return undefined
  }
}
