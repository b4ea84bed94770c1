import type Database from 'better-sqlite3'
import type { Doc, Kind } from '../../contract/entities.ts'
import { joinRoom, type PartRoom } from '../../contract/roomDocuments.ts'
import type { SignalId, SignalValue } from '../../contract/signals.ts'
import type { Transition, TransitionKind } from '../../contract/transitions.ts'
import type { IncidentColumns, RoomColumns } from './derive.ts'
import type { Db } from './open.ts'

type Value = string | number | null
type Statement = Database.Statement<unknown[]>

/** One change of a room, as timelines need it. */
export interface EventLine {
  at: number
  kind: TransitionKind
  signal: SignalId | null
  value: SignalValue | null
}

export interface Slice<T> {
  total: number
  rows: T[]
}

/**
 * Reads the cache. It has no method that writes to the file, and SQLite refuses one on this handle; its overlay tables
 * live in memory and say how rooms and incidents look with the operator's own unsent changes, so that lists and counts
 * come out right in one query.
 */
export class CacheReader {
  readonly #db: Db
  readonly #statements = new Map<string, Statement>()
  #overlaid = { room: 0, incident: 0 }

  constructor(db: Db) {
    this.#db = db
    db.exec(`
      create temp table room_overlay as select * from main.room_list where 0;
      create unique index temp.room_overlay_id on room_overlay (id);
      create index temp.room_overlay_docid on room_overlay (docid);
      create temp table incident_overlay as select * from main.incident_list where 0;
      create unique index temp.incident_overlay_id on incident_overlay (id);
      create index temp.incident_overlay_docid on incident_overlay (docid);
      create temp view room_shown as
        select * from main.room_list where docid not in (select docid from temp.room_overlay)
        union all select * from temp.room_overlay;
      create temp view incident_shown as
        select * from main.incident_list where docid not in (select docid from temp.incident_overlay)
        union all select * from temp.incident_overlay;
      create temp view room_total_shown as
        select building, city, stateOrder, n from main.room_total
        union all select building, city, stateOrder, -1 from main.room_list where docid in (select docid from temp.room_overlay)
        union all select building, city, stateOrder, 1 from temp.room_overlay;
      create temp view incident_total_shown as
        select status, signalOrder, severityOrder, owner, acknowledged, folded, n from main.incident_total
        union all select status, signalOrder, severityOrder, ifnull(owner, ''), acknowledged, folded, -1
          from main.incident_list where docid in (select docid from temp.incident_overlay)
        union all select status, signalOrder, severityOrder, ifnull(owner, ''), acknowledged, folded, 1 from temp.incident_overlay;`)
  }

  /** The document, or undefined where the cache has none. */
  get<K extends Kind>(kind: K, id: string): Doc<K> | undefined {
    const row = this.one<{ body: string | null }>('select body from document where kind = ? and id = ?', kind, id)
    return row === undefined || row.body === null ? undefined : bodyOf<K>(row.body)
  }

  /** A room with its device, where that has come. */
  room(id: string): PartRoom | undefined {
    const room = this.get('room', id)
    return room === undefined ? undefined : joinRoom(room, this.get('device', id))
  }

  has(kind: Kind, id: string): boolean {
    return this.one('select 1 from document where kind = ? and id = ? and body is not null', kind, id) !== undefined
  }

  /** The only document of a kind of which there is one: tenant, me, settings. */
  only<K extends 'tenant' | 'me' | 'settings'>(kind: K): Doc<K> | undefined {
    const row = this.one<{ body: string }>('select body from document where kind = ? and body is not null limit 1', kind)
    return row === undefined ? undefined : bodyOf<K>(row.body)
  }

  /** All requests of partners; there are few. */
  requests(): Doc<'request'>[] {
    return this.#bodies<'request'>(`select body from document where kind = 'request' and body is not null`)
  }

  /** What the person was told; few, and all theirs. */
  notices(): Doc<'notice'>[] {
    return this.#bodies<'notice'>(`select body from document where kind = 'notice' and body is not null`)
  }

  /** History of an incident, newest first. */
  entries(incident: string, offset: number, limit: number): Slice<Doc<'entry'>> {
    return {
      total: this.#count('select count(*) as n from entry_list where incident = ?', incident),
      rows: this.#bodies<'entry'>(
        `select body from entry_list join document using (docid) where incident = ? order by at desc, id desc limit ? offset ?`,
        incident,
        limit,
        offset,
      ),
    }
  }

  /** The revision of a document that is here. */
  revision(kind: Kind, id: string): number | undefined {
    return this.one<{ rev: number }>('select rev from document where kind = ? and id = ? and body is not null', kind, id)?.rev
  }

  /** How far a room's history is here; undefined where nothing of it is. */
  window(room: string): { rev: number; receivedAt: number; usedAt: number } | undefined {
    return this.one('select rev, receivedAt, usedAt from room_window where room = ?', room)
  }

  /** What is here of a room's history, newest first. */
  transitions(room: string, offset: number, limit: number): Slice<Transition> {
    return {
      total: this.#count('select count(*) as n from transition where room = ?', room),
      rows: this.all<{ body: string }>(
        'select body from transition where room = ? order by at desc, number desc limit ? offset ?',
        room,
        limit,
        offset,
        // Checked by its schema before it was stored.
      ).map(({ body }) => JSON.parse(body) as Transition),
    }
  }

  /** Changes of a room since a time, oldest first, at most `limit` of the newest. */
  eventsSince(room: string, from: number, limit: number): EventLine[] {
    return this.all<EventLine>(
      'select at, kind, signal, value from transition where room = ? and at >= ? order by at desc, number desc limit ?',
      room,
      from,
      limit,
    ).reverse()
  }

  /** The last change of this signal (or, without one, of the connection) before a time. */
  lastEventBefore(room: string, before: number, signal?: SignalId): EventLine | undefined {
    return signal === undefined
      ? this.one<EventLine>(
          `select at, kind, signal, value from transition where room = ? and at < ? and kind in ('connected', 'disconnected')
           order by at desc, number desc limit 1`,
          room,
          before,
        )
      : this.one<EventLine>(
          `select at, kind, signal, value from transition where room = ? and at < ? and signal = ?
           order by at desc, number desc limit 1`,
          room,
          before,
          signal,
        )
  }

  /** How many documents of each kind there are. */
  counts(): Partial<Record<Kind, number>> {
    const rows = this.all<{ kind: Kind; n: number }>('select kind, count(*) as n from document group by kind')
    return Object.fromEntries(rows.map(({ kind, n }) => [kind, n]))
  }

  /** Says how this room looks with unsent changes; with null it looks as the service said. */
  overlayRoom(id: string, columns: RoomColumns | null): void {
    this.#run('delete from temp.room_overlay where id = ?', [id])
    if (columns !== null) {
      this.#run(
        `insert into temp.room_overlay
         values ((select docid from main.document where kind = 'room' and id = @id),
           @id, @name, @building, @city, @buildingKey, @state, @stateOrder, @since, @contact, @words)`,
        [columns],
      )
    }
    this.#overlaid.room = this.#count('select count(*) as n from temp.room_overlay')
  }

  /**
   * Says how this incident looks with unsent changes; with null it looks as the service said. One that is not here yet, since the operator
   * has just reported it, stands under a number below 0 in place of its document's.
   */
  overlayIncident(id: string, columns: IncidentColumns | null): void {
    this.#run('delete from temp.incident_overlay where id = ?', [id])
    if (columns !== null) {
      this.#run(
        `insert into temp.incident_overlay
         values (ifnull((select docid from main.document where kind = 'incident' and id = @id),
             (select min(0, ifnull(min(docid), 0)) - 1 from temp.incident_overlay)),
           @id, @number, @room, @signalOrder, @status, @severityOrder, @owner, @at, @words, @acknowledged, @taken, @storm,
           case when @storm = '' then 0 else ifnull((select folded from main.incident_list where id = @id), 1) end)`,
        [columns],
      )
    }
    this.#overlaid.incident = this.#count('select count(*) as n from temp.incident_overlay')
  }

  /** Where lists of rooms and incidents are read from: the plain table (and its indexes) while nothing is laid over it. */
  get rooms(): 'room_list' | 'room_shown' {
    return this.#overlaid.room === 0 ? 'room_list' : 'room_shown'
  }

  get incidents(): 'incident_list' | 'incident_shown' {
    return this.#overlaid.incident === 0 ? 'incident_list' : 'incident_shown'
  }

  /** Where their totals are read from: what the cache keeps, and with unsent changes what these make of it. */
  get roomTotals(): 'room_total' | 'room_total_shown' {
    return this.#overlaid.room === 0 ? 'room_total' : 'room_total_shown'
  }

  get incidentTotals(): 'incident_total' | 'incident_total_shown' {
    return this.#overlaid.incident === 0 ? 'incident_total' : 'incident_total_shown'
  }

  /** Rows of a query over the tables of columns. The text is the console's own, never put together from input. */
  all<R>(sql: string, ...parameters: Value[]): R[] {
    return this.#prepare(sql).all(...parameters) as R[]
  }

  /** The first row of such a query. */
  one<R>(sql: string, ...parameters: Value[]): R | undefined {
    return this.#prepare(sql).get(...parameters) as R | undefined
  }

  /** Whether the file holds together, as far as it can be read. */
  whole(): boolean {
    try {
      return this.one<{ quick_check: string }>('pragma quick_check(1)')?.quick_check === 'ok'
    } catch {
      return false
    }
  }

  close(): void {
    this.#statements.clear()
    this.#db.close()
  }

  #count(sql: string, ...parameters: Value[]): number {
    return this.one<{ n: number }>(sql, ...parameters)?.n ?? 0
  }

  #bodies<K extends Kind>(sql: string, ...parameters: Value[]): Doc<K>[] {
    return this.all<{ body: string }>(sql, ...parameters).map((row) => bodyOf<K>(row.body))
  }

  #run(sql: string, parameters: readonly unknown[]): void {
    this.#prepare(sql).run(...parameters)
  }

  /** Prepared once; the texts that lists make are few, but bounded all the same. */
  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      if (this.#statements.size >= 200) this.#statements.clear()
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** The writer checked the document by the schema of its kind before it was stored. */
function bodyOf<K extends Kind>(body: string): Doc<K> {
  return JSON.parse(body) as Doc<K>
}
