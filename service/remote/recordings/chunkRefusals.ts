import type { SessionId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'

/** Sessions whose refusals are counted. Full: the one counted longest is forgotten, which may try anew. */
const sessionsKept = 10_000

/**
 * Counts chunks that were looked through for nothing: after `limits.recordingRefusals` of one session its recording is over, so
 * that a device cannot have the threads look through the same bytes for ever (rule 13). In memory only: a restart of the service
 * gives a recording as many tries anew, which costs little and is nothing that a device can bring about.
 */
export class ChunkRefusals {
  readonly #counts = new Map<SessionId, number>()

  /** Whether nothing more of this recording is taken. */
  isOver(session: SessionId): boolean {
    return (this.#counts.get(session) ?? 0) >= limits.recordingRefusals
  }

  /** One more. True where it is the one that ends the recording. */
  add(session: SessionId): boolean {
    const count = (this.#counts.get(session) ?? 0) + 1
    this.#counts.set(session, count)
    const [oldest] = this.#counts.size > sessionsKept ? this.#counts.keys() : []
    if (oldest !== undefined) this.#counts.delete(oldest)
    return count === limits.recordingRefusals
  }
}
