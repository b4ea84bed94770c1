import type { PublicClientApplication } from '@azure/msal-node'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { System } from '../../contract/system.ts'
import { type Connection, safeUrl } from './discovery.ts'
import { clientOf, personOf, promptOf, type SignedIn } from './msal.ts'
import type { NetworkSettings } from './network.ts'
import { notSignedInPage, signedInPage } from './pages.ts'

/** Where the person signs in: the system's browser, or the browser that shows the console already. */
export type SignInPlace = { kind: 'system'; open: (url: string) => Promise<void> } | { kind: 'here'; returnTo: () => string }

/** What to show while the person is at it. */
export interface Invitation {
  url?: string
  code?: string
  expiresAt?: number
}

export interface AttemptOptions {
  connection: Connection
  method: 'browser' | 'deviceCode'
  place: SignInPlace
  network: NetworkSettings
  system: Pick<System, 'clock' | 'random'>
  /** Told once, when the person can begin. */
  invite: (invitation: Invitation) => void
  /** Ends the attempt. */
  signal: AbortSignal
}

export interface AttemptResult extends SignedIn {
  /** MSAL's token cache with the new tokens. */
  cache: string
}

/**
 * One try to sign in, with a client and a token cache of its own: what comes too late, or after the person gave up,
 * touches nothing. Errors: those of `signInProblem`, after it was aborted any.
 */
export async function attemptSignIn(options: AttemptOptions): Promise<AttemptResult> {
  const client = clientOf(options.connection, options.network)
  const result = options.method === 'browser' ? await withBrowser(client, options) : await withDeviceCode(client, options)
  return { ...personOf(result), cache: client.getTokenCache().serialize() }
}

function withBrowser(client: PublicClientApplication, { connection, place, system, invite, signal }: AttemptOptions) {
  const returnTo = place.kind === 'here' ? place.returnTo() : undefined
  const { redirectPort, resource } = connection
  return client.acquireTokenInteractive({
    scopes: [...connection.scopes],
    prompt: promptOf(connection),
    // Some issuers ask for one; MSAL then holds the ID token to it.
    nonce: system.random.bytes(16).toString('base64url'),
    ...(redirectPort === undefined ? {} : { preferredPort: redirectPort }),
    ...(resource === undefined ? {} : { extraQueryParameters: { resource } }),
    successTemplate: signedInPage(returnTo),
    errorTemplate: notSignedInPage(returnTo),
    openBrowser: async (address) => {
      const url = safeUrl(address, 'authorization_endpoint')
      signal.throwIfAborted()
      checkRedirect(url, redirectPort)
      signal.addEventListener('abort', () => void endListening(url), { once: true })
      if (place.kind === 'system') {
        await place.open(url.href)
        invite({})
      } else {
        invite({ url: url.href })
      }
    },
  })
}

/** MSAL takes another port where this one is in use; the issuer would refuse that one without a word that helps. */
function checkRedirect(authorization: URL, redirectPort: number | undefined): void {
  const { port } = new URL(authorization.searchParams.get('redirect_uri') ?? '')
  if (redirectPort === undefined || Number(port || 80) === redirectPort) return
  throw new RoomkeeperError('session.failed', {
    detail: `Port ${redirectPort} of this machine is in use, and the issuer sends people back to no other.`,
  })
}

/** MSAL waits for its redirect for ever. To give up, tell it what the issuer would: that access was denied. */
async function endListening(authorization: URL): Promise<void> {
  const redirect = new URL(authorization.searchParams.get('redirect_uri') ?? '')
  redirect.hostname = '127.0.0.1'
  const state = authorization.searchParams.get('state') ?? ''
  try {
    const answer = await fetch(redirect, { method: 'POST', body: new URLSearchParams({ error: 'access_denied', state }) })
    await answer.body?.cancel()
  } catch {
    // It had ended by itself.
  }
}

function withDeviceCode(client: PublicClientApplication, { connection, invite, system, signal }: AttemptOptions) {
  if (connection.endpoints && connection.endpoints.device_authorization_endpoint === undefined) {
    throw new RoomkeeperError('session.failed', { field: 'method', detail: 'The issuer offers no device code.' })
  }
  const request = {
    scopes: [...connection.scopes],
    cancel: signal.aborted,
    deviceCodeCallback: (answer: { userCode: string; verificationUri: string; expiresIn: number }) => {
      const url = safeUrl(answer.verificationUri, 'verification_uri').href
      invite({ url, code: answer.userCode, expiresAt: system.clock.now() + answer.expiresIn * 1_000 })
    },
    // MSAL leaves out what outside Entra must be asked for to get a refresh token.
    ...(connection.endpoints ? { extraQueryParameters: { prompt: 'consent' } } : {}),
  }
  signal.addEventListener('abort', () => (request.cancel = true), { once: true })
  return Promise.race([client.acquireTokenByDeviceCode(request), aborted(signal)])
}

/** MSAL looks at `cancel` after its next pause; the person should not have to wait for that. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(new RoomkeeperError('session.failed'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
