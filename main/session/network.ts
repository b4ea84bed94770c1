import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'
import { decodeJwt } from 'jose'
import { readText } from '../../contract/answer.ts'
import { limits } from '../../contract/limits.ts'
import { pause, within } from '../../contract/timing.ts'
import type { Connection, Fetching } from './discovery.ts'

const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

export interface NetworkSettings extends Fetching {
  /** Pause between two polls of a device code where the issuer names none (RFC 8628: 5 seconds), in milliseconds. */
  devicePollMs: number
}

/** What token requests are made with beside MSAL's own. */
export interface TokenRequests {
  /** What the token is for (RFC 8707). */
  resource?: string | undefined
  /** What the issuer said of the person whose tokens are renewed. */
  keptIdToken?: (() => string | undefined) | undefined
}

/** What an issuer says no with (RFC 6749, 5.2), whatever else stands in the answer. */
const refusals: ReadonlySet<number> = new Set([400, 401, 403])
/** Errors by which an issuer says that it cannot now, not that it does not want to. */
const troubles: ReadonlySet<unknown> = new Set(['temporarily_unavailable', 'server_error'])

/**
 * MSAL's way to the issuer. Outside Entra, MSAL's device code flow departs from RFC 8628 in four places, mended here:
 * it guesses the address, sends the grant type's old name, polls without a pause when no interval is named, and gives
 * up when told to slow down.
 *
 * What the issuer's token endpoint says is told apart here: a refusal counts as one though nothing is said with it, and a
 * server that fails (5xx, 429), or somebody else's page, counts as not reached, so that it never signs anyone out. A
 * renewal need not say again who signed in (OpenID Connect Core 12.2), but MSAL keeps tokens by that: the ID token that is
 * kept stands in for the missing one.
 */
export class IssuerNetwork implements INetworkModule {
  readonly #settings: NetworkSettings
  readonly #guessed: string | undefined
  readonly #endpoints: Connection['endpoints']

  readonly #with: TokenRequests

  constructor(endpoints: Connection['endpoints'], settings: NetworkSettings, requests: TokenRequests = {}) {
    this.#settings = settings
    this.#with = requests
    this.#endpoints = endpoints
    // Exactly MSAL's own derivation, first occurrence included.
    this.#guessed = endpoints?.token_endpoint.replace('/token', '/devicecode')
  }

  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions, timeout?: number): Promise<NetworkResponse<T>> {
    return this.#send<T>('GET', url, options, timeout)
  }

  async sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    if (this.#endpoints && url.split('?')[0] === this.#guessed) return this.#deviceCode<T>(options)
    const form = new URLSearchParams(options?.body ?? '')
    if (!form.has('grant_type')) return this.#send<T>('POST', url, options)
    this.#addResource(form)
    if (this.#endpoints && form.get('grant_type') === 'device_code') form.set('grant_type', deviceCodeGrant)
    const answer = await this.#send<T>('POST', url, { ...options, body: form.toString() }, undefined, tokenAnswer)
    if (!isObject(answer.body)) return answer
    if (form.get('grant_type') === 'refresh_token') return { ...answer, body: this.#named(lasting(answer.body)) }
    if (answer.body['access_token'] !== undefined) return { ...answer, body: lasting(answer.body) }
    if (answer.body['error'] !== 'slow_down' || !this.#endpoints) return answer
    await pause(this.#settings.timers, this.#settings.devicePollMs)
    return { ...answer, body: { ...answer.body, error: 'authorization_pending' } }
  }

  /** A renewal with who signed in. */
  #named<T extends Record<string, unknown>>(renewal: T): T {
    const kept = this.#with.keptIdToken?.()
    return renewal['access_token'] === undefined || renewal['id_token'] !== undefined || kept === undefined
      ? renewal
      : { ...renewal, id_token: kept }
  }

  #addResource(form: URLSearchParams): void {
    if (this.#with.resource !== undefined) form.set('resource', this.#with.resource)
  }

  async #deviceCode<T>(options: NetworkRequestOptions | undefined): Promise<NetworkResponse<T>> {
    const address = this.#endpoints?.device_authorization_endpoint
    if (address === undefined) throw new Error('The issuer offers no device code.')
    const form = new URLSearchParams(options?.body ?? '')
    this.#addResource(form)
    const answer = await this.#send<T>('POST', address, { ...options, body: form.toString() })
    if (!isObject(answer.body) || typeof answer.body['interval'] === 'number') return answer
    return { ...answer, body: { ...answer.body, interval: this.#settings.devicePollMs / 1_000 } }
  }

  async #send<T>(
    method: 'GET' | 'POST',
    url: string,
    options?: NetworkRequestOptions,
    timeout?: number,
    read: (status: number, text: string) => T = (_, text) => JSON.parse(text),
  ): Promise<NetworkResponse<T>> {
    const { fetch, timers, timeoutMs } = this.#settings
    return within(timers, timeout ?? timeoutMs, async (signal) => {
      const response = await fetch(url, {
        method,
        headers: options?.headers ?? {},
        signal,
        redirect: 'error',
        ...(method === 'POST' ? { body: options?.body ?? '' } : {}),
      })
      const text = await readText(response.body, limits.issuerAnswerBytes)
      if (response.status >= 500 || response.status === 429) throw new Error(`The issuer answered ${response.status}.`)
      return { status: response.status, headers: Object.fromEntries(response.headers), body: read(response.status, text) }
    })
  }
}

/** What a token endpoint answered: tokens, or an error of OAuth's. @throws Error for anything else, and for its trouble */
function tokenAnswer<T>(status: number, text: string): T {
  const body = jsonIn(text)
  const error = isObject(body) ? body['error'] : undefined
  if (troubles.has(error)) throw new Error(`The issuer answered ${String(error)}.`)
  if (typeof error === 'string' && error !== '') return JSON.parse(text)
  if (refusals.has(status)) return JSON.parse(`{"error":"invalid_grant","error_description":"answered ${status}"}`)
  if (status < 200 || status > 299 || !isObject(body) || typeof body['access_token'] !== 'string')
    throw new Error(`The issuer answered ${status}, and no tokens.`)
  return JSON.parse(text)
}

const seconds = (value: unknown): number => (typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN)

/**
 * Tokens with how long they last. An issuer need not say it (RFC 6749, 5.1), and MSAL would take that for no time at all and renew at
 * every use: it stands in the access token where that can be read, whatever this machine's clock says, else a short life is taken.
 */
function lasting<T extends Record<string, unknown>>(tokens: T): T {
  if (tokens['access_token'] === undefined || seconds(tokens['expires_in']) > 0) return tokens
  return { ...tokens, expires_in: lifeIn(tokens['access_token']) ?? limits.unsaidTokenLifeMs / 1_000 }
}

/** Seconds from a token's making to its end, as it says itself. */
function lifeIn(token: unknown): number | undefined {
  try {
    const { iat, exp } = decodeJwt(String(token))
    return iat !== undefined && exp !== undefined && exp > iat ? exp - iat : undefined
  } catch {
    return undefined
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
