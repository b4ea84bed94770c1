import type { Doc, Kind } from '../../../contract/entities.ts'
import type { PersonId, RoomId } from '../../../contract/ids.ts'

/** Where a document belongs, read from the document itself so that no caller can say something else. */
export interface Belonging {
  readonly room: RoomId | null
  readonly owner: PersonId | null
  /** The short word that lists filter by. */
  readonly state: string | null
}

const nowhere: Belonging = { room: null, owner: null, state: null }

const belongings: { readonly [K in Kind]: (doc: Doc<K>) => Belonging } = {
  tenant: () => nowhere,
  settings: () => nowhere,
  me: (doc) => ({ ...nowhere, owner: doc.id }),
  receipt: (doc) => ({ ...nowhere, owner: doc.person }),
  room: (doc) => ({ room: doc.id, owner: null, state: doc.lifecycle }),
  device: (doc) => ({ room: doc.id, owner: null, state: null }),
  incident: (doc) => ({ room: doc.room, owner: null, state: doc.status }),
  entry: (doc) => ({ room: doc.room, owner: null, state: doc.incident }),
  policy: () => nowhere,
  request: (doc) => ({ room: (doc.rooms === 'all' ? undefined : doc.rooms?.[0]) ?? null, owner: doc.by.id, state: doc.status }),
  notice: (doc) => ({ ...nowhere, owner: doc.person }),
}

export function belongingOf<K extends Kind>(kind: K, doc: Doc<K>): Belonging {
  return belongings[kind](doc)
}

/** Kinds whose documents are made once and never changed: their revision is always 1. */
export const unchanging: ReadonlySet<Kind> = new Set<Kind>(['entry', 'receipt'])

/** A document as it is stored. `body` is its JSON, or null when it was removed. */
export interface StoredRow {
  readonly kind: Kind
  readonly id: string
  readonly room: RoomId | null
  readonly owner: PersonId | null
  readonly rev: number
  readonly seq: number
  readonly body: string | null
}

/** Bodies were made by `put` from a typed document, and nobody else writes them. */
export function parse<K extends Kind>(body: string): Doc<K> {
  const doc: Doc<K> = JSON.parse(body)
  return doc
}

export function stored(row: Omit<StoredRow, 'body'> & { deleted: number; body: string }): StoredRow {
  const { kind, id, room, owner, rev, seq } = row
  return { kind, id, room, owner, rev, seq, body: row.deleted ? null : row.body }
}
