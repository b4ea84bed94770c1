import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { z } from 'zod'
import type { DevicePublicKey, SessionKey } from '../agent.ts'
import { RoomkeeperError } from '../errors.ts'
import type { DeviceId } from '../ids.ts'
import { limits } from '../limits.ts'
import { type DeviceHalf, SessionGrant, sessionGrantType, sessionProof } from '../remote.ts'

/** A grant in hand: what the service signed, and the signature. */

const Header = z.strictObject({
  alg: z.literal('EdDSA'),
  typ: z.literal(sessionGrantType),
  kid: z.string().max(limits.nameChars).optional(),
})
const compact = /^([\w-]+)\.([\w-]+)\.([\w-]{86})$/

interface Parts {
  readonly header: string
  readonly claims: string
  readonly signature: string
}

/** What the device checks a grant against. */
export interface GrantRules {
  /** The service's key, which the device keeps from its enrolment. */
  readonly key: SessionKey
  /** The name of the service that the device enrolled with. */
  readonly service: string
  readonly device: DeviceId
  /** UTC ms; undefined: who offers it is known to offer it now, and no clock is asked. */
  readonly now: number | undefined
}

/**
 * Checks a grant (REM-7): a compact JWS by the service's key, of the right type, for this device, not over.
 * @throws RoomkeeperError `remote.refused`, whose detail says what is wrong with it.
 */
export function verifyGrant(text: string, { key, service, device, now }: GrantRules): SessionGrant {
  const parts = split(text)
  if (!Header.safeParse(jsonOf(parts.header)).success) refuse('it is of another type or algorithm')
  const signed = Buffer.from(`${parts.header}.${parts.claims}`)
  const { kty, crv, x } = key
  if (!isSigned(signed, { kty, crv, x }, parts.signature)) refuse("it is not signed by the service's key")
  const grant = claimsOf(parts)
  if (grant.iss !== service) refuse('it is of another service')
  if (grant.device !== device) refuse('it is for another device')
  if (now !== undefined && grant.exp * 1000 <= now) refuse("it has expired by this device's clock, which may be wrong")
  if (grant.exp - grant.iat > limits.sessionMaximumMs / 1000) refuse('it lasts too long')
  if (grant.mode === 'view' && grant.terminal) refuse('it lets a viewer open a terminal')
  return grant
}

/**
 * What a grant says, without checking who signed it: for the console, which has it from the service itself.
 * @throws RoomkeeperError `remote.refused`
 */
export const readGrant = (text: string): SessionGrant => claimsOf(split(text))

/** base64url of the SHA-256 of its text: what the device signs, together with its key. */
export const grantHash = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** What the device signs for its half of the keys; `key`: its own public key. */
export const proofOf = (grant: string, key: string): string => sessionProof(readGrant(grant).sid, grantHash(grant), key)

/** Whether this half comes from the device that was enrolled with this key, for this grant (REM-7). */
export function isDeviceHalf(half: DeviceHalf, grant: string, enrolled: DevicePublicKey): boolean {
  try {
    const { kty, crv, x, y } = enrolled
    const key = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' })
    return verify(
      'sha256',
      Buffer.from(proofOf(grant, half.key)),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(half.signature, 'base64url'),
    )
  } catch {
    return false
  }
}

function refuse(why: string): never {
  throw new RoomkeeperError('remote.refused', { detail: `The grant does not count: ${why}.` })
}

function split(text: string): Parts {
  const [, header, claims, signature] = (text.length <= limits.grantChars && compact.exec(text)) || []
  return header !== undefined && claims !== undefined && signature !== undefined ? { header, claims, signature } : refuse('it is malformed')
}

function claimsOf({ claims }: Parts): SessionGrant {
  return SessionGrant.safeParse(jsonOf(claims)).data ?? refuse('it does not say what a grant says')
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

function isSigned(signed: Buffer, key: JsonWebKey, signature: string): boolean {
  try {
    return verify(null, signed, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}
