import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'

/** The directory role template that Entra puts into `wids` for a Global Administrator. */
export const globalAdministratorRole = '62e90394-69f5-4237-9190-012177145e10'

/** What a token says of a person. */
export interface PersonClaims {
  readonly issuer: string
  readonly directory: string
  readonly objectId: string
  readonly name: string
  readonly email: string
  readonly globalAdministrator: boolean
  readonly groups: readonly string[]
  /** When it was said (ms). */
  readonly issuedAt: number
}

/** An access token's content, checked. */
export interface Claims extends PersonClaims {
  /** They signed in with more than a password (PAR-7). */
  readonly multiFactor: boolean
  /** They are in more groups than a token holds; `groups` says nothing, and the directory has to be asked. */
  readonly groupsOverage: boolean
  /** A room's own account, which enrols a device and may do nothing else. */
  readonly roomAccount: boolean
  /** ms */
  readonly expiresAt: number
}

const Payload = z.object({
  iss: z.string(),
  tid: z.string().min(1).max(64),
  oid: z.string().min(1).max(64),
  name: z.string().max(500).default(''),
  email: z.string().max(500).optional(),
  preferred_username: z.string().max(500).optional(),
  upn: z.string().max(500).optional(),
  wids: z.array(z.string().max(64)).max(500).default([]),
  groups: z.array(z.string().max(64)).max(5_000).default([]),
  amr: z.array(z.string().max(64)).max(50).default([]),
  /** Where claims that did not fit are to be had; Entra's own address of them is not used. */
  _claim_names: z.looseObject({ groups: z.string().optional() }).optional(),
  hasgroups: z.union([z.boolean(), z.enum(['true', 'false'])]).optional(),
  account_kind: z.enum(['person', 'room']).default('person'),
  iat: z.number(),
  exp: z.number(),
})

/** Only signatures by a private key that the issuer alone has: no shared secrets, no "none". */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

export interface TokenRules {
  /** The exact issuer; `{tenantid}` in it stands for the token's own directory tenant, as in Entra's metadata. */
  readonly issuer: string
  readonly audience: string
  /** Under which name its people are stored, where its address may change: the embedded issuer's has the port in it. */
  readonly storedAs?: string
  readonly keys: JWTVerifyGetKey
  readonly now: () => number
}

/**
 * Checks form, signature, issuer, audience and expiry (ACC-1).
 * @throws RoomkeeperError auth.expired, auth.invalid, or service.unavailable where the issuer's keys cannot be had.
 */
export async function readToken(token: string, rules: TokenRules): Promise<Claims> {
  let verified: JWTPayload
  try {
    const { payload } = await jwtVerify(token, rules.keys, {
      audience: rules.audience,
      algorithms,
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(rules.now()),
      clockTolerance: 5,
    })
    verified = payload
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new RoomkeeperError('auth.expired', {}, error)
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
      throw new RoomkeeperError('service.unavailable', { detail: "The issuer's keys cannot be had at the moment." }, error)
    }
    throw new RoomkeeperError('auth.invalid', {}, error)
  }
  const parsed = Payload.safeParse(verified)
  if (!parsed.success) throw new RoomkeeperError('auth.invalid', {}, parsed.error)
  const { data } = parsed
  if (data.iss !== rules.issuer.replace('{tenantid}', data.tid)) throw new RoomkeeperError('auth.invalid')
  const email = data.email ?? data.preferred_username ?? data.upn ?? ''
  return {
    issuer: rules.storedAs ?? data.iss,
    directory: data.tid,
    objectId: data.oid,
    name: (data.name || email).slice(0, limits.nameChars),
    email: email.slice(0, 254),
    globalAdministrator: data.wids.includes(globalAdministratorRole),
    groups: [...new Set(data.groups)].sort(),
    multiFactor: data.amr.includes('mfa'),
    groupsOverage: data._claim_names?.groups !== undefined || String(data.hasgroups) === 'true',
    roomAccount: data.account_kind === 'room',
    issuedAt: data.iat * 1000,
    expiresAt: data.exp * 1000,
  }
}

const Discovered = z.object({ jwks_uri: z.url(), issuer: z.string() })

/**
 * The keys of an issuer elsewhere: found by its discovery document at first use, cached, fetched again when a token
 * names a key that is not among them (at most every half minute).
 */
export function keysOfIssuer(issuer: string): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined
  const discover = async (): Promise<JWTVerifyGetKey> => {
    const base = issuer.replace('{tenantid}', 'organizations').replace(/\/$/, '')
    const answer = await fetch(`${base}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(10_000) })
    if (!answer.ok) throw new Error(`The issuer's discovery document answered ${answer.status}.`)
    const { jwks_uri } = Discovered.parse(await answer.json())
    return createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 30_000, timeoutDuration: 10_000 })
  }
  return async (header, input) => {
    found ??= discover().catch((error: unknown) => {
      found = undefined
      throw error
    })
    return (await found)(header, input)
  }
}
