import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'
import { setTimeout as pause } from 'node:timers/promises'
import { readText } from '../../contract/answer.ts'
import { limits } from '../../contract/limits.ts'
import type { Connection, Fetching } from './discovery.ts'

const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

export interface NetworkSettings extends Fetching {
  /** Pause between two polls of a device code where the issuer names none (RFC 8628: 5 seconds), in milliseconds. */
  devicePollMs: number
}

/**
 * MSAL's way to the issuer. Outside Entra, MSAL's device code flow departs from RFC 8628 in four places, mended here:
 * it guesses the address, sends the grant type's old name, polls without a pause when no interval is named, and gives
 * up when told to slow down. A server that fails (5xx, 429) counts as not reached, so that it never signs anyone out.
 */
export class IssuerNetwork implements INetworkModule {
  readonly #settings: NetworkSettings
  readonly #guessed: string | undefined
  readonly #endpoints: Connection['endpoints']

  constructor(endpoints: Connection['endpoints'], settings: NetworkSettings) {
    this.#settings = settings
    this.#endpoints = endpoints
    // Exactly MSAL's own derivation, first occurrence included.
    this.#guessed = endpoints?.token_endpoint.replace('/token', '/devicecode')
  }

  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions, timeout?: number): Promise<NetworkResponse<T>> {
    return this.#send<T>('GET', url, options, timeout)
  }

  async sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    if (!this.#endpoints) return this.#send<T>('POST', url, options)
    if (url.split('?')[0] === this.#guessed) return this.#deviceCode<T>(options)
    const form = new URLSearchParams(options?.body ?? '')
    if (form.get('grant_type') !== 'device_code') return this.#send<T>('POST', url, options)
    form.set('grant_type', deviceCodeGrant)
    const answer = await this.#send<T>('POST', url, { ...options, body: form.toString() })
    if (!isObject(answer.body) || answer.body['error'] !== 'slow_down') return answer
    await pause(this.#settings.devicePollMs)
    return { ...answer, body: { ...answer.body, error: 'authorization_pending' } }
  }

  async #deviceCode<T>(options: NetworkRequestOptions | undefined): Promise<NetworkResponse<T>> {
    const address = this.#endpoints?.device_authorization_endpoint
    if (address === undefined) throw new Error('The issuer offers no device code.')
    const answer = await this.#send<T>('POST', address, options)
    if (!isObject(answer.body) || typeof answer.body['interval'] === 'number') return answer
    return { ...answer, body: { ...answer.body, interval: this.#settings.devicePollMs / 1_000 } }
  }

  async #send<T>(method: 'GET' | 'POST', url: string, options?: NetworkRequestOptions, timeout?: number): Promise<NetworkResponse<T>> {
    const response = await this.#settings.fetch(url, {
      method,
      headers: options?.headers ?? {},
      signal: AbortSignal.timeout(timeout ?? this.#settings.timeoutMs),
      redirect: 'error',
      ...(method === 'POST' ? { body: options?.body ?? '' } : {}),
    })
    const text = await readText(response.body, limits.issuerAnswerBytes)
    if (response.status >= 500 || response.status === 429) throw new Error(`The issuer answered ${response.status}.`)
    const body: T = JSON.parse(text)
    return { status: response.status, headers: Object.fromEntries(response.headers), body }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
