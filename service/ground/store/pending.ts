import type { Doc, Kind } from '../../../contract/entities.ts'
import type { PersonId, RoomId, TenantId } from '../../../contract/ids.ts'

/** A document that waits for the commit. */
export interface Pending {
  readonly tenant: TenantId
  readonly kind: Kind
  readonly id: string
  readonly room: RoomId | null
  readonly owner: PersonId | null
  readonly state: string | null
  /** The document's JSON; null removes it. */
  readonly body: string | null
  /** What is other than in the document as it is committed now, as JSON; null: it is told as a whole. */
  readonly difference: string | null
}

export type Documents = { readonly [K in Kind]: Map<string, Doc<K>> }

export const emptyDocuments = (): Documents => ({
  tenant: new Map(),
  me: new Map(),
  settings: new Map(),
  room: new Map(),
  device: new Map(),
  incident: new Map(),
  entry: new Map(),
  receipt: new Map(),
  policy: new Map(),
  request: new Map(),
  notice: new Map(),
})

export const keyOf = (kind: Kind, id: string): string => `${kind}/${id}`
