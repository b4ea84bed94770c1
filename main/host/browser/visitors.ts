import { createHash, timingSafeEqual } from 'node:crypto'
import { limits } from '../../../contract/limits.ts'
import type { Clock, Random, System } from '../../../contract/system.ts'

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Whether two secrets are the same, in a time that says nothing of either. */
export const sameSecret = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))

/** Secrets that were given out, by their hash: all are compared, each in constant time. The oldest goes first. */
class Given {
  #kept: { hash: Buffer; until: number }[] = []
  readonly #max: number
  readonly #random: Random
  constructor(max: number, random: Random) {
    this.#max = max
    this.#random = random
  }
  make(until: number): string {
    const secret = this.#random.bytes(32).toString('base64url')
    this.#kept = [...this.#kept, { hash: digest(secret), until }].slice(-this.#max)
    return secret
  }
  knows(secret: string, now: number): boolean {
    const hash = digest(secret)
    return this.#kept.filter((one) => timingSafeEqual(one.hash, hash) && one.until > now).length > 0
  }
  forget(secret: string): void {
    const hash = digest(secret)
    this.#kept = this.#kept.filter((one) => !timingSafeEqual(one.hash, hash))
  }
  forgetAll(): void {
    this.#kept = []
  }
}

/**
 * Who may use this console: whoever brings a link's token (which works once) gets a secret for the tab it was opened in.
 * It ends with the next sign-out and with this run of the host: another program that takes the port later, and is asked
 * by a tab that was left open, learns nothing that works.
 */
export class Visitors {
  readonly #links: Given
  readonly #tabs: Given
  readonly #clock: Clock

  constructor({ clock, random }: Pick<System, 'clock' | 'random'>) {
    this.#links = new Given(limits.consoleLinks, random)
    this.#tabs = new Given(limits.consoleTabs, random)
    this.#clock = clock
  }

  /** The token of a new link. */
  link(): string {
    return this.#links.make(this.#clock.now() + limits.consoleLinkMs)
  }

  /** A tab's secret for a link's token; undefined where the token is unknown, used or too old. */
  enter(token: string): string | undefined {
    if (!this.#links.knows(token, this.#clock.now())) return undefined
    this.#links.forget(token)
    return this.tab()
  }

  /** A secret for a tab that is in already. */
  tab(): string {
    return this.#tabs.make(Number.POSITIVE_INFINITY)
  }

  isIn(secret: string | undefined): boolean {
    return secret !== undefined && this.#tabs.knows(secret, this.#clock.now())
  }

  /** Every tab's secret ends. Links that were not used yet stay good. */
  endTabs(): void {
    this.#tabs.forgetAll()
  }
}
