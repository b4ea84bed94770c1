import { EntryList, IncidentList } from '../../contract/api.ts'
import { type Entry, Incident } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { EntryId, type IncidentId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { CacheReader } from '../cache/reader.ts'
import type { ServiceClient } from './http.ts'

export interface PastOptions {
  readonly reader: Pick<CacheReader, 'has'>
  readonly client: Pick<ServiceClient, 'json'>
}

/**
 * What the service has of incidents and this console's copy has let go: asked for when somebody looks at it, and not kept. Errors: as
 * `ServiceClient.ask`.
 */
export class Past {
  readonly #options: PastOptions

  constructor(options: PastOptions) {
    this.#options = options
  }

  /** An incident; undefined where the service has none that this person may see. */
  async incident(id: IncidentId): Promise<Incident | undefined> {
    try {
      return await this.#options.client.json(Incident, { path: `/v1/incidents/${id}` })
    } catch (error) {
      if (error instanceof RoomkeeperError && hidden.has(error.code)) return undefined
      throw error
    }
  }

  /** Resolved incidents of a room, the newest first. A room has one for each signal. */
  async ofRoom(room: RoomId): Promise<Incident[]> {
    const { client, reader } = this.#options
    const path = `/v1/incidents?room=${room}&status=resolved&limit=${limits.listRows}`
    const { items } = await client.json(IncidentList, { path })
    return items.filter(({ id }) => !reader.has('incident', id)).sort((one, other) => other.changedAt - one.changedAt)
  }

  /** A page of an incident's history, the newest first, of what is not here; at least one, where there is any left. */
  async entries(incident: IncidentId, after: EntryId | undefined): Promise<{ items: Entry[]; next?: EntryId }> {
    const { client, reader } = this.#options
    for (let from: string | undefined = after; ;) {
      const place: string = from === undefined ? '' : `&after=${from}`
      const page: EntryList = await client.json(EntryList, { path: `/v1/incidents/${incident}/entries?limit=${pageRows}${place}` })
      const items = page.items.filter(({ id }) => !reader.has('entry', id))
      if (page.next === undefined) return { items }
      if (items.length > 0) return { items, next: EntryId.parse(page.next) }
      from = page.next
    }
  }
}

/** What the service says of what it does not have, or does not show. */
const hidden: ReadonlySet<string> = new Set(['access.outOfScope', 'access.denied', 'incident.notFound'])

/** Entries that are asked for at once. */
const pageRows = 100
