import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DevicePublicKey } from '../../contract/agent.ts'
import type { KeyProtection } from '../../contract/entities.ts'
import { ExplainedError } from '../explained.ts'
import { makePrivateFolder, readIfThere, sizeIfThere, writePrivateFile } from './files.ts'

/** A device's key pair (ENR-3). The private half is not part of this interface, and never leaves the device. */
export interface DeviceKey {
  readonly publicKey: DevicePublicKey
  readonly protection: KeyProtection
  /** ECDSA P-256 with SHA-256 over the text's UTF-8, as 64 bytes (IEEE P1363) in base64url. */
  sign(text: string): Promise<string>
}

/** Where a device keeps its key. */
export interface KeyStore {
  readonly protection: KeyProtection
  /** The key made before, or undefined where none was. @throws KeyStoreError if it is there and cannot be used. */
  open(): Promise<DeviceKey | undefined>
  /** Makes a key pair in the place of any before it. @throws KeyStoreError */
  create(): Promise<DeviceKey>
  /** Removes the key for good. */
  remove(): Promise<void>
}

/** Why a key cannot be made or used, in words for the person at the device. */
export class KeyStoreError extends ExplainedError {
  override readonly name = 'KeyStoreError'
  override readonly remedy: string | undefined

  constructor(message: string, options: { readonly remedy?: string | undefined; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.remedy = options.remedy
  }
}

/** What helps where a key is gone or damaged for good. */
export const newKeyRemedy =
  'Give the device another key: the command "enrol --new-key", with a self-enrolment key. Its room stays, and waits in onboarding.'

/** The four fields of a public key that the protocol carries. */
export function publicKeyOf(key: KeyObject): DevicePublicKey {
  return DevicePublicKey.parse(key.export({ format: 'jwk' }))
}

/** The name of a public key (RFC 7638, SHA-256, base64url), by which the service knows its device. */
export const thumbprintOf = ({ crv, kty, x, y }: DevicePublicKey): string =>
  createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')

const fileIn = (folder: string): string => join(folder, 'key.pem')

/**
 * A key in a file (PKCS8, readable by this user only), for devices without a TPM; tenants refuse it unless they allow
 * keys in software.
 */
export class SoftwareKeyStore implements KeyStore {
  readonly protection = 'software'

  /** Whether this folder has a key, usable or not. */
  static isIn(folder: string): boolean {
    return sizeIfThere(fileIn(folder)) !== undefined
  }
  readonly #folder: string
  readonly #file: string
  readonly #durable: boolean

  /** Unless `durable` is false, a key that was made survives a loss of power. */
  constructor(folder: string, durable = true) {
    this.#folder = folder
    this.#file = fileIn(folder)
    this.#durable = durable
  }

  open(): Promise<DeviceKey | undefined> {
    try {
      const pem = readIfThere(this.#file)
      return Promise.resolve(pem === undefined ? undefined : softwareKey(createPrivateKey(pem)))
    } catch (error) {
      if (error instanceof ExplainedError) return Promise.reject(error)
      const what = sizeIfThere(this.#file) === 0 ? 'is empty' : 'is damaged'
      return Promise.reject(new KeyStoreError(`The key of this device ${what}: ${this.#file}.`, { remedy: newKeyRemedy, cause: error }))
    }
  }

  create(): Promise<DeviceKey> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    makePrivateFolder(this.#folder, this.#durable)
    writePrivateFile(this.#file, privateKey.export({ type: 'pkcs8', format: 'pem' }), this.#durable)
    return Promise.resolve(softwareKey(privateKey))
  }

  remove(): Promise<void> {
    rmSync(this.#file, { force: true })
    return Promise.resolve()
  }
}

function softwareKey(privateKey: KeyObject): DeviceKey {
  return {
    protection: 'software',
    publicKey: publicKeyOf(createPublicKey(privateKey)),
    sign: (text) =>
      Promise.resolve(sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')),
  }
}
