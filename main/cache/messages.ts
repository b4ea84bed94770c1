import type { Kind } from '../../contract/entities.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { Cursor } from '../../contract/feed.ts'
import type { Unusable } from './open.ts'
import type { WindowNews } from './windows.ts'

/** What the main thread and the cache's worker say to each other. Both ends are this program: types are enough. */

/** What a write changed. `rooms` and `incidents` are absent when there is too much to name. */
export interface Change {
  kinds: Kind[]
  rooms?: string[]
  incidents?: string[]
  /** Keys of commands whose receipt came. */
  receipts: string[]
}

/** Where a snapshot stands; it survives the process and goes on where it was. */
export interface SnapshotState {
  generation: number
  /** Full: the copy had no cursor, what the snapshot does not have goes. Else it only adds rows to a live copy. */
  full: boolean
  /** Where the next page starts; null for the first. */
  after: string | null
  cursor: Cursor | null
  scope: number | null
  done: number
  total: number
  /** UTC milliseconds of the console. */
  startedAt: number
}

/** What the copy is at. */
export interface CacheState {
  cursor: Cursor | null
  scope: number | null
  /** Present while a snapshot is wanted or under way. */
  snapshot: SnapshotState | null
  /** When the copy was last known to be all there is; UTC milliseconds of the console. */
  syncedAt: number | null
}

/** `gap`: it does not start where the copy ends. `lacks`: it says what is other in a document that is not here as it was. */
export type BatchOutcome = 'applied' | 'gap' | 'lacks' | 'otherScope'

/** A feed message as the sync engine needs it, its rows already written. */
export type FeedEvent =
  | { type: 'welcome'; version: number; scope: number; beatMs: number; at?: number | undefined }
  | { type: 'snapshot' }
  | { type: 'scope'; version: number; applied: boolean }
  | { type: 'batch'; outcome: BatchOutcome; behind: number; rows: number }
  | { type: 'beat'; at: number }
  | { type: 'error'; code: ErrorCode; detail?: string; retry: boolean }
  | { type: 'malformed'; detail: string }

/**
 * `applied` (more pages follow), `finished`; `dropped`: the page belongs to a snapshot that is over; `restart`: it was
 * made under another scope or start, and the snapshot begins anew; `malformed`.
 */
export type PageEvent =
  | { type: 'applied' | 'finished'; snapshot: SnapshotState; rows: number }
  | { type: 'dropped' }
  | { type: 'restart' }
  | { type: 'malformed'; detail: string }

export type WorkerRequest =
  | { id: number; type: 'feed'; bytes: Uint8Array; now: number }
  | { id: number; type: 'page'; bytes: Uint8Array; generation: number; after: string | null; now: number }
  | { id: number; type: 'beginSnapshot'; full: boolean; now: number }
  | { id: number; type: 'restartSnapshot'; now: number }
  | { id: number; type: 'synced'; at: number }
  /** What was fetched of a room's history, or that somebody looked at it. `now`: the service's time. */
  | { id: number; type: 'window'; news: WindowNews; now: number }
  | { id: number; type: 'windowUsed'; room: string; now: number }
  | { id: number; type: 'close' }

export interface WorkerAnswer {
  id: number
  state: CacheState
  change?: Change
  /** Rows that did not fit their schema and were left out, with the first reason. */
  skipped?: { count: number; first: string }
  feed?: FeedEvent
  page?: PageEvent
  /** The write failed and was rolled back. `damaged`: the file itself is no good any more. */
  failed?: { damaged: boolean; detail: string }
}

/** Where the page after the one being written starts. */
export interface WorkerNext {
  id: number
  next: string
}

export type WorkerOpened = { type: 'opened'; state: CacheState; setAside?: Unusable } | { type: 'cannotOpen'; detail: string }

export interface WorkerData {
  path: string
  key: Uint8Array
  now: number
}
