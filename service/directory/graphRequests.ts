import { z } from 'zod'
import { readJson } from '../../contract/answer.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'
import { inTime, within, pause } from '../../contract/timing.ts'
import { whyUnreached } from '../../contract/wayOut.ts'
import type { Logger } from '../ground/ops/log.ts'
import type { GraphToken } from './graphToken.ts'

export interface GraphRequestsOptions {
  /** `https://graph.microsoft.com/v1.0` */
  readonly url: string
  readonly token: GraphToken
  readonly log: Logger
  readonly clock: Clock
  /** One request, and all of one reading with its pauses (ms). */
  readonly requestMs?: number
  readonly readMs?: number
  /** Waits so many ms while a directory asks for it. */
  readonly wait?: (ms: number) => Promise<void>
}

export interface GraphRequest {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Makes it a POST. */
  readonly body?: object
  /** Search, filters and casts on directory objects want the index (ConsistencyLevel: eventual). */
  readonly indexed?: boolean
}

const Page = z.object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().optional() })
const GraphError = z.object({ error: z.object({ code: z.string().max(200) }) })

/** One reading: everything that belongs to it ends by `until`. */
interface Reading {
  readonly directory: string
  readonly indexed: boolean
  readonly body: object | undefined
  readonly until: number
}

/**
 * Requests to Microsoft Graph: authenticated, bounded in time and size, put off as long as Graph asks for (429, 503),
 * page by page, and never to another host than Graph's own.
 */
export class GraphRequests {
  readonly #options: GraphRequestsOptions
  readonly #base: string
  readonly #requestMs: number
  readonly #readMs: number
  /** Directories that asked not to be asked, and until when (ms): asking earlier would make it longer. */
  readonly #notBefore = new Map<string, number>()

  constructor(options: GraphRequestsOptions) {
    this.#options = options
    this.#base = options.url.replace(/\/+$/u, '')
    this.#requestMs = options.requestMs ?? limits.directoryRequestMs
    this.#readMs = options.readMs ?? limits.directoryReadMs
  }

  /**
   * The items of a collection, page after page, until there are `enough`. `patient`: a reading in the background,
   * which may wait for longer than one request.
   * @throws RoomkeeperError directory.unavailable, directory.notFound
   */
  async list<T extends z.ZodType>(
    directory: string,
    request: GraphRequest,
    item: T,
    enough: number,
    patient = false,
  ): Promise<{ items: z.output<T>[]; more: boolean }> {
    const reading: Reading = {
      directory,
      indexed: request.indexed ?? false,
      body: request.body,
      until: this.#options.clock.now() + (patient ? this.#readMs : this.#requestMs),
    }
    const items: z.output<T>[] = []
    let address: URL | undefined = this.#address(request)
    for (let pages = 0; address && items.length <= enough; pages += 1) {
      if (pages === limits.directoryPages) throw unavailable('The answer has too many pages.')
      const page = Page.safeParse(await this.#ask(address, reading))
      if (!page.success) throw unavailable('The answer is not a list.')
      const parsed = z.array(item).safeParse(page.data.value)
      if (!parsed.success) throw unavailable('The answer has another form than documented.')
      items.push(...parsed.data)
      address = this.#next(page.data['@odata.nextLink'])
    }
    return { items: items.slice(0, enough), more: items.length > enough || address !== undefined }
  }

  #address({ path, query = {} }: GraphRequest): URL {
    const address = new URL(`${this.#base}${path}`)
    // Graph takes %20 everywhere, "+" not.
    address.search = Object.entries(query)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join('&')
    return address
  }

  /** The next page is followed on Graph's own origin only: the token goes along. */
  #next(link: string | undefined): URL | undefined {
    if (link === undefined) return undefined
    const address = URL.parse(link)
    if (address?.origin !== new URL(this.#base).origin || address.username !== '' || address.password !== '') {
      throw unavailable('The next page is said to be at another host; it was not followed.')
    }
    return address
  }

  async #ask(address: URL, reading: Reading): Promise<unknown> {
    let fresh = false
    for (let tries = 1; ; tries += 1) {
      await this.#waitFor(reading)
      const token = await this.#within(reading, this.#options.token(reading.directory, fresh))
      const { answer, body } = await this.#send(address, token, reading)
      if (answer.ok) return body
      const code = codeIn(body)
      // Of Graph itself: a proxy, or a wrong address, must not make groups look gone.
      if (answer.status === 404 && code !== '') throw new RoomkeeperError('directory.notFound')
      this.#options.log.warn(
        { status: answer.status, code, request: answer.headers.get('request-id'), tries },
        'the directory refused a request',
      )
      if (tries >= limits.directoryTries) throw unavailable(`It answered ${answer.status} again and again.`)
      if (answer.status === 401 && !fresh) fresh = true
      else if (answer.status === 429 || answer.status >= 500) this.#putOff(reading.directory, answer.headers.get('retry-after'), tries)
      else throw unavailable(`It answered ${answer.status} (${code}).`, undefined, answer.status)
    }
  }

  /** The answer with what it says; undefined where it is none that counts, and cannot be read. */
  async #send(address: URL, token: string, { indexed, body, until }: Reading): Promise<{ answer: Response; body: unknown }> {
    const ms = Math.min(this.#requestMs, until - this.#options.clock.now())
    if (ms <= 0) throw unavailable('It took too long.')
    return within(this.#options.clock, ms, async (signal) => {
      const options: RequestInit = {
        method: body ? 'POST' : 'GET',
        redirect: 'error',
        signal,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(indexed ? { consistencylevel: 'eventual' } : {}),
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }
      const answer = await fetch(address, options).catch((error: unknown) => {
        throw unavailable(whyUnreached(address, error), error)
      })
      const read = await readJson(answer.body, limits.directoryPageBytes).catch((error: unknown) => {
        if (answer.ok) throw unavailable('Its answer could not be read.', error)
      })
      return { answer, body: read }
    })
  }

  #putOff(directory: string, retryAfter: string | null, tries: number): void {
    const now = this.#options.clock.now()
    this.#notBefore.set(directory, now + (retryAfterMs(retryAfter, now) ?? limits.retryFirstMs * 2 ** tries))
  }

  /** Waits while the directory asked for it; where that is longer than this reading may take, it fails at once. */
  async #waitFor({ directory, until }: Reading): Promise<void> {
    const notBefore = this.#notBefore.get(directory)
    if (notBefore === undefined) return
    const ms = notBefore - this.#options.clock.now()
    if (notBefore >= until) throw unavailable('It asks not to be asked for a while.')
    if (ms > 0) await (this.#options.wait ?? ((wait) => pause(this.#options.clock, wait)))(ms)
    this.#notBefore.delete(directory)
  }

  /** A token that does not come in time counts as a directory that is not reached. */
  async #within<T>({ until }: Reading, work: Promise<T>): Promise<T> {
    const { clock } = this.#options
    return inTime(clock, Math.max(0, until - clock.now()), work, () => {
      throw unavailable('Its issuer does not answer.')
    })
  }
}

/** Graph's word for what is wrong; nothing of its text, which may name people. */
function codeIn(body: unknown): string {
  const parsed = GraphError.safeParse(body)
  return parsed.success ? parsed.data.error.code : ''
}

/** `status`: of an answer that will be the same again, so that what else is asked need not wait for this. */
const unavailable = (detail: string, cause?: unknown, status?: number): RoomkeeperError =>
  new RoomkeeperError(
    'directory.unavailable',
    { detail: `The directory cannot be read. ${detail}`, ...(status === undefined ? {} : { params: { status } }) },
    cause,
  )

/** Retry-After in ms from now: seconds, or a date. Undefined where it says neither. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/u.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
