import { z } from 'zod'
import { type AnyDoc, type Doc, type Kind, kinds } from '../../contract/entities.ts'
import { detailsOf } from '../../contract/errors.ts'
import { Row } from '../../contract/feed.ts'
import { SignalId } from '../../contract/signals.ts'
import { incidentColumns, roomColumns } from './derive.ts'
import type { Change } from './messages.ts'
import type { Db } from './open.ts'

/** What of a batch or page is still to be told: filled while rows are written. */
export interface Written {
  kinds: Set<Kind>
  rooms: Set<string>
  incidents: Set<string>
  receipts: string[]
  skipped: { count: number; first: string }
}

export const nothingWritten = (): Written => ({
  kinds: new Set(),
  rooms: new Set(),
  incidents: new Set(),
  receipts: [],
  skipped: { count: 0, first: '' },
})

export function changeOf(written: Written, nameThem: boolean): Change | undefined {
  if (written.kinds.size === 0) return undefined
  return {
    kinds: [...written.kinds],
    ...(nameThem ? { rooms: [...written.rooms], incidents: [...written.incidents] } : {}),
    receipts: written.receipts,
  }
}

/** How a row is written. `overwriteBefore`: rows last seen before this snapshot give way whatever their revision. */
export interface WriteMode {
  generation: number
  overwriteBefore: number
  keepTombstones: boolean
}

interface Known {
  docid: number
  rev: number
  seen: number
}

/** Where a document was written, and whether it was not there before. */
interface Place {
  docid: number
  fresh: boolean
}

/** Writes documents with their derived columns. Every method expects to be inside a transaction of the caller. */
export class RowStore {
  readonly #db: Db
  readonly #known
  readonly #insert
  readonly #update
  readonly #see
  readonly #words
  readonly #setRoom
  readonly #setIncident
  readonly #setEntry
  readonly #setEvent
  readonly #addWords
  readonly #dropWords
  readonly #unlist

  constructor(db: Db) {
    this.#db = db
    // Looking first and writing then costs half of what one upsert with `returning` does.
    this.#known = db.prepare<[string, string], Known>('select docid, rev, seen from document where kind = ? and id = ?')
    this.#insert = db.prepare('insert into document (kind, id, room, rev, seen, body) values (?, ?, ?, ?, ?, ?)')
    this.#update = db.prepare('update document set room = ?, rev = ?, seen = ?, body = ? where docid = ?')
    this.#see = db.prepare('update document set seen = ? where docid = ?')
    this.#words = {
      room: db.prepare<[number], { words: string }>('select words from room_list where docid = ?'),
      incident: db.prepare<[number], { words: string }>('select words from incident_list where docid = ?'),
    }
    this.#setRoom = this.#setter(`
      into room_list (docid, id, name, building, city, buildingKey, state, stateOrder, since, contact, words)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#setIncident = this.#setter(`
      into incident_list (docid, id, number, room, signalOrder, status, severityOrder, owner, at, words, acknowledged)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#setEntry = this.#setter('into entry_list (docid, incident, at) values (?, ?, ?)')
    this.#setEvent = this.#setter('into event_list (docid, room, at, kind, signal, value) values (?, ?, ?, ?, ?, ?)')
    this.#addWords = {
      room: db.prepare('insert into room_words (rowid, words) values (?, ?)'),
      incident: db.prepare('insert into incident_words (rowid, words) values (?, ?)'),
    }
    this.#dropWords = {
      room: db.prepare('delete from room_words where rowid = ?'),
      incident: db.prepare('delete from incident_words where rowid = ?'),
    }
    this.#unlist = {
      room: db.prepare('delete from room_list where docid = ?'),
      incident: db.prepare('delete from incident_list where docid = ?'),
      entry: db.prepare('delete from entry_list where docid = ?'),
      roomEvent: db.prepare('delete from event_list where docid = ?'),
    }
  }

  /**
   * A new line goes in by a plain insert: `or replace` opens a savepoint of its own, at which the full-text index writes
   * out what it has gathered, and that would be once a row.
   */
  #setter(into: string): (place: Place, ...columns: (string | number | null)[]) => void {
    const insert = this.#db.prepare(`insert ${into}`)
    const replace = this.#db.prepare(`insert or replace ${into}`)
    return ({ docid, fresh }, ...columns) => {
      ;(fresh ? insert : replace).run(docid, ...columns)
    }
  }

  /** Writes the rows that are newer than what is there. One that does not fit its schema is counted and left out. */
  write(rows: readonly unknown[], mode: WriteMode, written: Written): void {
    const skip = (reason: string): void => {
      written.skipped.count++
      if (written.skipped.first === '') written.skipped.first = reason
    }
    for (const raw of rows) {
      const checked = Row.safeParse(raw)
      if (!checked.success) {
        skip(`row: ${detailsOf(checked.error).field ?? 'not a row'}`)
        continue
      }
      const row = checked.data
      if (row.doc === undefined) {
        if (this.#put(row, null, mode) !== undefined) {
          if (!mode.keepTombstones) this.#erase(row.kind, row.id)
          this.#told(row, undefined, written)
        }
        continue
      }
      const parsed = parseDoc(row)
      if (typeof parsed === 'string') {
        skip(parsed)
        continue
      }
      const place = this.#put(row, JSON.stringify(parsed.doc), mode)
      if (place === undefined) continue
      this.#list(place, parsed)
      this.#told(row, parsed, written)
    }
  }

  /** The document's place, or undefined where what is there is as new. */
  #put(row: Row, body: string | null, mode: WriteMode): Place | undefined {
    const { kind, id, room, rev } = row
    const known = this.#known.get(kind, id)
    if (known === undefined) {
      const { lastInsertRowid } = this.#insert.run(kind, id, room, rev, mode.generation, body)
      return { docid: Number(lastInsertRowid), fresh: true }
    }
    const { docid, seen } = known
    if (rev <= known.rev && seen >= mode.overwriteBefore) {
      if (seen < mode.generation) this.#see.run(mode.generation, docid)
      return undefined
    }
    this.#update.run(room, rev, mode.generation, body, docid)
    if (body === null) this.#dropDerived(kind, docid)
    return { docid, fresh: false }
  }

  #list(place: Place, parsed: AnyDoc): void {
    switch (parsed.kind) {
      case 'room': {
        const { id, name, building, city, buildingKey, state, stateOrder, since, contact, words } = roomColumns(parsed.doc)
        this.#index('room', place, words)
        this.#setRoom(place, id, name, building, city, buildingKey, state, stateOrder, since, contact, words)
        break
      }
      case 'incident': {
        const { id, number, room, signalOrder, status, severityOrder, owner, at, words, acknowledged } = incidentColumns(parsed.doc)
        this.#index('incident', place, words)
        this.#setIncident(place, id, number, room, signalOrder, status, severityOrder, owner, at, words, acknowledged)
        break
      }
      case 'entry':
        this.#setEntry(place, parsed.doc.incident, parsed.doc.at)
        break
      case 'roomEvent': {
        const { room, at, kind, signal, value } = parsed.doc
        this.#setEvent(place, room, at, kind, signal ?? null, value ?? null)
        break
      }
      case 'tenant':
      case 'me':
      case 'settings':
      case 'receipt':
      case 'policy':
      case 'request':
        break
    }
  }

  /** Most changes of a room leave its words alone; then the index is left alone too. */
  #index(kind: 'room' | 'incident', { docid, fresh }: Place, words: string): void {
    const before = fresh ? undefined : this.#words[kind].get(docid)
    if (before?.words === words) return
    if (before !== undefined) this.#dropWords[kind].run(docid)
    this.#addWords[kind].run(docid, words)
  }

  #dropDerived(kind: Kind, docid: number): void {
    if (kind === 'room' || kind === 'incident') {
      if (this.#unlist[kind].run(docid).changes > 0) this.#dropWords[kind].run(docid)
    } else if (kind === 'entry' || kind === 'roomEvent') {
      this.#unlist[kind].run(docid)
    }
  }

  #erase(kind: Kind, id: string): void {
    this.#db.prepare('delete from document where kind = ? and id = ?').run(kind, id)
  }

  #told(row: Row, parsed: AnyDoc | undefined, written: Written): void {
    written.kinds.add(row.kind)
    switch (row.kind) {
      case 'room':
        written.rooms.add(row.id)
        break
      case 'incident':
        written.incidents.add(row.id)
        break
      case 'entry':
        if (parsed?.kind === 'entry') written.incidents.add(parsed.doc.incident)
        break
      case 'roomEvent':
        if (row.room !== null) written.rooms.add(row.room)
        break
      case 'receipt':
        if (parsed !== undefined) written.receipts.push(row.id)
        break
      case 'tenant':
      case 'me':
      case 'settings':
      case 'policy':
      case 'request':
        break
    }
  }

  /** Removes the documents that a query names, with all that was derived from them; returns how many of each kind. */
  remove(where: string, ...parameters: (string | number)[]): Map<Kind, number> {
    const gone = this.#db
      .prepare<(string | number)[], { docid: number; kind: Kind }>(`select docid, kind from document where ${where}`)
      .all(...parameters)
    const erase = this.#db.prepare('delete from document where docid = ?')
    const counts = new Map<Kind, number>()
    for (const { docid, kind } of gone) {
      this.#dropDerived(kind, docid)
      erase.run(docid)
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
    return counts
  }
}

const signalIds: ReadonlySet<string> = new Set(SignalId.options)
const OfSignals = z.looseObject({ signals: z.record(z.string(), z.unknown()) })

/** A room without the signals of a newer service, dropped as unknown fields are (decision 0021): one more signal must not cost the room. */
function withKnownSignals(doc: unknown): unknown {
  const { data } = OfSignals.safeParse(doc)
  if (!data) return doc
  return { ...data, signals: Object.fromEntries(Object.entries(data.signals).filter(([id]) => signalIds.has(id))) }
}

/** The document by the schema of its kind, or what is wrong with it (never its content). */
function parseDoc(row: Row): AnyDoc | string {
  const result = kinds[row.kind].schema.safeParse(row.kind === 'room' ? withKnownSignals(row.doc) : row.doc)
  if (!result.success) return `${row.kind}: ${detailsOf(result.error).field ?? 'not a document'}`
  // The table of schemas is keyed by kind, which the compiler does not follow through an index.
  const parsed = { kind: row.kind, doc: result.data as Doc<Kind> } as AnyDoc
  return parsed.doc.id === row.id ? parsed : `${row.kind}: id`
}
