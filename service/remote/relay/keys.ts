import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { JWK } from 'jose'
import { z } from 'zod'
import { CommandProblem } from '../../ground/problems.ts'

/** The public key that tickets of the service are checked with. */
export const RelayPublicKey = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string().min(1).max(100) })
export type RelayPublicKey = z.infer<typeof RelayPublicKey>

/** What others may have of a key. */
export const publicPartOf = (key: JWK): RelayPublicKey => RelayPublicKey.parse(key)

/** Reads a public Ed25519 key from a file: a JWK, or PEM. @throws CommandProblem where the file holds none. */
export function readPublicKey(file: string): RelayPublicKey {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new CommandProblem(`The file ${file} cannot be read.`)
  }
  try {
    const key = text.startsWith('-----BEGIN') ? createPublicKey(text) : createPublicKey({ key: jwkOf(text), format: 'jwk' })
    return publicPartOf(RelayPublicKey.parse(key.export({ format: 'jwk' })))
  } catch {
    throw new CommandProblem(`The file ${file} holds no public Ed25519 key, as JWK or PEM. The service gives its own at /v1/relay/key.`)
  }
}

const jwkOf = (text: string): JsonWebKey => RelayPublicKey.parse(JSON.parse(text))
