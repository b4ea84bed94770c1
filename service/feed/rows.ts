import { Kind } from '../../contract/entities.ts'
import type { Cursor, FeedToConsole } from '../../contract/feed.ts'
import type { StoredRow } from '../ground/store/documents.ts'
import { isVisible, type Reach, type Visible, visibleOf } from '../ground/store/reader.ts'

type Text = Omit<StoredRow, 'seq' | 'owner'>

/** A row as it goes to consoles. The document's text is passed on as it is stored, never made again. */
export function rowText(row: Text): string {
  const { body } = row
  return body === null ? `${headOf(row)}}` : `${headOf(row)},"doc":${body}}`
}

/** The same for a console that has the revision before. */
export const differenceText = (row: Text & { readonly difference: string | null }): string =>
  row.difference === null || row.body === null ? rowText(row) : `${headOf(row)},"difference":${row.difference}}`

function headOf({ kind, id, room, rev }: Text): string {
  return `{"kind":"${kind}","id":${JSON.stringify(id)},"room":${room === null ? 'null' : `"${room}"`},"rev":${rev}`
}

export function batchText(scope: number, from: Cursor, to: Cursor, rows: string, behind: number): string {
  return `{"type":"batch","scope":${scope},"from":"${from}","to":"${to}","rows":[${rows}],"behind":${behind}}`
}

/** What one person may see, worked out once per scope and not per row. */
export class Sight {
  readonly #visible: ReadonlyMap<Kind, Visible>
  /** Sees whatever belongs to a room. */
  readonly everyRoom: boolean

  constructor(reach: Reach) {
    this.#visible = new Map(Kind.options.map((kind) => [kind, visibleOf(reach, kind)]))
    this.everyRoom = roomKinds.every((kind) => this.#visible.get(kind) === 'all')
  }

  sees(row: Pick<StoredRow, 'kind' | 'id' | 'room' | 'owner' | 'body'>): boolean {
    return isVisible(this.#visible.get(row.kind) ?? 'none', row)
  }

  /** The rooms that are visible per kind, as a `scope` message names them; a kind that is not in it has none. */
  rooms(): Extract<FeedToConsole, { type: 'scope' }>['rooms'] {
    const rooms: Extract<FeedToConsole, { type: 'scope' }>['rooms'] = {}
    for (const [kind, visible] of this.#visible) {
      // Where one may not see all requests, all of them go; one's own, and those that one decides, come back with the snapshot.
      if (visible === 'none' || (kind === 'request' && visible !== 'all')) continue
      rooms[kind] = visible !== 'all' && 'rooms' in visible ? [...visible.rooms] : 'all'
    }
    return rooms
  }
}

const roomKinds: readonly Kind[] = ['room', 'device', 'incident', 'entry']
