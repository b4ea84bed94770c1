import { createHash, randomBytes } from 'node:crypto'
import { limits } from '../../../contract/limits.ts'

const digest = (secret: string): string => createHash('sha256').update(secret).digest('base64')
const secretOf = (): string => randomBytes(32).toString('base64url')

/** Secrets that were given out, by their hash: what is compared says nothing of the secret. The oldest goes first. */
class Given {
  readonly #until = new Map<string, number>()
  readonly #max: number
  constructor(max: number) {
    this.#max = max
  }
  make(until: number): string {
    const secret = secretOf()
    this.#until.set(digest(secret), until)
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= this.#max) break
      this.#until.delete(oldest)
    }
    return secret
  }
  knows(secret: string, now: number): boolean {
    return (this.#until.get(digest(secret)) ?? -1) > now
  }
  forget(secret: string): void {
    this.#until.delete(digest(secret))
  }
}

/**
 * Who may use this console: whoever brings a link's token (which works once) gets a cookie, for this run of the host
 * only. A cookie that outlived the run could be read by another program that takes the port meanwhile.
 */
export class Visitors {
  readonly #links = new Given(limits.consoleLinks)
  readonly #cookies = new Given(limits.consoleSessions)
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** The token of a new link. */
  link(): string {
    return this.#links.make(this.#now() + limits.consoleLinkMs)
  }

  /** A cookie's value for a link's token; undefined where the token is unknown, used or too old. */
  enter(token: string): string | undefined {
    if (!this.#links.knows(token, this.#now())) return undefined
    this.#links.forget(token)
    return this.#cookies.make(Number.POSITIVE_INFINITY)
  }

  isIn(cookie: string | undefined): boolean {
    return cookie !== undefined && this.#cookies.knows(cookie, this.#now())
  }
}

/** The value of one cookie of a request, where it is there exactly once. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  return values.length === 1 ? values[0] : undefined
}
