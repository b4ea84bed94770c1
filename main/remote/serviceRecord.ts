import { RoomkeeperError } from '../../contract/errors.ts'
import type { SessionId } from '../../contract/ids.ts'
import { type SessionEnd, SessionEndRequest, SessionRecord } from '../../contract/remote.ts'
import type { Timers } from '../../contract/system.ts'
import { pause } from '../../contract/timing.ts'
import type { Log } from '../log.ts'
import type { ServiceClient } from '../sync/http.ts'

/** How often the service is asked why a session ended. */
const askMs = 1_000
const asks = 3

export interface RecordParts {
  readonly client: Pick<ServiceClient, 'json'>
  readonly clock: Timers
  readonly log: Log
}

/** What the service has of one session's end, and is told of it. */
export class ServiceRecord {
  readonly #id: SessionId
  readonly #parts: RecordParts

  constructor(id: SessionId, parts: RecordParts) {
    this.#id = id
    this.#parts = parts
  }

  /** Says to the service that it is over. Answers what the service has as the reason; never rejects. */
  async tellEnd(reason: SessionEnd): Promise<SessionEnd | undefined> {
    const { client, log } = this.#parts
    const body = SessionEndRequest.safeParse({ reason })
    try {
      const { end } = await client.json(SessionRecord, {
        method: 'POST',
        path: `/v1/sessions/${this.#id}/end`,
        ...(body.success ? { body: body.data } : {}),
      })
      return end ?? undefined
    } catch (error) {
      log.info({ session: this.#id, code: codeOf(error) }, 'the service was not told that a remote session is over')
      return undefined
    }
  }

  /** Why it ended, as the service has it, which may need a moment to know; never rejects. */
  async whyEnded(): Promise<SessionEnd | undefined> {
    const { client, clock, log } = this.#parts
    for (let n = 0; n < asks; n++) {
      if (n > 0) await pause(clock, askMs)
      try {
        const { end } = await client.json(SessionRecord, { path: `/v1/sessions/${this.#id}` })
        if (end !== null) return end
      } catch (error) {
        log.info({ session: this.#id, code: codeOf(error) }, 'why a remote session ended could not be asked')
      }
    }
    return undefined
  }
}

const codeOf = (error: unknown): string => (error instanceof RoomkeeperError ? error.code : 'console.failed')
