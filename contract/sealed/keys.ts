import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { RoomkeeperError } from '../errors.ts'
import type { RelaySide } from '../relay.ts'
import { readGrant } from './grant.ts'
import type { SessionKeys } from './interfaces.ts'

/** One end's pair for one session (REM-7), forgotten with it. `publicKey`: raw X25519 as base64url. */
export interface EphemeralPair {
  readonly privateKey: KeyObject
  readonly publicKey: string
}

export function makePair(): EphemeralPair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  return { privateKey, publicKey: rawOf(publicKey) }
}

export interface Agreement {
  readonly side: RelaySide
  readonly privateKey: KeyObject
  /** The other end's public key: the grant's for the device, the signed half's for the operator. */
  readonly peerKey: string
  /** The grant as it was received, character by character: both ends must have the same. */
  readonly grant: string
}

const cipher = 'aes-256-gcm'
const keyBytes = 32
const nonceBytes = 12
export const tagBytes = 16

type Direction = 'operator to device' | 'device to operator'
type Purpose = 'records' | 'greetings'

/**
 * The keys of a session (REM-7), the same at both ends: X25519, then HKDF-SHA256 with the grant's hash as salt, for AES-256-GCM.
 * @throws RoomkeeperError `remote.refused` where the grant is none or names another key, or the peer's key is worthless.
 */
export function agree({ side, privateKey, peerKey, grant }: Agreement): SessionKeys {
  const { sid, key } = readGrant(grant)
  const ownKey = rawOf(createPublicKey(privateKey))
  const [operatorKey, deviceKey] = side === 'operator' ? [ownKey, peerKey] : [peerKey, ownKey]
  if (operatorKey !== key) throw new RoomkeeperError('remote.refused', { detail: 'The grant names another key of the console.' })
  const shared = sharedSecret(privateKey, peerKey)
  const salt = createHash('sha256').update(grant).digest()
  const make = (purpose: Purpose, direction: Direction): Sealer => {
    const info = ['roomkeeper sealed 1', purpose, direction, operatorKey, deviceKey].join('\n')
    return new Sealer(Buffer.from(hkdfSync('sha256', shared, salt, info, keyBytes + nonceBytes)))
  }
  const [ours, theirs]: [Direction, Direction] =
    side === 'operator' ? ['operator to device', 'device to operator'] : ['device to operator', 'operator to device']
  const records = { ours: make('records', ours), theirs: make('records', theirs) }
  const greetings = { ours: make('greetings', ours), theirs: make('greetings', theirs) }
  shared.fill(0)
  return {
    session: sid,
    seal: (number, head, plain, into) => records.ours.seal(number, head, plain, into),
    open: (number, head, sealed) => records.theirs.open(number, head, sealed),
    sealGreeting: (number, head, plain, into) => greetings.ours.seal(number, head, plain, into),
    openGreeting: (number, head, sealed) => greetings.theirs.open(number, head, sealed),
  }
}

function sharedSecret(privateKey: KeyObject, peerKey: string): Buffer {
  let shared: Buffer | undefined
  try {
    shared = diffieHellman({ privateKey, publicKey: createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: peerKey }, format: 'jwk' }) })
  } catch {
    // Not a key, or one of those that make every secret zero.
  }
  if (!shared || shared.every((byte) => byte === 0))
    throw new RoomkeeperError('remote.refused', { detail: "The other end's key is worthless." })
  return shared
}

function rawOf(key: KeyObject): string {
  const { x } = key.export({ format: 'jwk' })
  if (x === undefined) throw new TypeError('not an X25519 key')
  return x
}

/** One key of one direction. The nonce is the derived one with the number folded in, so that none comes twice. */
class Sealer {
  readonly #key: KeyObject
  readonly #base: Buffer
  readonly #nonce = Buffer.alloc(nonceBytes)
  readonly #high: number
  readonly #low: number

  constructor(derived: Buffer) {
    this.#key = createSecretKey(derived.subarray(0, keyBytes))
    this.#base = Buffer.from(derived.subarray(keyBytes))
    this.#base.copy(this.#nonce)
    this.#high = this.#base.readUInt32BE(4)
    this.#low = this.#base.readUInt32BE(8)
    derived.fill(0, 0, keyBytes)
  }

  seal(number: number, head: Uint8Array, plain: Uint8Array, into: Uint8Array): void {
    const sealing = createCipheriv(cipher, this.#key, this.#nonceOf(number), { authTagLength: tagBytes })
    sealing.setAAD(head)
    const body = sealing.update(plain)
    sealing.final()
    into.set(body)
    into.set(sealing.getAuthTag(), body.length)
    // Memory of this size, left to the garbage collector, costs more than the cipher does.
    if (body.buffer instanceof ArrayBuffer && body.length === body.buffer.byteLength) body.buffer.transfer(0)
  }

  open(number: number, head: Uint8Array, sealed: Uint8Array): Uint8Array {
    const end = sealed.length - tagBytes
    if (end < 0) throw new RangeError('too short to be sealed')
    const opening = createDecipheriv(cipher, this.#key, this.#nonceOf(number), { authTagLength: tagBytes })
    opening.setAAD(head)
    opening.setAuthTag(sealed.subarray(end))
    const plain = opening.update(sealed.subarray(0, end))
    opening.final()
    return plain
  }

  #nonceOf(number: number): Buffer {
    this.#nonce.writeUInt32BE((this.#high ^ Math.floor(number / 2 ** 32)) >>> 0, 4)
    this.#nonce.writeUInt32BE((this.#low ^ (number % 2 ** 32)) >>> 0, 8)
    return this.#nonce
  }
}
