import type { z } from 'zod'
import { AnswerTooLarge, readBytes } from '../../contract/answer.ts'
import { Problem, RoomkeeperError } from '../../contract/errors.ts'
import type { TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { tenantHeader } from '../../contract/policyApi.ts'
import type { Timers } from '../../contract/system.ts'
import type { AccessToken, Session } from '../platform.ts'
import { codeOfNew } from './ends.ts'

/** The console's side of the service's HTTP interface: time limits, size limits, problems as errors. */

export interface Ask {
  method?: 'GET' | 'POST'
  /** Under the service's root, with its query. */
  path: string
  body?: unknown
  /** A larger answer is given up. Bytes. */
  atMostBytes?: number
  /** How long the head of the answer may take (ms); left out: `consoleRequestMs`. */
  headMs?: number
  /** Answered without a token. */
  open?: boolean
  signal?: AbortSignal
}

export interface Answer {
  bytes: Uint8Array
  headers: Headers
}

export class ServiceClient {
  readonly #root: string
  readonly #session: Session
  readonly #timers: Timers
  readonly #tenant: TenantId | undefined

  /** `tenant`: the customer that every request is about; without it, one's own tenant. */
  constructor(service: string, session: Session, timers: Timers, tenant?: TenantId) {
    this.#root = service.replace(/\/+$/, '')
    this.#session = session
    this.#timers = timers
    this.#tenant = tenant
  }

  /**
   * Asks once; a second time with a renewed token where the first was refused.
   * Errors: `network.offline` (no answer, cut off, too slow), the service's own codes, `service.failed` for an answer
   * that is none of this service's, `request.tooLarge`, `session.none`.
   */
  async ask(ask: Ask): Promise<Answer> {
    if (ask.open === true) return this.#once(ask)
    const { token } = await this.#session.accessToken()
    try {
      return await this.#once(ask, token)
    } catch (error) {
      if (!(error instanceof RoomkeeperError) || !['auth.expired', 'auth.invalid'].includes(error.code)) throw error
      const renewed: AccessToken = await this.#session.accessToken({ renew: true })
      return await this.#once(ask, renewed.token).catch((again: unknown) => {
        throw again instanceof RoomkeeperError ? new RoomkeeperError(codeOfNew(again.code), again.details, again) : again
      })
    }
  }

  /** The answer by a schema. Errors: as `ask`, and `service.failed` where it does not fit. */
  async json<T extends z.ZodType>(schema: T, ask: Ask): Promise<z.output<T>> {
    const { bytes } = await this.ask(ask)
    const parsed = schema.safeParse(jsonOf(bytes))
    if (!parsed.success) throw new RoomkeeperError('service.failed', { detail: 'The answer does not fit its schema.' })
    return parsed.data
  }

  /** The answer as text (YAML, CSV), with its byte order mark where it has one. Errors: as `ask`. */
  async text(ask: Ask): Promise<string> {
    const { bytes } = await this.ask(ask)
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  }

  async #once(ask: Ask, token?: string): Promise<Answer> {
    const slow = new AbortController()
    let undo = this.#timers.after(ask.headMs ?? limits.consoleRequestMs, () => slow.abort())
    const alive = (): void => {
      undo()
      undo = this.#timers.after(limits.consoleRequestMs, () => slow.abort())
    }
    try {
      const response = await fetch(this.#root + ask.path, {
        method: ask.method ?? 'GET',
        headers: {
          accept: 'application/json, application/problem+json, */*;q=0.5',
          ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(this.#tenant === undefined ? {} : { [tenantHeader]: this.#tenant }),
        },
        redirect: 'error',
        signal: ask.signal === undefined ? slow.signal : AbortSignal.any([slow.signal, ask.signal]),
        ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
      })
      const bytes = await readBytes(response.body, ask.atMostBytes ?? limits.consoleAnswerBytes, alive)
      if (!response.ok) throw problemOf(response, bytes)
      return { bytes, headers: response.headers }
    } catch (error) {
      if (error instanceof RoomkeeperError) throw error
      if (error instanceof AnswerTooLarge) throw new RoomkeeperError('service.failed', { detail: 'The answer is too large.' }, error)
      throw new RoomkeeperError('network.offline', {}, error)
    } finally {
      undo()
    }
  }
}

/** The service's own problem. Anything else (a proxy's page) says that the service is not to be had this way. */
function problemOf(response: Response, bytes: Uint8Array): RoomkeeperError {
  const parsed = Problem.safeParse(jsonOf(bytes))
  if (!parsed.success) {
    return new RoomkeeperError(response.status === 429 ? 'rate.limited' : 'service.unavailable', retryAfter(response))
  }
  const { code, field, detail, params } = parsed.data
  const wait = retryAfter(response)
  return new RoomkeeperError(code, {
    ...(field === undefined ? {} : { field }),
    ...(detail === undefined ? {} : { detail }),
    ...(params === undefined && wait.params === undefined ? {} : { params: { ...params, ...wait.params } }),
  })
}

function retryAfter(response: Response): { params?: { retryAfterMs: number } } {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? { params: { retryAfterMs: seconds * 1_000 } } : {}
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
