import type { SessionId } from '../../../contract/ids.ts'

/** A body that comes in. */
interface Body {
  readonly destroyed: boolean
  once(event: 'close', heard: () => void): unknown
  destroy(): unknown
}

/**
 * The chunks whose bodies come in, by session: a device sends one after the other, and one that drips costs its memory for as long as
 * it likes. One more than `most` ends the oldest, which may be what is left of a connection that was lost.
 */
export class Coming {
  readonly #most: number
  readonly #bodies = new Map<SessionId, Set<Body>>()

  constructor(most: number) {
    this.#most = most
  }

  add(session: SessionId, body: Body): void {
    if (body.destroyed) return
    const bodies = this.#bodies.get(session) ?? new Set()
    this.#bodies.set(session, bodies.add(body))
    body.once('close', () => {
      bodies.delete(body)
      if (bodies.size === 0 && this.#bodies.get(session) === bodies) this.#bodies.delete(session)
    })
    if (bodies.size <= this.#most) return
    const [oldest] = bodies
    if (!oldest) return
    bodies.delete(oldest)
    oldest.destroy()
  }
}
