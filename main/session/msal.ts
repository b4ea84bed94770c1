import { createHash } from 'node:crypto'
import {
  type AccountInfo,
  type AuthenticationResult,
  type ICachePlugin,
  LogLevel,
  ProtocolMode,
  PublicClientApplication,
} from '@azure/msal-node'
import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { cleanText } from '../../contract/text.ts'
import { within } from '../../contract/timing.ts'
import type { Account } from '../platform.ts'
import { type Connection, isEntra, safeUrl } from './discovery.ts'
import { IssuerNetwork, type NetworkSettings } from './network.ts'

/**
 * A client of one issuer. For Entra MSAL works its own way. Any other issuer is named with https, as MSAL demands,
 * while the endpoints are those of the issuer's own document: http for the embedded one, which lives on loopback.
 */
export function clientOf(
  connection: Connection,
  network: NetworkSettings,
  kept?: { plugin: ICachePlugin; idToken: () => string | undefined },
): PublicClientApplication {
  const entra = isEntra(connection.issuer)
  const issuer = new URL(connection.issuer)
  const path = issuer.pathname.replace(/\/+$/u, '')
  return new PublicClientApplication({
    auth: {
      clientId: connection.clientId,
      authority: `https://${issuer.host}${entra ? path.replace(/\/v2\.0$/u, '') : path}`,
      ...(entra ? {} : { knownAuthorities: [issuer.host], authorityMetadata: JSON.stringify(connection.endpoints) }),
    },
    ...(kept ? { cache: { cachePlugin: kept.plugin } } : {}),
    system: {
      networkClient: new IssuerNetwork(connection.endpoints, network, { resource: connection.resource, keptIdToken: kept?.idToken }),
      protocolMode: entra ? ProtocolMode.AAD : ProtocolMode.OIDC,
      // MSAL's own lines may hold names; what matters is logged by the session, by code.
      loggerOptions: { logLevel: LogLevel.Error, piiLoggingEnabled: false, loggerCallback: () => {} },
    },
  })
}

/**
 * What the person is asked at the issuer. Outside Entra a refresh token needs consent (OpenID Connect Core 11), and
 * the person is always asked who they are: after signing out, the issuer's own session must not sign anyone in.
 */
export const promptOf = (connection: Connection): string => (isEntra(connection.issuer) ? 'select_account' : 'login consent')

const Claims = z.object({
  iss: z.string(),
  sub: z.string(),
  oid: z.string().optional(),
  tid: z.string().optional(),
  name: z.string().optional(),
  email: z.string().optional(),
  preferred_username: z.string().optional(),
})

export interface SignedIn {
  account: Account
  homeAccountId: string
}

/** Who signed in, by (issuer, directory tenant, object id); only an issuer without object ids is taken by `sub`. */
export function personOf(result: AuthenticationResult | null): SignedIn {
  const claims = Claims.safeParse(result?.idTokenClaims)
  if (!result?.account || !claims.success) {
    throw new RoomkeeperError('session.failed', { detail: 'The issuer did not say who signed in.' })
  }
  const { iss, sub, oid, tid, name, email, preferred_username: username } = claims.data
  const id = createHash('sha256')
    .update(JSON.stringify([iss, tid ?? '', oid ?? sub]))
    .digest('hex')
    .slice(0, 32)
  const address = cleanText(email ?? username ?? '', 254)
  return {
    account: { id, name: cleanText(name ?? '', limits.nameChars) || address, email: address },
    homeAccountId: result.account.homeAccountId,
  }
}

/** MSAL's record of the account, or undefined when its cache does not know it. */
export async function accountIn(client: PublicClientApplication, homeAccountId: string): Promise<AccountInfo | undefined> {
  const accounts = await client.getTokenCache().getAllAccounts()
  return accounts.find((account) => account.homeAccountId === homeAccountId)
}

const IdTokens = z.object({ IdToken: z.record(z.string(), z.object({ home_account_id: z.string(), secret: z.string() })).optional() })

/** What the issuer last said of an account's person, as MSAL's cache has it. */
export function idTokenIn(cache: string, homeAccountId: string): string | undefined {
  const tokens = Object.values(IdTokens.parse(JSON.parse(cache)).IdToken ?? {})
  return tokens.find((token) => token.home_account_id === homeAccountId)?.secret
}

/** An address that is longer may not reach the system's browser whole. */
const addressChars = 2_000

/**
 * Where a person ends their session at the issuer (OpenID Connect RP-Initiated Logout 1.0); undefined where it has no such address. The
 * ID token says whose and spares a question, where the address does not become too long by it.
 */
export function endOfSession({ issuer, clientId, endpoints }: Connection, cache: string, homeAccountId: string): string | undefined {
  const named = isEntra(issuer)
    ? `${issuer.replace(/\/v2\.0\/?$/u, '').replace('{tenantid}', 'organizations')}/oauth2/v2.0/logout`
    : endpoints?.end_session_endpoint
  if (named === undefined) return undefined
  const address = safeUrl(named, 'end_session_endpoint')
  address.searchParams.set('client_id', clientId)
  const hinted = new URL(address)
  hinted.searchParams.set('id_token_hint', idTokenIn(cache, homeAccountId) ?? '')
  return hinted.href.length <= addressChars ? hinted.href : address.href
}

const RefreshTokens = z.object({ RefreshToken: z.record(z.string(), z.object({ secret: z.string() })).optional() })

/** Tells the issuer that the refresh tokens are not wanted any more (RFC 7009), where it can be told. Never fails. */
export async function revoke(connection: Connection, cache: string, { fetch, timeoutMs, timers }: NetworkSettings): Promise<void> {
  const endpoint = connection.endpoints?.revocation_endpoint
  if (endpoint === undefined) return
  try {
    for (const { secret } of Object.values(RefreshTokens.parse(JSON.parse(cache)).RefreshToken ?? {})) {
      const body = new URLSearchParams({ client_id: connection.clientId, token: secret, token_type_hint: 'refresh_token' })
      await within(timers, timeoutMs, async (signal) => {
        const answer = await fetch(endpoint, { method: 'POST', redirect: 'error', signal, body })
        // What it says to that is nothing to read.
        await answer.body?.cancel()
      })
    }
  } catch {
    // Offline, or an issuer that cannot: the tokens are gone from this machine either way, and expire there.
  }
}
