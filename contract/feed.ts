import { z } from 'zod'
import { Kind } from './entities.ts'
import { ErrorCode } from './errors.ts'
import { RoomId } from './ids.ts'

/**
 * How a console's copy follows the service: a snapshot page by page (HTTP), then batches over one WebSocket
 * (`/v1/feed`, access token in the Authorization header of the upgrade).
 *
 * A cursor is opaque to the console: it lets a person of a small scope learn nothing of how much happened elsewhere.
 * A batch applies only when its `from` is the console's own cursor; `to` is stored in the same transaction as the rows.
 *
 * A hello may be repeated on a socket (with the cursor of a snapshot that is whole now, or after a gap): each is answered
 * by a welcome. After a welcome to a cursor that is taken comes at least one batch, an empty one with `behind` 0 where
 * nothing is new, so that the console knows that it is live. After `scope`, batches go on from the cursor that the
 * console holds, under the new version, beside the snapshot that it fetches to gain rows.
 */
export const feedProtocolVersions = [2, 3] as const
/**
 * What consoles of this age speak. Those of version 2 know fewer signals and two severities, and get every document as a whole and as they
 * know it.
 */
export const feedProtocolVersion = 3

export const Cursor = z.string().min(1).max(200).brand<'Cursor'>()
export type Cursor = z.infer<typeof Cursor>

/**
 * One document at one revision, or its removal. `doc` has the schema of its kind (`kinds` in entities.ts). The
 * revision is the document's own count of changes: an older one never overwrites a newer one, whatever the order.
 *
 * A change that a console follows live may come as `difference` alone (difference.ts), of the revision before: whoever has not that one
 * takes nothing of the batch, and says hello again with the cursor that it has. What is caught up with, and all of a snapshot, is whole.
 */
export const Row = z.object({
  kind: Kind,
  id: z.string().min(1).max(64),
  room: RoomId.nullable(),
  rev: z.int().min(1),
  /** Absent for a removal, and where there is a difference. */
  doc: z.unknown().optional(),
  difference: z.record(z.string(), z.unknown()).optional(),
})
export type Row = z.infer<typeof Row>

/**
 * The scope that rows are cut to. It changes with the person's grants; every page and batch says under which version
 * it was made, and one of an older version is dropped.
 */
export const ScopeVersion = z.int().min(0)

export const ConsoleToFeed = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    versions: z.array(z.int()).min(1).max(16),
    /** Absent: the console has nothing and will fetch a snapshot. */
    cursor: Cursor.optional(),
    scope: ScopeVersion.optional(),
    /** The copy lacks some of what it may see, which a snapshot is to bring: no differences until it says that it is whole. */
    partial: z.boolean().optional(),
  }),
  /** A snapshot has brought what the copy lacked under this scope: differences may come. */
  z.object({ type: z.literal('whole'), scope: ScopeVersion }),
  /** A fresh access token of the same person, in place. */
  z.object({ type: z.literal('renew'), token: z.string().max(16_384) }),
  z.object({ type: z.literal('beat') }),
])
export type ConsoleToFeed = z.infer<typeof ConsoleToFeed>

export const FeedToConsole = z.discriminatedUnion('type', [
  /** `at`: the service's time, here and in each beat (UTC ms). */
  z.object({ type: z.literal('welcome'), version: z.int(), scope: ScopeVersion, beatMs: z.int(), at: z.int().optional() }),
  /** The cursor is absent, unreadable or too old: fetch a snapshot, then say hello again with its cursor. */
  z.object({ type: z.literal('snapshot') }),
  /**
   * The scope changed. Purge in one transaction what is not readable any more: rows of rooms that are not in `rooms`,
   * and rows of kinds that are not in `kinds`. Then fetch a snapshot to gain what is new.
   */
  z.object({
    type: z.literal('scope'),
    version: ScopeVersion,
    /** By kind. A service of another age names kinds that are none here. */
    rooms: z.record(z.string().max(64), z.union([z.literal('all'), z.array(RoomId)])),
  }),
  z.object({
    type: z.literal('batch'),
    scope: ScopeVersion,
    from: Cursor,
    to: Cursor,
    rows: z.array(Row),
    /** Rows still to come before the console is live; 0 when it is. */
    behind: z.int().min(0),
  }),
  z.object({ type: z.literal('beat'), at: z.int() }),
  z.object({ type: z.literal('error'), code: ErrorCode, detail: z.string().optional(), retry: z.boolean() }),
])
export type FeedToConsole = z.infer<typeof FeedToConsole>

/** Where a page of the snapshot is asked for; null: the first. */
export const snapshotPath = (after: string | null): string =>
  `/v1/snapshot?${new URLSearchParams({ version: String(feedProtocolVersion), ...(after !== null && { after }) })}`

/** One page of it. Pages go by key; `cursor` is where the changes go on, equal on every page. */
export const SnapshotPage = z.object({
  cursor: Cursor,
  scope: ScopeVersion,
  rows: z.array(Row),
  /** Where the next page starts; absent on the last one. */
  next: z.string().max(200).optional(),
  /** All rows of the snapshot that this person may see, for progress. */
  total: z.int().min(0),
})
export type SnapshotPage = z.infer<typeof SnapshotPage>
