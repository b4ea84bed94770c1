import { withDifference } from '../../contract/difference.ts'
import { type AnyDoc, type Doc, type Kind, kinds } from '../../contract/entities.ts'
import { detailsOf } from '../../contract/errors.ts'
import { Row } from '../../contract/feed.ts'
import { SignalId } from '../../contract/signals.ts'
import { type IncidentColumns, incidentColumnNames, incidentColumns, type RoomColumns, roomColumnNames, roomColumns } from './derive.ts'
import { type EntryColumns, entryColumnNames, flowColumnNames, flowOf, isTimed, openingBefore } from './flow.ts'
import { Lines } from './lines.ts'
import type { Change } from './messages.ts'
import { roomOrders } from './migration5.ts'
import { indexWords } from './migration6.ts'
import type { Db } from './open.ts'
import { StormFolds } from './storms.ts'
import { firstField } from './tokens.ts'
import { Totals } from './totals.ts'
import { WindowStore } from './windows.ts'
import { Words } from './wordIndex.ts'

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

interface Body extends Known {
  body: string | null
}

/** A difference came whose document is not here as it was before: nothing of the batch can be taken. */
export class LacksRevision extends Error {}

/** Where a document was written, and whether it was not there before. */
interface Place {
  docid: number
  fresh: boolean
}

/** Writes documents with their derived columns. Every method expects to be inside a transaction of the caller. */
export class RowStore {
  /** Rooms' histories, which go with their rooms. */
  readonly windows: WindowStore
  readonly #db: Db
  readonly #known
  readonly #insert
  readonly #update
  readonly #see
  readonly #body
  readonly #lines
  readonly #totals
  readonly #storms
  readonly #opened
  readonly #words
  /** The indexes of rooms are made at the end of the snapshot that is under way; known by what is missing, also after a restart. */
  #later: boolean

  constructor(db: Db) {
    this.#db = db
    this.windows = new WindowStore(db)
    // Looking first and writing then costs half of what one upsert with `returning` does.
    this.#known = db.prepare<[string, string], Known>('select docid, rev, seen from document where kind = ? and id = ?')
    this.#insert = db.prepare('insert into document (kind, id, room, rev, seen, body) values (?, ?, ?, ?, ?, ?)')
    this.#update = db.prepare('update document set room = ?, rev = ?, seen = ?, body = ? where docid = ?')
    this.#see = db.prepare('update document set seen = ? where docid = ?')
    this.#body = db.prepare<[string, string], Body>('select docid, rev, seen, body from document where kind = ? and id = ?')
    this.#totals = {
      room: new Totals(db, 'room_total', ['building', 'city', 'stateOrder']),
      incident: new Totals(db, 'incident_total', ['status', 'signalOrder', 'severityOrder', 'owner', 'acknowledged', 'folded']),
      flow: new Totals(db, 'flow_total', flowColumnNames, true),
    }
    this.#storms = new StormFolds(db)
    this.#lines = {
      room: new Lines<RoomColumns>(db, 'room_list', roomColumnNames),
      incident: new Lines<IncidentColumns>(db, 'incident_list', incidentColumnNames),
      entry: new Lines<EntryColumns>(db, 'entry_list', entryColumnNames),
    }
    this.#opened = db.prepare<[string, number], { at: number | null }>(openingBefore)
    this.#words = { room: new Words(db, 'room_words'), incident: new Words(db, 'incident_words'), name: new Words(db, 'room_names') }
    const [order = ''] = Object.keys(roomOrders)
    this.#later = db.prepare('select 1 from sqlite_schema where name = ?').get(order) === undefined
  }

  /**
   * Writes the rows that are newer than what is there. One that does not fit its schema is counted and left out.
   * @throws LacksRevision where one says how a document changed that is not here
   */
  write(rows: readonly unknown[], mode: WriteMode, written: Written): void {
    const skip = (reason: string): void => {
      written.skipped.count++
      if (written.skipped.first === '') written.skipped.first = reason
    }
    this.#forgetTotals()
    for (const raw of rows) {
      const checked = Row.safeParse(raw)
      if (!checked.success) {
        skip(`row: ${detailsOf(checked.error).field ?? 'not a row'}`)
        continue
      }
      const row = checked.data
      if (row.difference !== undefined) {
        const before = this.#body.get(row.kind, row.id)
        if (before !== undefined && before.rev >= row.rev) {
          if (before.seen < mode.generation) this.#see.run(mode.generation, before.docid)
          continue
        }
        if (before?.rev !== row.rev - 1 || before.body === null) throw new LacksRevision(`${row.kind} ${row.id}`)
        row.doc = withDifference(bodyOf(before.body), row.difference)
      }
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
    this.#writeTotals()
  }

  /** A write that failed may have left some that were rolled back. */
  #forgetTotals(): void {
    this.#storms.forget()
    this.#totals.room.forget()
    this.#totals.incident.forget()
    this.#totals.flow.forget()
  }

  #writeTotals(): void {
    this.#storms.write((before, after) => this.#totals.incident.moved(before, after))
    this.#totals.room.write()
    this.#totals.incident.write()
    this.#totals.flow.write()
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
    if (body === null) this.#dropDerived(kind, docid, id)
    return { docid, fresh: false }
  }

  #list(place: Place, parsed: AnyDoc): void {
    switch (parsed.kind) {
      case 'room': {
        this.#listRoom(place, parsed.doc, this.#read('device', parsed.doc.id)?.doc)
        break
      }
      case 'device':
        this.#listDevice(parsed.doc.id, parsed.doc)
        break
      case 'incident': {
        const line = incidentColumns(parsed.doc)
        const before = this.#lines.incident.put(place, line)
        this.#totals.incident.moved(before, line)
        this.#storms.moved(before, line)
        this.#words.incident.moved(place.docid, before?.words, line.words)
        break
      }
      case 'entry':
        this.#listEntry(place, parsed.doc)
        break
      case 'tenant':
      case 'me':
      case 'settings':
      case 'receipt':
      case 'policy':
      case 'request':
      case 'notice':
        break
    }
  }

  /** An opening comes before what it leads to: entries are never changed, and rows come in the order in which they were written. */
  #listEntry(place: Place, { incident, at, kind }: Doc<'entry'>): void {
    const from = isTimed({ kind }) ? (this.#opened.get(incident, at)?.at ?? null) : null
    const line = { incident, at, kind, tookMs: from === null ? null : at - from }
    this.#totals.flow.moved(flowOf(this.#lines.entry.put(place, line)), flowOf(line))
  }

  #listRoom(place: Place, room: Doc<'room'>, device: Doc<'device'> | undefined): void {
    const line = roomColumns({ ...room, ...(device === undefined ? {} : { device: device.device }) })
    const before = this.#lines.room.put(place, line)
    this.#totals.room.moved(before, line)
    this.#indexRoom(place.docid, before?.words, line.words)
  }

  /** A room is found by words of its device. Either may come first. */
  #listDevice(id: string, device: Doc<'device'> | undefined): void {
    const room = this.#read('room', id)
    if (room !== undefined) this.#listRoom({ docid: room.docid, fresh: false }, room.doc, device)
  }

  #read<K extends 'room' | 'device'>(kind: K, id: string): { docid: number; doc: Doc<K> } | undefined {
    const row = this.#body.get(kind, id)
    // Checked by its schema before it was stored.
    return row === undefined || row.body === null ? undefined : { docid: row.docid, doc: bodyOf(row.body) as Doc<K> }
  }

  #indexRoom(docid: number, before: string | undefined, after: string | undefined): void {
    if (this.#later) return
    this.#words.room.moved(docid, before, after)
    this.#words.name.moved(docid, before && firstField(before), after && firstField(after))
  }

  #dropDerived(kind: Kind, docid: number, id: string): void {
    switch (kind) {
      case 'room': {
        const before = this.#lines.room.remove(docid)
        this.#totals.room.moved(before, undefined)
        this.#indexRoom(docid, before?.words, undefined)
        if (before !== undefined) this.windows.drop(before.id)
        break
      }
      case 'device':
        this.#listDevice(id, undefined)
        break
      case 'incident': {
        const before = this.#lines.incident.remove(docid)
        this.#totals.incident.moved(before, undefined)
        this.#storms.moved(before, undefined)
        this.#words.incident.moved(docid, before?.words, undefined)
        break
      }
      case 'entry':
        this.#totals.flow.moved(flowOf(this.#lines.entry.remove(docid)), undefined)
        break
      case 'tenant':
      case 'me':
      case 'settings':
      case 'receipt':
      case 'policy':
      case 'request':
      case 'notice':
        break
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
      case 'device':
        // To whoever looks, it is the room that has changed.
        written.kinds.add('room')
        written.rooms.add(row.id)
        break
      case 'incident':
        written.incidents.add(row.id)
        break
      case 'entry':
        if (parsed?.kind === 'entry') written.incidents.add(parsed.doc.incident)
        break
      case 'receipt':
        if (parsed !== undefined) written.receipts.push(row.id)
        break
      case 'tenant':
      case 'me':
      case 'settings':
      case 'policy':
      case 'request':
      case 'notice':
        break
    }
  }

  /**
   * Leaves the indexes of rooms for later while very many come into an empty copy; where there are rooms they stay. Meanwhile lists are
   * sorted when they are read, and no room is found by its words.
   */
  indexLater(): void {
    if (this.#db.prepare('select 1 from room_list limit 1').get() !== undefined) return
    for (const name of Object.keys(roomOrders)) this.#db.exec(`drop index if exists ${name}`)
    this.#later = true
  }

  /** Makes the indexes that were left for later. */
  indexNow(): void {
    if (!this.#later) return
    for (const [name, columns] of Object.entries(roomOrders)) this.#db.exec(`create index if not exists ${name} on room_list (${columns})`)
    indexWords(this.#db)
    this.#later = false
  }

  /** Removes the documents that a query names, with all that was derived from them; returns how many of each kind. */
  remove(where: string, ...parameters: (string | number)[]): Map<Kind, number> {
    const gone = this.#db
      .prepare<(string | number)[], { docid: number; kind: Kind; id: string }>(`select docid, kind, id from document where ${where}`)
      .all(...parameters)
    const erase = this.#db.prepare('delete from document where docid = ?')
    const counts = new Map<Kind, number>()
    this.#forgetTotals()
    for (const { docid, kind, id } of gone) {
      this.#dropDerived(kind, docid, id)
      erase.run(docid)
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
    this.#writeTotals()
    return counts
  }
}

const signalIds: ReadonlySet<string> = new Set(SignalId.options)
/** Where documents name signals. */
const signalsIn: Partial<Record<Kind, string>> = { room: 'signals', device: 'parts' }
const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Without the signals of a newer service, dropped as unknown fields are (decision 0021): one more signal must not cost the room. */
function withKnownSignals({ kind, doc }: Row): unknown {
  const field = signalsIn[kind]
  if (field === undefined || !isFields(doc)) return doc
  const named = doc[field]
  if (!isFields(named) || Object.keys(named).every((id) => signalIds.has(id))) return doc
  return { ...doc, [field]: Object.fromEntries(Object.entries(named).filter(([id]) => signalIds.has(id))) }
}

const bodyOf = (body: string): object => JSON.parse(body) as object

/** The document by the schema of its kind, or what is wrong with it (never its content). */
function parseDoc(row: Row): AnyDoc | string {
  const result = kinds[row.kind].schema.safeParse(withKnownSignals(row))
  if (!result.success) return `${row.kind}: ${detailsOf(result.error).field ?? 'not a document'}`
  // The table of schemas is keyed by kind, which the compiler does not follow through an index.
  const parsed = { kind: row.kind, doc: result.data as Doc<Kind> } as AnyDoc
  return parsed.doc.id === row.id ? parsed : `${row.kind}: id`
}
