import { RoomkeeperError } from '../../contract/errors.ts'
import type { SyncStore } from '../cache/cache.ts'
import type { SnapshotState } from '../cache/messages.ts'

/** One page of the snapshot as it comes from the service: `after` null for the first. */
export type FetchPage = (after: string | null, signal: AbortSignal) => Promise<Uint8Array>

export interface SnapshotOptions {
  store: SyncStore
  fetchPage: FetchPage
  full: boolean
  signal: AbortSignal
  onProgress(snapshot: SnapshotState): void
}

/** Begun anew more often than this in one run: the connection is given up and tried later. */
const restartsAtMost = 3

/**
 * Fetches a snapshot from where it stands to its end, the next page while the one before is written. Resolves with the
 * whole snapshot, or null where another one took its place. Errors: as the service's answer; `service.failed` for pages
 * that make no sense.
 */
export async function fetchSnapshot(options: SnapshotOptions): Promise<SnapshotState | null> {
  const { store, signal } = options
  const fetchPage = (after: string | null): Promise<Uint8Array> => options.fetchPage(after, signal)
  let snapshot = await store.beginSnapshot(options.full)
  let restarts = 0
  const restart = async (why: unknown): Promise<void> => {
    if (++restarts > restartsAtMost) throw why
    snapshot = await store.restartSnapshot()
  }

  let coming = fetchPage(snapshot.after)
  for (;;) {
    let bytes: Uint8Array
    try {
      bytes = await coming
    } catch (error) {
      // A service that was updated or restored may not know our place any more.
      if (snapshot.after === null || !refusesPlace(error)) throw error
      await restart(error)
      coming = fetchPage(snapshot.after)
      continue
    }
    if (signal.aborted) return null
    let ahead: Promise<Uint8Array> | undefined
    const event = await store.page(bytes, snapshot.generation, snapshot.after, (next) => {
      ahead = fetchPage(next)
      // Awaited in the next turn, or left when this page comes to nothing.
      ahead.catch(() => undefined)
    })
    switch (event.type) {
      case 'applied':
        snapshot = event.snapshot
        options.onProgress(snapshot)
        coming = ahead ?? fetchPage(snapshot.after)
        break
      case 'finished':
        return event.snapshot
      case 'dropped':
        return null
      case 'restart':
        await restart(new RoomkeeperError('service.failed', { detail: 'The snapshot changes while it is read.' }))
        coming = fetchPage(snapshot.after)
        break
      case 'malformed':
        throw new RoomkeeperError('service.failed', { detail: event.detail })
    }
  }
}

const refusesPlace = (error: unknown): boolean =>
  error instanceof RoomkeeperError && ['request.invalid', 'request.notFound', 'request.conflict'].includes(error.code)
