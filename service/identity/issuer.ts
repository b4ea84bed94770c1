import { createLocalJWKSet, importJWK, type JWK, type JWTVerifyGetKey, SignJWT } from 'jose'
import { Provider, type Configuration } from 'oidc-provider'
import { v7 } from 'uuid'
import type { Config } from '../config.ts'
import type { Logger } from '../ops/log.ts'
import type { Store } from '../store/store.ts'
import { StoreAdapter } from './adapter.ts'
import type { Account, Directory } from './directory.ts'
import { devicePages, renderError } from './devicePages.ts'
import { securityHeaders } from './pages.ts'
import type { ServiceSecrets } from './secrets.ts'

/** What the embedded issuer and the service's token rules agree on. */
export const embeddedClient = {
  clientId: 'roomkeeper-console',
  audience: 'urn:roomkeeper:service',
  scope: 'openid profile email offline_access',
} as const

/** Below this path everything belongs to the issuer. */
export const identityPath = '/identity'

const day = 24 * 3_600

export interface IssuerOptions {
  /** Where the issuer is reached, `http://127.0.0.1:4721/identity`. */
  readonly url: string
  readonly store: Store
  readonly directory: Directory
  readonly secrets: ServiceSecrets
  readonly timing: Config['timing']
  readonly now: () => number
  readonly log: Logger
}

export interface EmbeddedIssuer {
  readonly provider: Provider
  /** Verifies what this issuer signs, without asking it over HTTP. */
  readonly keys: JWTVerifyGetKey
  /** An access token without a sign-in, for the `token` command. */
  tokenFor(account: Account): Promise<string>
}

/** The embedded OpenID Connect issuer (ACC-1): code with PKCE, device code, refresh; for loopback only. */
export async function makeIssuer({ url, store, directory, secrets, timing, now, log }: IssuerOptions): Promise<EmbeddedIssuer> {
  const { signingKey } = secrets
  const lifetime = Math.max(1, Math.floor(timing.accessTokenMs / 1000))
  const port = new URL(url).port
  const configuration: Configuration = {
    adapter: (model: string) => new StoreAdapter(model, store, now),
    jwks: { keys: [{ ...signingKey, kty: 'RSA' }] },
    clients: [
      {
        client_id: embeddedClient.clientId,
        client_name: 'Roomkeeper',
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
    interactions: { url: (_, { uid }) => `${identityPath}/interaction/${uid}` },
    // Cookies ignore ports, so two services on one machine need names of their own.
    cookies: {
      keys: [secrets.cookieKey],
      names: { session: `rk_session_${port}`, interaction: `rk_interaction_${port}`, resume: `rk_resume_${port}` },
    },
    pkce: { required: () => true },
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    // A console whose connection broke in the middle of a renewal must be able to ask again.
    rotateRefreshToken: false,
    ttl: {
      AccessToken: lifetime,
      AuthorizationCode: 60,
      DeviceCode: 600,
      IdToken: 3_600,
      Interaction: 3_600,
      Session: 14 * day,
      Grant: 90 * day,
      RefreshToken: 90 * day,
    },
    renderError,
  }
  const provider = new Provider(url, configuration)
  provider.use(async (ctx, next) => {
    ctx.set(securityHeaders)
    await next()
  })
  provider.on('server_error', (_, error) => log.error({ err: error }, 'the embedded issuer failed'))
  provider.on('authorization.error', (_, { name, message }) => log.info({ name, reason: message }, 'a sign-in was refused'))
  provider.on('grant.error', (_, { name, message }) => log.info({ name, reason: message }, 'a token was refused'))
  return {
    provider,
    keys: createLocalJWKSet({ keys: [publicPart(signingKey)] }),
    tokenFor: async (account) => {
      const issuedAt = Math.floor(now() / 1000)
      return new SignJWT({ ...(await directory.claimsOf(account)), client_id: embeddedClient.clientId })
        .setProtectedHeader({ alg: 'RS256', kid: signingKey.kid ?? '', typ: 'at+jwt' })
        .setIssuer(url)
        .setAudience(embeddedClient.audience)
        .setSubject(account.id)
        .setJti(v7())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetime)
        .sign(await importJWK(signingKey, 'RS256'))
    },
  }
}

function publicPart({ kty, kid, n, e }: JWK): JWK {
  return { kty: kty ?? 'RSA', alg: 'RS256', use: 'sig', ...(kid ? { kid } : {}), ...(n ? { n } : {}), ...(e ? { e } : {}) }
}
