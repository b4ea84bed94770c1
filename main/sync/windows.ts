import type { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { type Transition, TransitionPage, type TransitionPlace } from '../../contract/transitions.ts'
import type { CacheReader } from '../cache/reader.ts'
import type { WindowNews } from '../cache/windows.ts'
import type { Log } from '../log.ts'
import type { ServiceTime } from '../serviceTime.ts'
import type { ServiceClient } from './http.ts'

export interface WindowsOptions {
  readonly reader: CacheReader
  readonly client: Pick<ServiceClient, 'json'>
  /** Writes what was fetched into the cache. */
  readonly write: (news: WindowNews) => Promise<void>
  readonly used: (room: RoomId) => Promise<void>
  readonly clock: ServiceTime
  readonly log: Log
}

/**
 * The histories of rooms that somebody looks at: fetched when they are, and again when the room has changed since. Whatever happened to a
 * room changes its document, so that a revision says whether there is more.
 */
export class Windows {
  /** Whether the service is reached; nothing is asked for otherwise. */
  online = false
  readonly #options: WindowsOptions
  readonly #running = new Map<RoomId, Promise<boolean>>()
  readonly #fetchedAt = new Map<RoomId, number>()

  constructor(options: WindowsOptions) {
    this.#options = options
  }

  /**
   * Somebody looks at a room's history. Waits for it where nothing of it is here; what is only older is fetched meanwhile, and told as a
   * change of the room. False: what is here may be older than the room, or nothing, and nothing else can be had now.
   */
  async want(room: RoomId): Promise<boolean> {
    const { reader, used, clock } = this.#options
    const known = reader.window(room)
    if (known !== undefined && clock.now() - known.usedAt > usedEveryMs) await used(room)
    if (known !== undefined && known.rev === reader.revision('room', room)) return true
    if (!this.online) return false
    const fetched = this.#refresh(room)
    return known === undefined ? fetched : true
  }

  /** What is older than what is here, from the service. Errors: as `ServiceClient.ask`. */
  async older(room: RoomId, before: TransitionPlace | undefined): Promise<TransitionPage> {
    return this.#page(room, { before, limit: olderRows })
  }

  #refresh(room: RoomId): Promise<boolean> {
    const running = this.#running.get(room)
    if (running !== undefined) return running
    const { log } = this.#options
    const fetched = this.#rest(room)
      .then(() => this.#fetch(room))
      .then(
        () => true,
        (error: unknown) => {
          log.debug({ error: String(error) }, "a room's history could not be fetched")
          return false
        },
      )
      .finally(() => this.#running.delete(room))
    this.#running.set(room, fetched)
    return fetched
  }

  /** A room that changes all the time is not asked about all the time. */
  async #rest(room: RoomId): Promise<void> {
    const { clock } = this.#options
    const waitMs = (this.#fetchedAt.get(room) ?? Number.NEGATIVE_INFINITY) + limits.windowEveryMs - clock.steady()
    if (waitMs > 0) await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
    this.#fetchedAt.delete(room)
    this.#fetchedAt.set(room, clock.steady())
    for (const oldest of this.#fetchedAt.keys()) {
      if (this.#fetchedAt.size <= kept.windowRooms) break
      this.#fetchedAt.delete(oldest)
    }
  }

  async #fetch(room: RoomId): Promise<void> {
    const { reader, write } = this.#options
    // Read before it is asked for: what happens meanwhile makes it older again.
    const rev = reader.revision('room', room)
    if (rev === undefined) return
    const known = reader.window(room)
    const news = known === undefined ? undefined : await this.#pages(room, Math.max(0, known.receivedAt - overlapMs))
    // More news than fit: the newest of all, so that nothing is missing in between.
    if (news !== undefined && news.whole) await write({ room, rev, items: news.items, anew: false })
    else await write({ room, rev, items: (await this.#pages(room)).items, anew: true })
  }

  async #pages(room: RoomId, since?: number): Promise<{ items: Transition[]; whole: boolean }> {
    const from = Math.max(0, Math.floor(this.#options.clock.now() - kept.windowDays * dayMs))
    const items: Transition[] = []
    let before: TransitionPlace | undefined
    do {
      const page = await this.#page(room, { from, since, before, limit: limits.listRows })
      items.push(...page.items)
      before = page.next
    } while (before !== undefined && items.length < limits.windowRows)
    return { items, whole: before === undefined }
  }

  async #page(room: RoomId, query: Readonly<Record<string, string | number | undefined>>): Promise<TransitionPage> {
    const asked = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    return this.#options.client.json(TransitionPage, { path: `/v1/rooms/${room}/transitions?${asked.join('&')}` })
  }
}

/** Rows of older history that are asked for at once. */
const olderRows = 100
/** That a room is looked at is noted this often. */
const usedEveryMs = 3_600_000
/** Asked for again, against a clock of the service that was set back: what is here already changes nothing. */
const overlapMs = 60_000
