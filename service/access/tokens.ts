import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { readBytes, readJson } from '../../contract/answer.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { cleanText } from '../../contract/text.ts'
import { isSafeUrl } from '../config.ts'

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
  /** Scopes: Entra's name for them, and that of RFC 9068, where some issuers give a list. */
  scp: z.union([z.string().max(4_000), z.array(z.string()).max(200)]).optional(),
  scope: z.union([z.string().max(4_000), z.array(z.string()).max(200)]).optional(),
  /** The program that it was given to, by the names of Entra (v2, v1) and RFC 9068. */
  azp: z.string().optional(),
  appid: z.string().optional(),
  client_id: z.string().optional(),
  /** What issuers write into a token that is another one: of an application without a person, or to say who signed in. */
  idtyp: z.string().optional(),
  typ: z.string().optional(),
  token_use: z.string().optional(),
  nonce: z.unknown().optional(),
  at_hash: z.unknown().optional(),
  c_hash: z.unknown().optional(),
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
  /** What consoles ask the issuer for. Where there are scopes of an interface among them, a token with scopes needs one. */
  readonly scope?: string
  /** The programs whose tokens count; any where it is left out. */
  readonly clients?: readonly string[]
}

/** Of OpenID Connect itself: they say nothing of an interface. */
const openIdScopes = new Set(['openid', 'profile', 'email', 'address', 'phone', 'offline_access'])
const listOf = (scopes: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof scopes === 'string' ? scopes.split(/\s+/u).filter(Boolean) : scopes

/** Header types of access tokens: RFC 9068's, and what issuers wrote before it. */
const tokenTypes = new Set(['at+jwt', 'application/at+jwt', 'jwt'])

/** An access token for a person, and no other token of the same issuer: one that says who signed in, or of a program alone. */
function isAccessToken(type: unknown, data: z.infer<typeof Payload>): boolean {
  if (type !== undefined && !(typeof type === 'string' && tokenTypes.has(type.toLowerCase()))) return false
  if (data.nonce !== undefined || data.at_hash !== undefined || data.c_hash !== undefined) return false
  return (data.typ ?? 'Bearer').toLowerCase() === 'bearer' && (data.token_use ?? 'access') === 'access' && (data.idtyp ?? 'user') === 'user'
}

/** Entra names a scope by its whole address when it is asked for, and by its last part in the token. */
function hasScope(wanted: string | undefined, data: z.infer<typeof Payload>): boolean {
  const given = listOf(data.scp ?? data.scope)
  const ours = (listOf(wanted) ?? []).filter((scope) => !openIdScopes.has(scope) && !scope.endsWith('/.default'))
  if (given === undefined || ours.length === 0) return true
  return ours.some((scope) => given.includes(scope) || given.includes(scope.slice(scope.lastIndexOf('/') + 1)))
}

const isOfClient = (clients: readonly string[] | undefined, { azp, appid, client_id: id }: z.infer<typeof Payload>): boolean =>
  clients === undefined || clients.includes(azp ?? appid ?? id ?? '')

/**
 * Checks form, signature, kind of token, issuer, audience, scope and expiry (ACC-1).
 * @throws RoomkeeperError auth.expired, auth.invalid, or service.unavailable where the issuer's keys cannot be had.
 */
export async function readToken(token: string, rules: TokenRules): Promise<Claims> {
  let verified: JWTPayload
  let type: unknown
  try {
    const { payload, protectedHeader } = await jwtVerify(token, rules.keys, {
      audience: rules.audience,
      algorithms,
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(rules.now()),
      clockTolerance: 5,
    })
    verified = payload
    type = protectedHeader.typ
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
  const counts = isAccessToken(type, data) && hasScope(rules.scope, data) && isOfClient(rules.clients, data)
  if (!counts) throw new RoomkeeperError('auth.invalid')
  const email = cleanText(data.email ?? data.preferred_username ?? data.upn ?? '', 254)
  return {
    issuer: rules.storedAs ?? data.iss,
    directory: data.tid,
    objectId: data.oid,
    name: cleanText(data.name, limits.nameChars) || email.slice(0, limits.nameChars),
    email,
    globalAdministrator: data.wids.includes(globalAdministratorRole),
    groups: [...new Set(data.groups)].sort(),
    multiFactor: data.amr.includes('mfa'),
    groupsOverage: data._claim_names?.groups !== undefined || String(data.hasgroups) === 'true',
    roomAccount: data.account_kind === 'room',
    issuedAt: data.iat * 1000,
    expiresAt: data.exp * 1000,
  }
}

const Discovered = z.object({ jwks_uri: z.url().refine(isSafeUrl, 'must be https'), issuer: z.string() })

/** `fetch` for what jose reads by itself, up to its limit. @throws AnswerTooLarge */
async function fetchKeys(address: string, options: RequestInit): Promise<Response> {
  const answer = await fetch(address, options)
  return new Response(await readBytes(answer.body, limits.issuerAnswerBytes), { status: answer.status })
}

/**
 * The keys of an issuer elsewhere: found by its discovery document at first use, cached, fetched again when a token
 * names a key that is not among them (at most every half minute).
 */
export function keysOfIssuer(issuer: string): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined
  const discover = async (): Promise<JWTVerifyGetKey> => {
    const base = issuer.replace('{tenantid}', 'organizations').replace(/\/$/, '')
    const answer = await fetch(`${base}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(10_000), redirect: 'error' })
    if (!answer.ok) throw new Error(`The issuer's discovery document answered ${answer.status}.`)
    const { jwks_uri } = Discovered.parse(await readJson(answer.body, limits.issuerAnswerBytes))
    return createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 30_000, timeoutDuration: 10_000, [customFetch]: fetchKeys })
  }
  return async (header, input) => {
    found ??= discover().catch((error: unknown) => {
      found = undefined
      throw error
    })
    return (await found)(header, input)
  }
}
