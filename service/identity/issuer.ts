import { createHmac, timingSafeEqual } from 'node:crypto'
import { createLocalJWKSet, importJWK, type JWK, type JWTVerifyGetKey, SignJWT } from 'jose'
import { Provider, type Configuration, interactionPolicy } from 'oidc-provider'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'
import type { Account, Directory } from '../directory/accounts.ts'
import type { Config } from '../ground/config.ts'
import type { Logger } from '../ground/ops/log.ts'
import type { ServiceSecrets } from '../ground/secrets.ts'
import type { Store } from '../ground/store/store.ts'
import { StoreAdapter } from './adapter.ts'
import { devicePages, renderError } from './devicePages.ts'
import { securityHeaders } from './pages.ts'

/** What the embedded issuer and the service's token rules agree on. */
export const embeddedClient = {
  clientId: 'roomkeeper-console',
  audience: 'urn:roomkeeper:service',
  scope: 'openid profile email offline_access',
} as const

/** Below this path everything belongs to the issuer. */
export const identityPath = '/identity'

const day = 24 * 3_600
/** Of what a browser keeps while somebody signs in: as long as the console waits for them. */
const signInSeconds = limits.signInMs / 1_000

export interface IssuerOptions {
  /** Where the issuer is reached, `http://127.0.0.1:4721/identity`. */
  readonly url: string
  readonly store: Store
  readonly directory: Directory
  readonly secrets: ServiceSecrets
  readonly timing: Config['timing']
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

export interface EmbeddedIssuer {
  readonly provider: Provider
  /** Verifies what this issuer signs, without asking it over HTTP. */
  readonly keys: JWTVerifyGetKey
  /** What the form of a sign-in carries to show that our own page made it. */
  proofOf(interaction: string): string
  isProof(interaction: string, proof: string): boolean
  /** An access token without a sign-in, for the `token` command. */
  tokenFor(account: Account): Promise<string>
}

/** The embedded OpenID Connect issuer (ACC-1): code with PKCE, device code, refresh; for loopback only. */
export async function makeIssuer({ url, store, directory, secrets, timing, clock, log }: IssuerOptions): Promise<EmbeddedIssuer> {
  const { signingKey } = secrets
  const lifetime = Math.max(1, Math.floor(timing.accessTokenMs / 1000))
  const port = new URL(url).port
  const proofOf = (interaction: string): string =>
    createHmac('sha256', secrets.cookieKey).update(`sign-in ${interaction}`).digest('base64url')
  const configuration: Configuration = {
    adapter: (model: string) => new StoreAdapter(model, store, clock),
    jwks: { keys: [{ ...signingKey, kty: 'RSA' }] },
    clients: [
      {
        client_id: embeddedClient.clientId,
        client_name: 'Roomkeeper console',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        // Any port; with and without a path, since consoles differ in that.
        redirect_uris: ['http://localhost', 'http://localhost/', 'http://127.0.0.1', 'http://127.0.0.1/'],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      },
    ],
    findAccount: async (_, id) => {
      const account = await directory.byId(id)
      if (!account) return undefined
      return { accountId: account.id, claims: async () => ({ sub: account.id, ...(await directory.claimsOf(account)) }) }
    },
    claims: { openid: ['sub', 'oid', 'tid'], profile: ['name', 'preferred_username'], email: ['email'] },
    conformIdTokenClaims: false,
    extraTokenClaims: async (_, token) => {
      const account = 'accountId' in token ? await directory.byId(token.accountId) : undefined
      return account ? directory.claimsOf(account) : undefined
    },
    scopes: ['openid', 'offline_access'],
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: true },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****', ...devicePages },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => embeddedClient.audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: embeddedClient.audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: lifetime,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    interactions: { policy: alwaysAsked(), url: (_, { uid }) => `${identityPath}/interaction/${uid}` },
    // Cookies ignore ports: other programs on this name see them and can set them, so that none of them is worth anything
    // (docs/decisions/0029). Two services on one machine need names of their own.
    cookies: {
      keys: [secrets.cookieKey],
      names: { session: `rk_session_${port}`, interaction: `rk_interaction_${port}`, resume: `rk_resume_${port}` },
    },
    pkce: { required: () => true },
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    // No session outlives its sign-in.
    expiresWithSession: () => false,
    // `StoreAdapter` says when one that was used counts again, or ends its whole family.
    rotateRefreshToken: true,
    ttl: {
      AccessToken: lifetime,
      AuthorizationCode: 60,
      DeviceCode: signInSeconds,
      IdToken: 3_600,
      Interaction: signInSeconds,
      Session: signInSeconds,
      Grant: limits.signInDays * day,
      RefreshToken: limits.signInIdleDays * day,
    },
    renderError,
  }
  const provider = new Provider(url, configuration)
  provider.use(async (ctx, next) => {
    ctx.set(securityHeaders)
    await next()
    const session = ctx.oidc?.session
    if (!session?.accountId) return
    // Whoever signs in next is asked again, in this browser too.
    await session.destroy()
    ctx.cookies.set(provider.cookieName('session'), null, { overwrite: true })
  })
  provider.on('server_error', (_, error) => log.error({ err: error }, 'the embedded issuer failed'))
  provider.on('authorization.error', (_, { name, message }) => log.info({ name, reason: message }, 'a sign-in was refused'))
  provider.on('grant.error', (_, { name, message }) => log.info({ name, reason: message }, 'a token was refused'))
  return {
    provider,
    keys: createLocalJWKSet({ keys: [publicPart(signingKey)] }),
    proofOf,
    isProof: (interaction, proof) => {
      const [right, given] = [proofOf(interaction), proof].map((text) => Buffer.from(text))
      return right !== undefined && given !== undefined && right.length === given.length && timingSafeEqual(right, given)
    },
    tokenFor: async (account) => {
      const issuedAt = Math.floor(clock.now() / 1000)
      return new SignJWT({ ...(await directory.claimsOf(account)), client_id: embeddedClient.clientId })
        .setProtectedHeader({ alg: 'RS256', kid: signingKey.kid ?? '', typ: 'at+jwt' })
        .setIssuer(url)
        .setAudience(embeddedClient.audience)
        .setSubject(account.id)
        .setJti(store.ids())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetime)
        .sign(await importJWK(signingKey, 'RS256'))
    },
  }
}

/** Everybody is asked at every sign-in, whatever their browser remembers: only an answer given in this very one counts. */
function alwaysAsked() {
  const policy = interactionPolicy.base()
  const { Check } = interactionPolicy
  const asked = new Check(
    'not_asked',
    'End-User authentication is required',
    'login_required',
    (ctx) => ctx.oidc.result?.login === undefined,
  )
  policy.get('login')?.checks.add(asked)
  return policy
}

function publicPart({ kty, kid, n, e }: JWK): JWK {
  return { kty: kty ?? 'RSA', alg: 'RS256', use: 'sig', ...(kid ? { kid } : {}), ...(n ? { n } : {}), ...(e ? { e } : {}) }
}
