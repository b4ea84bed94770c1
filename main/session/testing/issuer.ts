import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import Provider, { type Configuration } from 'oidc-provider'
import type { Discovery } from '../../../contract/api.ts'

/**
 * For tests: an OpenID Connect issuer with two people, and the discovery document that a service would serve, on one
 * loopback port. Its pages are those of oidc-provider.
 */
export interface TestIssuer {
  readonly url: string
  /** What the token endpoint answers instead of tokens; undefined: it works. */
  trouble: { status: number; body: string } | undefined
  /** Method and path of all that was asked. */
  readonly requests: string[]
  /** What tokens were asked for (RFC 8707), in order; undefined where nothing was named. */
  readonly resources: unknown[]
  /** Grant types that the token endpoint was asked for, in order. */
  readonly grants: string[]
  stop(): Promise<void>
  start(): Promise<void>
}

export interface TestIssuerOptions {
  accessTokenSeconds?: number
  deviceCode?: boolean
  /** The one address that it sends people back to, to the letter; left out: any port of localhost. */
  redirectUri?: string
  /** It speaks TLS, under this name, which leads to 127.0.0.1. */
  tls?: { name: string; cert: string; key: string }
  /** What the discovery document says instead, given the issuer's address. */
  discovery?: (url: string) => Partial<Discovery>
}

export const people = {
  'amelie@contoso.test': { oid: 'a1a1a1a1-0000-4000-8000-000000000001', name: 'Amélie Laurent' },
  'clara@contoso.test': { oid: 'c1c1c1c1-0000-4000-8000-000000000002', name: 'Clara Nguyen' },
} as const
export const directory = '11111111-2222-4333-8444-555555555555'
const api = 'urn:roomkeeper:test'

function claimsOf(login: string | undefined) {
  const person = Object.entries(people).find(([email]) => email === login)
  if (!person) return undefined
  const [email, { oid, name }] = person
  return { oid, tid: directory, name, preferred_username: email, email }
}

export async function startIssuer({
  accessTokenSeconds = 3_600,
  deviceCode = true,
  redirectUri,
  tls,
  discovery = () => ({}),
}: TestIssuerOptions = {}): Promise<TestIssuer> {
  const held: { handle?: (req: IncomingMessage, res: ServerResponse) => void } = {}
  let server: Server | undefined
  let port = 0
  const start = async (): Promise<void> => {
    const handle = (req: IncomingMessage, res: ServerResponse): void => held.handle?.(req, res)
    server = (tls ? createSecureServer(tls, handle) : createServer(handle)).listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address === 'object' && address) port = address.port
  }
  await start()
  const url = tls ? `https://${tls.name}:${port}` : `http://127.0.0.1:${port}`

  const configuration: Configuration = {
    clients: [
      {
        client_id: 'console',
        application_type: redirectUri === undefined ? 'native' : 'web',
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri ?? 'http://localhost'],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      },
    ],
    claims: { openid: ['sub', 'oid', 'tid'], profile: ['name', 'preferred_username'], email: ['email'] },
    conformIdTokenClaims: false,
    findAccount: (_ctx, login) => {
      const claims = claimsOf(login)
      return claims && { accountId: login, claims: () => ({ sub: `pairwise-${claims.oid}`, ...claims }) }
    },
    features: {
      deviceFlow: { enabled: deviceCode },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => api,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: api,
          accessTokenFormat: 'jwt',
          accessTokenTTL: accessTokenSeconds,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (_ctx, token) => claimsOf('accountId' in token ? token.accountId : undefined),
    cookies: { keys: ['test'] },
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 3_600, IdToken: 600, RefreshToken: 3_600, DeviceCode: 600 },
  }
  const provider = new Provider(url, configuration)
  const callback = provider.callback()

  const issuer: TestIssuer = {
    url,
    trouble: undefined,
    requests: [],
    grants: [],
    resources: [],
    start,
    stop: async () => {
      const closing = server
      if (!closing) return
      server = undefined
      closing.close()
      closing.closeAllConnections()
      await once(closing, 'close')
    },
  }
  provider.on('grant.success', (ctx) => {
    issuer.grants.push(String(ctx.oidc.params?.['grant_type']))
    issuer.resources.push(ctx.oidc.params?.['resource'])
  })
  held.handle = (req, res) => {
    issuer.requests.push(`${req.method} ${req.url}`)
    if (req.url === '/.well-known/roomkeeper') {
      const document: Discovery = {
        product: 'roomkeeper',
        version: '0.0.0',
        service: 'test',
        issuer: url,
        clientId: 'console',
        scope: 'openid profile email offline_access',
        embeddedIssuer: true,
        setupRequired: false,
        ...discovery(url),
      }
      res.setHeader('content-type', 'application/json').end(JSON.stringify(document))
    } else if (req.url?.startsWith('/token') === true && req.url !== '/token/revocation' && issuer.trouble) {
      res.writeHead(issuer.trouble.status, { 'content-type': 'application/json' }).end(issuer.trouble.body)
    } else {
      void callback(req, res)
    }
  }
  return issuer
}
