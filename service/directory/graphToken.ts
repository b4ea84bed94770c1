import {
  ConfidentialClientApplication,
  type INetworkModule,
  LogLevel,
  type NetworkRequestOptions,
  type NetworkResponse,
} from '@azure/msal-node'
import { readText } from '../../contract/answer.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Timers } from '../../contract/system.ts'
import { within } from '../../contract/timing.ts'

/** Access tokens for reading directories, by client credentials: the application's own rights, nobody's sign-in. */

export interface GraphCredentials {
  readonly clientId: string
  readonly secret: string
  /** Where tokens are had, `https://login.microsoftonline.com`; the directory tenant follows it. */
  readonly authority: string
  /** Where the token is for, `https://graph.microsoft.com/v1.0`. */
  readonly graphUrl: string
}

/** A token for one directory tenant; `fresh` asks for a new one though the last has not expired. */
export type GraphToken = (directory: string, fresh: boolean) => Promise<string>

const network = (timers: Timers): INetworkModule => ({
  sendGetRequestAsync: (url, options, timeout) => send(timers, 'GET', url, options, timeout),
  sendPostRequestAsync: (url, options) => send(timers, 'POST', url, options),
})

async function send<T>(
  timers: Timers,
  method: 'GET' | 'POST',
  url: string,
  options?: NetworkRequestOptions,
  timeout?: number,
): Promise<NetworkResponse<T>> {
  return within(timers, Math.min(timeout ?? limits.directoryRequestMs, limits.directoryRequestMs), async (signal) => {
    const answer = await fetch(url, {
      method,
      headers: options?.headers ?? {},
      redirect: 'error',
      signal,
      ...(method === 'POST' ? { body: options?.body ?? '' } : {}),
    })
    const body: T = JSON.parse(await readText(answer.body, limits.issuerAnswerBytes))
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body }
  })
}

/** What may stand in an address as a directory tenant: an id, or a domain name. */
const directoryName = /^[\w-][\w.-]{0,63}$/

/**
 * Tokens are kept by MSAL until shortly before they expire.
 * @throws (its result) RoomkeeperError directory.unavailable, with the issuer's error code and never its text, which may quote what was
 * sent
 */
export function graphTokens({ clientId, secret, authority, graphUrl }: GraphCredentials, timers: Timers): GraphToken {
  const clients = new Map<string, ConfidentialClientApplication>()
  const scopes = [`${new URL(graphUrl).origin}/.default`]
  return async (directory, fresh) => {
    if (!directoryName.test(directory)) throw new RoomkeeperError('directory.notFound')
    const client = clients.get(directory) ?? clientOf(directory, authority, clientId, secret, network(timers))
    clients.set(directory, client)
    try {
      const result = await client.acquireTokenByClientCredential({ scopes, skipCache: fresh })
      if (result) return result.accessToken
    } catch (error) {
      const code = error instanceof Error && 'errorCode' in error ? String(error.errorCode) : 'not reached'
      throw new RoomkeeperError('directory.unavailable', { detail: `The directory's issuer gave no token: ${code}.` })
    }
    throw new RoomkeeperError('directory.unavailable', { detail: "The directory's issuer gave no token." })
  }
}

/** MSAL demands an https authority; one on loopback is given by the endpoints themselves. */
function clientOf(
  directory: string,
  authority: string,
  clientId: string,
  clientSecret: string,
  networkClient: INetworkModule,
): ConfidentialClientApplication {
  const base = new URL(authority)
  const path = `${base.pathname.replace(/\/+$/u, '')}/${directory}`
  const plain = `${base.origin}${path}`
  const metadata = {
    issuer: `${plain}/v2.0`,
    authorization_endpoint: `${plain}/oauth2/v2.0/authorize`,
    token_endpoint: `${plain}/oauth2/v2.0/token`,
    jwks_uri: `${plain}/discovery/v2.0/keys`,
  }
  return new ConfidentialClientApplication({
    auth: {
      clientId,
      clientSecret,
      authority: `https://${base.host}${path}`,
      ...(base.protocol === 'https:' ? {} : { knownAuthorities: [base.host], authorityMetadata: JSON.stringify(metadata) }),
    },
    system: {
      networkClient,
      loggerOptions: { logLevel: LogLevel.Error, piiLoggingEnabled: false, loggerCallback: () => {} },
    },
  })
}
