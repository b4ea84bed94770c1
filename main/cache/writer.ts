import { z } from 'zod'
import { Kind, kinds } from '../../contract/entities.ts'
import { detailsOf } from '../../contract/errors.ts'
import { type Cursor, FeedToConsole, SnapshotPage } from '../../contract/feed.ts'
import type { BatchOutcome, CacheState, Change, FeedEvent, PageEvent, SnapshotState } from './messages.ts'
import type { Db } from './open.ts'
import { changeOf, LacksRevision, nothingWritten, RowStore, type Written } from './rows.ts'
import type { WindowNews } from './windows.ts'

/** The result of one write. */
export interface Outcome<T> {
  event: T
  change?: Change
  skipped?: { count: number; first: string }
}

/** Rows are checked one by one, so that one that a newer service made differently does not stop the others. */
const rows = z.array(z.unknown())
const Batch = FeedToConsole.options[3].extend({ rows })
type Batch = z.infer<typeof Batch>
const Page = SnapshotPage.extend({ rows })
type ScopeMessage = Extract<FeedToConsole, { type: 'scope' }>

/** Rows of more rooms or incidents than this are not named one by one in a change. */
const namedAtMost = 1_000

/** A snapshot of more rows into an empty copy makes its indexes at its end. */
const indexLaterRows = 20_000

/**
 * The only writer of a cache (CON-2). Takes what came from the service as bytes, checks it, and writes rows, derived
 * columns and cursor in one transaction, so that a kill at any moment leaves a copy that was true once and that says
 * where it goes on.
 */
export class CacheWriter {
  readonly #db: Db
  readonly #rows: RowStore
  readonly #get
  readonly #set
  #isUntidy = false
  #state: CacheState

  constructor(db: Db) {
    this.#db = db
    this.#rows = new RowStore(db)
    this.#get = db.prepare<[string], { value: string }>('select value from meta where key = ?')
    this.#set = db.prepare('insert or replace into meta (key, value) values (?, ?)')
    this.#state = this.#load()
  }

  get state(): CacheState {
    return this.#state
  }

  /** One message of the feed. `now` is the console's own time. */
  feed(bytes: Uint8Array, now: number): Outcome<FeedEvent> {
    const json = parseJson(bytes)
    if (isBatch(json)) {
      const batch = Batch.safeParse(json)
      return batch.success ? this.#batch(batch.data, now) : { event: malformed(batch.error) }
    }
    const message = FeedToConsole.safeParse(json)
    if (!message.success) return { event: malformed(message.error) }
    const parsed = message.data
    switch (parsed.type) {
      case 'batch':
        return this.#batch(parsed, now)
      case 'scope':
        return this.#scope(parsed, now)
      case 'snapshot':
        // The service may have been put back to an earlier moment, at which the scope had another version too.
        // What happened to rooms may not be there any more either.
        this.#transaction(() => {
          this.#rows.windows.dropAll()
          return { ...this.#state, cursor: null, scope: null, snapshot: this.#wanted(true, now) }
        })
        return { event: { type: 'snapshot' } }
      case 'error': {
        const { code, detail, retry } = parsed
        return { event: { type: 'error', code, retry, ...(detail === undefined ? {} : { detail }) } }
      }
      case 'welcome':
      case 'beat':
        return { event: parsed }
    }
  }

  #batch(batch: Batch, now: number): Outcome<FeedEvent> {
    const answer = (outcome: BatchOutcome): FeedEvent => ({
      type: 'batch',
      outcome,
      behind: batch.behind,
      rows: batch.rows.length,
    })
    if (batch.scope !== this.#state.scope) return { event: answer('otherScope') }
    if (batch.from !== this.#state.cursor) return { event: answer('gap') }
    const written = nothingWritten()
    try {
      this.#transaction(() => {
        const generation = this.#generation()
        this.#rows.write(batch.rows, { generation, overwriteBefore: 0, keepTombstones: this.#state.snapshot !== null }, written)
        const live = batch.behind === 0 && this.#state.snapshot === null
        return { ...this.#state, cursor: batch.to, syncedAt: live ? now : this.#state.syncedAt }
      })
    } catch (error) {
      // Nothing was written: what the copy lacks comes whole after the next hello.
      if (error instanceof LacksRevision) return { event: answer('lacks') }
      throw error
    }
    return outcomeOf(answer('applied'), written, written.rooms.size + written.incidents.size <= namedAtMost)
  }

  /** ACC-8: what may not be seen any more goes in one transaction, which also notes that the rest must be fetched. */
  #scope(message: ScopeMessage, now: number): Outcome<FeedEvent> {
    if (this.#state.scope !== null && message.version < this.#state.scope) {
      return { event: { type: 'scope', version: message.version, applied: false } }
    }
    const gone = new Set<Kind>()
    this.#transaction(() => {
      for (const kind of Kind.options) {
        if (kinds[kind].reads === 'none' || kinds[kind].reads === 'self') continue
        if (this.#purge(kind, message.rooms[kind]) > 0) gone.add(kind)
      }
      // A snapshot of everything that was under way saw the older scope: it starts again.
      const full = this.#state.cursor === null
      return { ...this.#state, scope: message.version, snapshot: this.#newSnapshot(full, now) }
    })
    if (gone.size > 0) this.#isUntidy = true
    const event: FeedEvent = { type: 'scope', version: message.version, applied: true }
    return gone.size === 0 ? { event } : { event, change: { kinds: [...gone], receipts: [] } }
  }

  #purge(kind: Kind, rooms: 'all' | readonly string[] | undefined): number {
    if (rooms === 'all') return 0
    if (rooms === undefined) return this.#rows.remove('kind = ?', kind).get(kind) ?? 0
    this.#db.exec('create temp table if not exists kept (room text primary key) without rowid; delete from temp.kept')
    const keep = this.#db.prepare('insert or ignore into temp.kept values (?)')
    for (const room of rooms) keep.run(room)
    return this.#rows.remove('kind = ? and room is not null and room not in (select room from temp.kept)', kind).get(kind) ?? 0
  }

  /** The snapshot to fetch: the one under way, if it is of the same sort, else a new one. */
  beginSnapshot(full: boolean, now: number): SnapshotState {
    const snapshot = this.#wanted(full, now)
    this.#save({ ...this.#state, snapshot })
    return snapshot
  }

  /** Gives up the snapshot under way and starts one of the same sort from its first page. */
  restartSnapshot(now: number): SnapshotState {
    const snapshot = this.#newSnapshot(this.#state.snapshot?.full ?? this.#state.cursor === null, now)
    this.#save({ ...this.#state, snapshot })
    return snapshot
  }

  #wanted(full: boolean, now: number): SnapshotState {
    const running = this.#state.snapshot
    return running !== null && running.full === full ? running : this.#newSnapshot(full, now)
  }

  #newSnapshot(full: boolean, now: number): SnapshotState {
    const generation = this.#generation() + 1
    return { generation, full, after: null, cursor: null, scope: null, done: 0, total: 0, startedAt: now }
  }

  /**
   * One page, asked for with `after` in the snapshot `generation`. The last page ends the snapshot. `onNext` is told
   * where the next page starts before this one is written, so that it can be fetched meanwhile.
   */
  page(bytes: Uint8Array, generation: number, after: string | null, now: number, onNext?: (next: string) => void): Outcome<PageEvent> {
    const running = this.#state.snapshot
    if (running === null || running.generation !== generation || running.after !== after) return { event: { type: 'dropped' } }
    const parsed = Page.safeParse(parseJson(bytes))
    if (!parsed.success) return { event: malformed(parsed.error) }
    const page = parsed.data
    const scope = this.#state.scope
    const fits =
      (running.scope === null || running.scope === page.scope) &&
      (running.cursor === null || running.cursor === page.cursor) &&
      (scope === null || page.scope === scope || (running.full && page.scope > scope)) &&
      (page.next === undefined || page.next !== after)
    if (!fits) return { event: { type: 'restart' } }
    if (page.next !== undefined) onNext?.(page.next)

    const written = nothingWritten()
    const done = running.done + page.rows.length
    const snapshot: SnapshotState = {
      ...running,
      after: page.next ?? null,
      cursor: page.cursor,
      scope: page.scope,
      done,
      total: Math.max(page.total, done),
    }
    this.#transaction(() => {
      if (running.full && after === null && page.total > indexLaterRows) this.#rows.indexLater()
      const overwriteBefore = running.full ? generation : 0
      this.#rows.write(page.rows, { generation, overwriteBefore, keepTombstones: true }, written)
      if (page.next !== undefined) return { ...this.#state, snapshot, scope: page.scope }
      return this.#finish(snapshot, page.cursor, page.scope, written, now)
    })
    if (page.next === undefined) this.#isUntidy = true
    return outcomeOf({ type: page.next === undefined ? 'finished' : 'applied', snapshot, rows: page.rows.length }, written, false)
  }

  /**
   * After a snapshot and a purge, when they are answered: the write-ahead log goes into the database. So what was deleted leaves the disk,
   * and a snapshot does not lie on it twice.
   */
  tidy(): void {
    if (!this.#isUntidy) return
    this.#isUntidy = false
    this.#db.pragma('wal_checkpoint(truncate)')
  }

  /** What neither the snapshot nor a batch beside it had is gone from the service too. */
  #finish(snapshot: SnapshotState, cursor: Cursor, scope: number, written: Written, now: number): CacheState {
    for (const kind of this.#rows.remove('seen < ?', snapshot.generation).keys()) written.kinds.add(kind)
    this.#rows.remove('body is null')
    this.#rows.indexNow()
    this.#set.run('generation', JSON.stringify(snapshot.generation))
    return { scope, snapshot: null, cursor: snapshot.full ? cursor : this.#state.cursor, syncedAt: now }
  }

  /** Notes that the copy was all there is at this time (a beat of a live feed). */
  synced(at: number): void {
    this.#save({ ...this.#state, syncedAt: at })
  }

  /** What was fetched of a room's history; undefined where the room may not be seen any more. */
  window(news: WindowNews, now: number): Change | undefined {
    const taken = this.#db.transaction(() => this.#rows.windows.take(news, now))()
    return taken ? { kinds: ['room'], rooms: [news.room], incidents: [], receipts: [] } : undefined
  }

  windowUsed(room: string, now: number): void {
    this.#rows.windows.used(room, now)
  }

  close(): void {
    this.#db.close()
  }

  #generation(): number {
    return this.#state.snapshot?.generation ?? this.#read('generation', 0)
  }

  /** The state in memory changes only after its transaction did. */
  #transaction(run: () => CacheState): void {
    this.#state = this.#db.transaction(() => {
      const state = run()
      this.#store(state)
      return state
    })()
  }

  #save(state: CacheState): void {
    this.#transaction(() => state)
  }

  #store(state: CacheState): void {
    for (const [key, value] of Object.entries(state)) this.#set.run(key, JSON.stringify(value))
    if (state.snapshot !== null) this.#set.run('generation', JSON.stringify(state.snapshot.generation))
  }

  #load(): CacheState {
    return {
      cursor: this.#read<Cursor | null>('cursor', null),
      scope: this.#read<number | null>('scope', null),
      snapshot: this.#read<SnapshotState | null>('snapshot', null),
      syncedAt: this.#read<number | null>('syncedAt', null),
    }
  }

  #read<T>(key: string, otherwise: T): T {
    const row = this.#get.get(key)
    // Written by this class alone, into a file that nobody else can write.
    return row === undefined ? otherwise : (JSON.parse(row.value) as T)
  }
}

function outcomeOf<T>(event: T, written: Written, nameThem: boolean): Outcome<T> {
  const change = changeOf(written, nameThem)
  const skipped = written.skipped.count > 0 ? written.skipped : undefined
  return { event, ...(change === undefined ? {} : { change }), ...(skipped === undefined ? {} : { skipped }) }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Undefined where it is not JSON, which no schema here takes. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
}

const isBatch = (json: unknown): boolean => typeof json === 'object' && json !== null && 'type' in json && json.type === 'batch'

function malformed(error: z.ZodError): { type: 'malformed'; detail: string } {
  const { field, detail } = detailsOf(error)
  return { type: 'malformed', detail: `${field ?? 'message'}: ${detail ?? 'invalid'}` }
}
