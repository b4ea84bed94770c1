import { createHash } from 'node:crypto'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { Clock } from '../../contract/system.ts'

/** Buckets kept; the one least recently used goes first, which only ever lets its owner do more. */
const bucketsKept = 20_000

interface Bucket {
  tokens: number
  filledAt: number
}

/** A bucket per address, person, tenant or key. It holds a minute's worth and refills steadily. */
export class RateLimit {
  readonly #perMinute: number
  readonly #clock: Pick<Clock, 'now'>
  readonly #buckets = new Map<string, Bucket>()

  constructor(perMinute: number, clock: Pick<Clock, 'now'>) {
    this.#perMinute = perMinute
    this.#clock = clock
  }

  /** @throws RoomkeeperError rate.limited, with `retryAfter` in seconds. */
  take(owner: string): void {
    const key = createHash('sha256').update(owner).digest('base64url')
    const now = this.#clock.now()
    const known = this.#buckets.get(key)
    const perMs = this.#perMinute / 60_000
    const bucket = known ?? { tokens: this.#perMinute, filledAt: now }
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + Math.max(0, now - bucket.filledAt) * perMs)
    bucket.filledAt = now
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > bucketsKept) this.#buckets.delete(this.#buckets.keys().next().value ?? '')
    if (bucket.tokens < 1) {
      throw new RoomkeeperError('rate.limited', { params: { retryAfter: Math.max(1, Math.ceil((1 - bucket.tokens) / perMs / 1000)) } })
    }
    bucket.tokens -= 1
  }
}
