import { z } from 'zod'
import { AnswerTooLarge, readText } from '../../contract/answer.ts'
import { Discovery } from '../../contract/api.ts'
import { detailsOf, RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Timers } from '../../contract/system.ts'
import { within } from '../../contract/timing.ts'
import { whyUnreached } from '../../contract/wayOut.ts'

/** Where one console signs in: what its service named, and where the issuer's endpoints are. */
export const Connection = z.object({
  issuer: z.string(),
  clientId: z.string(),
  scopes: z.array(z.string()).min(1),
  redirectPort: z.int().optional(),
  resource: z.string().optional(),
  /** Absent for Entra, whose endpoints MSAL knows. */
  endpoints: z
    .object({
      issuer: z.string(),
      authorization_endpoint: z.url(),
      token_endpoint: z.url(),
      jwks_uri: z.url(),
      device_authorization_endpoint: z.url().optional(),
      end_session_endpoint: z.url().optional(),
      revocation_endpoint: z.url().optional(),
    })
    .optional(),
})
export type Connection = z.infer<typeof Connection>

const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]'])
const entraHosts = new Set(['login.microsoftonline.com', 'login.microsoftonline.us', 'login.partner.microsoftonline.cn'])

export const isLoopback = (url: URL): boolean => loopbackHosts.has(url.hostname)
export const isEntra = (issuer: string): boolean => entraHosts.has(new URL(issuer).hostname)

/** Tokens and passwords travel in the clear on loopback only. */
export function safeUrl(raw: string, field: string): URL {
  const url = URL.canParse(raw) ? new URL(raw) : undefined
  if (!url || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))) {
    throw new RoomkeeperError('session.failed', { field, detail: `${field} must be an https address (http on loopback only).` })
  }
  return url
}

export interface Fetching {
  fetch: typeof fetch
  timeoutMs: number
  timers: Timers
}

/** GET of a JSON document, parsed by its schema. Errors: network.offline, session.failed. */
async function getJson<T extends z.ZodType>(url: string, schema: T, { fetch, timeoutMs, timers }: Fetching): Promise<z.output<T>> {
  let response: Response
  let text: string
  try {
    ;[response, text] = await within(timers, timeoutMs, async (signal) => {
      const answer = await fetch(url, { signal, headers: { accept: 'application/json' }, redirect: 'error' })
      return [answer, await readText(answer.body, limits.issuerAnswerBytes)]
    })
  } catch (error) {
    if (error instanceof AnswerTooLarge)
      throw new RoomkeeperError('session.failed', { detail: `${new URL(url).pathname} answered too much.` }, error)
    throw new RoomkeeperError('network.offline', { detail: whyUnreached(url, error) }, error)
  }
  if (response.status >= 500)
    throw new RoomkeeperError('network.offline', { detail: `${new URL(url).pathname} answered ${response.status}.` })
  if (!response.ok) throw new RoomkeeperError('session.failed', { detail: `${new URL(url).pathname} answered ${response.status}.` })
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (error) {
    throw new RoomkeeperError('session.failed', { detail: `${new URL(url).pathname} did not answer with JSON.` }, error)
  }
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw new RoomkeeperError('session.failed', { ...detailsOf(parsed.error) })
  return parsed.data
}

/** What the service says of itself. Errors: network.offline, session.failed (not a Roomkeeper service). */
export function discover(service: string, fetching: Fetching): Promise<Discovery> {
  const base = safeUrl(service, 'service')
  return getJson(new URL('/.well-known/roomkeeper', base).href, Discovery, fetching)
}

/**
 * Resolves the issuer that the service named (ACC-1: any OpenID Connect issuer). The issuer must call itself by the
 * name the service gave, and all its endpoints must be safe to send tokens to.
 */
export async function connectionOf(discovery: Discovery, fetching: Fetching): Promise<Connection> {
  const issuer = safeUrl(discovery.issuer, 'issuer')
  const scopes = discovery.scope.split(/\s+/u).filter((scope) => scope !== '')
  const { clientId, redirectPort, resource } = discovery
  const base = { issuer: discovery.issuer, clientId, scopes, redirectPort, resource }
  if (isEntra(discovery.issuer)) return Connection.parse(base)
  const address = `${issuer.href.replace(/\/+$/u, '')}/.well-known/openid-configuration`
  const endpoints = await getJson(address, Connection.shape.endpoints.unwrap(), fetching)
  if (endpoints.issuer !== discovery.issuer) {
    throw new RoomkeeperError('session.failed', {
      field: 'issuer',
      detail: 'The issuer calls itself by another name than the service does.',
    })
  }
  for (const [field, value] of Object.entries(endpoints)) safeUrl(value, field)
  return Connection.parse({ ...base, endpoints })
}
