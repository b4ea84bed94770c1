import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { readBytes, readJson } from '../../contract/answer.ts'
import { detailsOf, RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Timers } from '../../contract/system.ts'
import { cleanText } from '../../contract/text.ts'
import { within } from '../../contract/timing.ts'
import { whyUnreached } from '../../contract/wayOut.ts'
import { globalAdministratorRole } from '../directory/directory.ts'
import { isSafeUrl } from '../ground/config.ts'

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

const text = z.string().max(500).nullish()

/** Of what can be named in an assignment. */
const idChars = 64

/** Issuers write a list of one as the one, and an empty list as nothing. */
const listOfAtMost = (most: number, chars = idChars) =>
  z.preprocess((value) => (typeof value === 'string' ? [value].filter(Boolean) : (value ?? [])), z.array(z.string().max(chars)).max(most))

const Payload = z.object({
  iss: z.string(),
  tid: z.string().min(1).max(64),
  oid: z.string().min(1).max(64),
  name: text,
  email: text,
  preferred_username: text,
  upn: text,
  wids: listOfAtMost(500),
  /** Some are named as LDAP names them; those may make an administrator, and are in no assignment. */
  groups: listOfAtMost(5_000, 500),
  amr: listOfAtMost(50),
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
  readonly clock: Pick<Clock, 'now'>
  /** What consoles ask the issuer for. Where there are scopes of an interface among them, a token with scopes needs one. */
  readonly scope?: string
  /** The programs whose tokens count; any where it is left out. */
  readonly clients?: readonly string[]
  /** How far the issuer's clock may be from this one, in ms; left out: it is this one. */
  readonly clockToleranceMs?: number
  /** What makes a Global Administrator; left out: Entra's directory role in `wids`. */
  readonly administrator?: AdministratorClaim
  /** What stands between the values of a list that the issuer writes as one text; left out: it writes lists as lists. */
  readonly listSeparator?: string
}

/** A value of a claim, alone or in a list. */
export interface AdministratorClaim {
  readonly claim: string
  readonly value: string
}

/** Of OpenID Connect itself: they say nothing of an interface. */
const openIdScopes = new Set(['openid', 'profile', 'email', 'address', 'phone', 'offline_access'])
const listOf = (scopes: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof scopes === 'string' ? scopes.split(/\s+/u).filter(Boolean) : scopes

/** Header types of access tokens: RFC 9068's, and what issuers wrote before it. */
const tokenTypes = new Set(['at+jwt', 'application/at+jwt', 'jwt'])

/**
 * An access token for a person, and no other token of the same issuer: one that says who signed in, or of a program alone. Answers the
 * claim that says otherwise.
 */
function claimOfAnother(type: unknown, data: z.infer<typeof Payload>): string | undefined {
  if (type !== undefined && !(typeof type === 'string' && tokenTypes.has(type.toLowerCase()))) return 'typ'
  const ofIdTokens = (['nonce', 'at_hash', 'c_hash'] as const).find((claim) => data[claim] !== undefined)
  if (ofIdTokens !== undefined) return ofIdTokens
  if ((data.typ ?? 'Bearer').toLowerCase() !== 'bearer') return 'typ'
  if ((data.token_use ?? 'access') !== 'access') return 'token_use'
  return (data.idtyp ?? 'user') === 'user' ? undefined : 'idtyp'
}

/** Entra names a scope by its whole address when it is asked for, and by its last part in the token. */
function hasScope(wanted: string | undefined, data: z.infer<typeof Payload>): boolean {
  const given = listOf(data.scp ?? data.scope)
  const ours = (listOf(wanted) ?? []).filter((scope) => !openIdScopes.has(scope) && !scope.endsWith('/.default'))
  if (given === undefined || ours.length === 0) return true
  return ours.some((scope) => given.includes(scope) || given.includes(scope.slice(scope.lastIndexOf('/') + 1)))
}

/** A claim by its name, which may have dots in it, or within others, as in `realm_access.roles`. */
function claimOf(inside: unknown, name: string): unknown {
  if (typeof inside !== 'object' || inside === null) return undefined
  const own = Object.entries(inside).find(([key]) => key === name)
  if (own) return own[1]
  const dot = name.indexOf('.')
  const outer = Object.entries(inside).find(([key]) => dot > 0 && key === name.slice(0, dot))
  return outer && claimOf(outer[1], name.slice(dot + 1))
}

/** The values of a list that may be written as one text. */
const parted = (given: unknown, separator: string | undefined): unknown =>
  typeof given === 'string' && separator !== undefined ? given.split(separator).flatMap((one) => one.trim() || []) : given

/** Entra's own way, or a claim of the administrator's choice. */
function isAdministrator(
  payload: JWTPayload,
  { administrator: { claim, value } = { claim: 'wids', value: globalAdministratorRole }, listSeparator }: TokenRules,
): boolean {
  const given = parted(claimOf(payload, claim), listSeparator)
  return (Array.isArray(given) ? given : [given]).some(
    (one: unknown) => typeof one !== 'object' && one !== undefined && String(one) === value,
  )
}

const isOfClient = (clients: readonly string[] | undefined, { azp, appid, client_id: id }: z.infer<typeof Payload>): boolean =>
  clients === undefined || clients.includes(azp ?? appid ?? id ?? '')

/** What of a token does not fit, and why, for the log and whoever sent it. */
const unfit = (field: string, detail: string, cause?: unknown): RoomkeeperError =>
  new RoomkeeperError('auth.invalid', { field, detail: cleanText(detail, 300) }, cause)

/** An instant of a token, in seconds, as text. */
const instant = (seconds: unknown): string =>
  typeof seconds === 'number' && Math.abs(seconds) < 8.64e12 ? new Date(seconds * 1_000).toISOString() : String(seconds)

/** Why jose takes a token not, as one of our errors. */
function refusalOf(error: unknown, { clock, clockToleranceMs = 0, audience }: TokenRules): RoomkeeperError {
  const here = `It is ${new Date(clock.now()).toISOString()} here`
  if (error instanceof errors.JWTExpired) {
    return new RoomkeeperError(
      'auth.expired',
      { field: 'exp', detail: `The token ended at ${instant(error.payload.exp)}. ${here}.` },
      error,
    )
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason, payload } = error
    if (claim === 'nbf' && reason === 'check_failed') {
      const apart = `${here}, and ${clockToleranceMs / 60_000} minutes apart are taken.`
      return new RoomkeeperError('auth.clock', { field: 'nbf', detail: `The token begins at ${instant(payload.nbf)}. ${apart}` }, error)
    }
    if (claim === 'aud' && reason === 'check_failed')
      return unfit('aud', `The token is for ${JSON.stringify(payload.aud)}, not for ${audience}.`, error)
    return unfit(claim, error.message, error)
  }
  if (error instanceof errors.JWKSNoMatchingKey) return unfit('kid', 'The issuer has no key of that name.', error)
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return unfit('signature', 'The signature is not by a key of the issuer.', error)
  if (error instanceof errors.JOSEAlgNotAllowed) return unfit('alg', 'It is not signed in a way that is taken.', error)
  // What its keys look like, or that they did not come, is the issuer's fault and not the token's.
  const isOfKeys =
    error instanceof errors.JWKSInvalid ||
    error instanceof errors.JWKSTimeout ||
    (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC')
  if (isOfKeys || !(error instanceof errors.JOSEError)) return new RoomkeeperError('issuer.unavailable', {}, error)
  return unfit('token', error.message, error)
}

/**
 * Checks form, signature, kind of token, issuer, audience, scope and time (ACC-1). Each refusal names the claim that does not fit.
 * @throws RoomkeeperError auth.expired, auth.clock, auth.invalid, or issuer.unavailable where the issuer's keys cannot be had.
 */
export async function readToken(token: string, rules: TokenRules): Promise<Claims> {
  const { clockToleranceMs = 0 } = rules
  let verified: JWTPayload
  let type: unknown
  try {
    const { payload, protectedHeader } = await jwtVerify(token, rules.keys, {
      audience: rules.audience,
      algorithms,
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(rules.clock.now()),
      clockTolerance: clockToleranceMs / 1_000,
    })
    verified = payload
    type = protectedHeader.typ
  } catch (error) {
    throw refusalOf(error, rules)
  }
  const { groups, wids, amr } = verified
  const lists = Object.entries({ groups, wids, amr }).map(([claim, given]) => [claim, parted(given, rules.listSeparator)])
  const parsed = Payload.safeParse({ ...verified, ...Object.fromEntries(lists) })
  if (!parsed.success) {
    const { field = 'token', detail = 'It does not fit.' } = detailsOf(parsed.error)
    throw unfit(field, detail, parsed.error)
  }
  const { data } = parsed
  const issuer = rules.issuer.replace('{tenantid}', data.tid)
  if (data.iss !== issuer) throw unfit('iss', `The token is of ${data.iss}, not of ${issuer}.`)
  const another = claimOfAnother(type, data)
  if (another !== undefined) throw unfit(another, `${another} says that it is no access token for a person.`)
  if (!hasScope(rules.scope, data))
    throw unfit(data.scp === undefined ? 'scope' : 'scp', 'It has none of the scopes that consoles ask for.')
  if (!isOfClient(rules.clients, data)) throw unfit('azp', 'It was given to a program that does not count here.')
  const email = cleanText(data.email ?? data.preferred_username ?? data.upn ?? '', 254)
  return {
    issuer: rules.storedAs ?? data.iss,
    directory: data.tid,
    objectId: data.oid,
    name: cleanText(data.name ?? '', limits.nameChars) || email.slice(0, limits.nameChars),
    email,
    globalAdministrator: isAdministrator(verified, rules),
    groups: [...new Set(data.groups.filter(({ length }) => length <= idChars))].sort(),
    multiFactor: data.amr.includes('mfa'),
    groupsOverage: data._claim_names?.groups !== undefined || String(data.hasgroups) === 'true',
    roomAccount: data.account_kind === 'room',
    issuedAt: data.iat * 1000,
    // As long as it is taken here.
    expiresAt: data.exp * 1000 + clockToleranceMs,
  }
}

/** How long the discovery document of an issuer may take, in ms. */
const discoveryMs = 10_000

const Discovered = z.object({ jwks_uri: z.url().refine(isSafeUrl, 'must be https'), issuer: z.string() })

/** `fetch`. @throws Error that says whom it does not reach, and why */
async function ask(address: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(address, options)
  } catch (error) {
    throw new Error(whyUnreached(address, error), { cause: error })
  }
}

/** `ask` for what jose reads by itself, up to its limit. @throws AnswerTooLarge; Error where it is not answered with keys */
async function fetchKeys(address: string, options: RequestInit): Promise<Response> {
  const answer = await ask(address, options)
  if (!answer.ok) throw new Error(`The issuer's keys answered ${answer.status}.`)
  return new Response(await readBytes(answer.body, limits.issuerAnswerBytes), { status: answer.status })
}

/**
 * The keys of an issuer elsewhere: found by its discovery document at first use, cached, fetched again when a token
 * names a key that is not among them (at most every half minute).
 */
export function keysOfIssuer(issuer: string, timers: Timers): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined
  const discover = async (signal: AbortSignal): Promise<JWTVerifyGetKey> => {
    const base = issuer.replace('{tenantid}', 'organizations').replace(/\/$/, '')
    const answer = await ask(`${base}/.well-known/openid-configuration`, { signal, redirect: 'error' })
    if (!answer.ok) throw new Error(`The issuer's discovery document answered ${answer.status}.`)
    const { jwks_uri, issuer: named } = Discovered.parse(await readJson(answer.body, limits.issuerAnswerBytes))
    // Who answers at this address may be another one, whose keys sign other people's tokens.
    if (named !== issuer) throw new Error(`The discovery document is of ${cleanText(named, 300)}, not of ${issuer}.`)
    return createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 30_000, timeoutDuration: 10_000, [customFetch]: fetchKeys })
  }
  return async (header, input) => {
    found ??= within(timers, discoveryMs, discover).catch((error: unknown) => {
      found = undefined
      throw error
    })
    return (await found)(header, input)
  }
}
