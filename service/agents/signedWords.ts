import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import type { JWK } from 'jose'
import { type SignedWord, signedWordProof } from '../../contract/agent.ts'
import type { DeviceId } from '../../contract/ids.ts'

/**
 * Signs the welcome and the words after which an agent removes itself or stops for good, so that whoever else answers at this address can
 * cost a device a wait, and no more. Only for a device that has proved itself on the same connection: else anybody could
 * have one made for a connection that somebody else holds open.
 */
export class SignedWords {
  readonly #key: KeyObject
  readonly #service: string

  /** `key`: the private half (Ed25519) of the key that devices keep from their enrolment. */
  constructor(key: JWK, service: string) {
    this.#key = createPrivateKey({ key, format: 'jwk' })
    this.#service = service
  }

  /** `nonce`: of the device's hello. */
  sign(word: SignedWord, nonce: string, device: DeviceId): string {
    return sign(null, Buffer.from(signedWordProof(word, nonce, this.#service, device)), this.#key).toString('base64url')
  }
}
