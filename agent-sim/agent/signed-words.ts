import { createPublicKey, verify } from 'node:crypto'
import { signedWordProof, type SignedWord, type SessionKey } from '../../contract/agent.ts'

export interface SaidWord {
  word: SignedWord
  /** Of the hello of the connection that it was said on. */
  nonce: string
  service: string
  device: string
}

/** Whether the service whose key this is has signed the final word. False for a key that is none. */
export function isSignedWord(serviceKey: SessionKey, said: SaidWord, signature: string | undefined): boolean {
  const { kty, crv, x } = serviceKey
  const { word, nonce, service, device } = said
  if (signature === undefined) return false
  try {
    const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' })
    return verify(null, Buffer.from(signedWordProof(word, nonce, service, device)), key, Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}
