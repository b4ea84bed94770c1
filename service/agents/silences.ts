import type { RoomId, TenantId } from '../../contract/ids.ts'

export interface Silence {
  readonly tenant: TenantId
  readonly room: RoomId
  readonly lastContactAt: number
  /** Not named before this (UTC ms). */
  readonly notBefore?: number
}

/**
 * Rooms that nobody is connected for and that are not called disconnected yet. Only those are kept, so that it costs
 * nothing while all is well.
 */
export class Silences {
  readonly #afterMs: number
  #notBefore: number
  readonly #rooms = new Map<RoomId, Silence>()

  /** `afterMs`: how long a silence may last; `notBefore`: until when the service itself was not up long enough to say so. */
  constructor(afterMs: number, notBefore: number) {
    this.#afterMs = afterMs
    this.#notBefore = notBefore
  }

  expect(tenant: TenantId, room: RoomId, lastContactAt: number): void {
    this.#rooms.set(room, { tenant, room, lastContactAt })
  }

  /** It was named, and nobody could be told: it is named again, from `notBefore` on, unless the room was there since and is silent anew. */
  again({ tenant, room, lastContactAt }: Silence, notBefore = 0): void {
    if (this.#rooms.has(room)) return
    this.#rooms.set(room, { tenant, room, lastContactAt, ...(notBefore > 0 ? { notBefore } : {}) })
  }

  /** The service was away: nothing counts as silence before this. */
  hold(notBefore: number): void {
    this.#notBefore = Math.max(this.#notBefore, notBefore)
  }

  /** The service's clock was set by so much: `moved` says what a date is by it now. */
  shift(moved: (at: number) => number, byMs: number): void {
    this.#notBefore += byMs
    for (const [room, silence] of this.#rooms) {
      const { lastContactAt, notBefore } = silence
      const from = notBefore === undefined ? {} : { notBefore: notBefore + byMs }
      this.#rooms.set(room, { ...silence, lastContactAt: moved(lastContactAt), ...from })
    }
  }

  arrived(room: RoomId): void {
    this.#rooms.delete(room)
  }

  /** Rooms whose silence lasts too long now; each is named once. */
  due(now: number): Silence[] {
    if (now < this.#notBefore) return []
    const found: Silence[] = []
    for (const silence of this.#rooms.values()) {
      if (now - silence.lastContactAt < this.#afterMs || now < (silence.notBefore ?? 0)) continue
      found.push(silence)
      this.#rooms.delete(silence.room)
    }
    return found
  }
}
