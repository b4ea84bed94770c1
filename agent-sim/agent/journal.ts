import { JournalId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { foldReports, type NewReport } from './report.ts'

/** A report on its way to the disk. */
export interface Waiting {
  journal: Journal
  number: number
  body: string
  done: (number: number) => void
  failed: (error: unknown) => void
}

/** A device's row in the journal database. */
export interface JournalRow {
  slot: number
  name: string
  journal: string
  last: number
  acknowledged: number
}

/** What a journal needs of the database that holds it. */
export interface JournalBacking {
  newId: () => JournalId
  append: (waiting: Waiting) => void
  freed: (journal: Journal) => void
  flush: () => void
  read: (slot: number, after: number, count: number) => { number: number; body: string }[]
  replace: (journal: Journal, upTo: number, first: string | undefined) => void
  remove: (journal: Journal) => void
}

/**
 * The durable, numbered reports of one device. A report is on disk before it can be read for sending, and stays until
 * the service has acknowledged it. At `maxReports` the older half is folded into one report; since numbers have no
 * gaps, that begins a new journal, and so does a service that remembers less, or more, than was sent to it.
 */
export class Journal {
  readonly slot: number
  readonly name: string
  readonly #backing: JournalBacking
  readonly #maxReports: number
  #id: JournalId
  /** The number given last, on disk or about to be. */
  #last: number
  #committed: number
  #acknowledged: number
  /** The newest reports, so that what was just written need not be read; bodies from `#recentFrom` on. */
  #recent: string[] = []
  #recentFrom: number
  #renewed: (() => void) | undefined

  constructor(row: JournalRow, maxReports: number, backing: JournalBacking) {
    this.slot = row.slot
    this.name = row.name
    this.#id = JournalId.parse(row.journal)
    this.#last = row.last
    this.#committed = row.last
    this.#acknowledged = row.acknowledged
    this.#recentFrom = row.last + 1
    this.#maxReports = maxReports
    this.#backing = backing
  }

  get id(): JournalId {
    return this.#id
  }
  /** The number of the newest report that is on disk. */
  get committed(): number {
    return this.#committed
  }
  get last(): number {
    return this.#last
  }
  get acknowledged(): number {
    return this.#acknowledged
  }
  /** Reports that the service has not acknowledged. */
  get waiting(): number {
    return this.#last - this.#acknowledged
  }

  /** Called when the journal has become a new one: a connection must say hello again. */
  onRenewed(listener: () => void): void {
    this.#renewed = listener
  }

  /** Gives the report its number; resolves with it once the report is on disk. @throws when the disk refuses it. */
  append(report: NewReport): Promise<number> {
    const renewed = this.waiting >= this.#maxReports && this.#fold()
    const number = (this.#last += 1)
    const body = JSON.stringify(report)
    const written = new Promise<number>((done, failed) => {
      this.#backing.append({ journal: this, number, body, done, failed })
    })
    if (renewed) this.#renewed?.()
    return written
  }

  /**
   * Reports after `after`, as JSON with their numbers, at most `count` and at most `bytes` together (but one, however
   * large it is). Only what is on disk.
   */
  read(after: number, count: number, bytes: number): { number: number; json: string }[] {
    const read: { number: number; json: string }[] = []
    let size = 0
    for (const { number, body } of this.#bodies(after, Math.min(count, this.#committed - after))) {
      const json = `{"number":${number},${body.slice(1)}`
      size += Buffer.byteLength(json) + 1
      if (size > bytes && read.length > 0) break
      read.push({ number, json })
    }
    return read
  }

  /** The service has all reports up to this one; they need not be kept. */
  acknowledge(upTo: number): void {
    if (upTo <= this.#acknowledged) return
    this.#acknowledged = Math.min(upTo, this.#committed)
    const gone = this.#acknowledged + 1 - this.#recentFrom
    if (gone > 0) {
      this.#recent.splice(0, gone)
      this.#recentFrom = Math.max(this.#recentFrom, this.#acknowledged + 1)
    }
    this.#backing.freed(this)
  }

  /**
   * Begins a new journal with what waits after `upTo`, numbered from 1: for a service that was set back, or a device
   * that was.
   */
  renew(upTo: number = this.#acknowledged): void {
    this.#backing.flush()
    this.#startAnew(Math.min(upTo, this.#last), undefined)
    this.#renewed?.()
  }

  /** Deletes the journal with all that is in it. */
  remove(): void {
    this.#backing.remove(this)
  }

  /** @internal The store has committed this report. */
  written(waiting: Waiting): void {
    this.#committed = waiting.number
    if (this.#recent.length === 0) this.#recentFrom = waiting.number
    // Only an unbroken run is kept; what does not join it is read from the disk when its turn comes.
    const joins = this.#recentFrom + this.#recent.length === waiting.number
    if (joins && this.#recent.length < limits.agentWindowReports) this.#recent.push(waiting.body)
  }

  /** @internal The store could not commit; the numbers are given again. */
  notWritten(): void {
    this.#last = this.#committed
  }

  #bodies(after: number, count: number): { number: number; body: string }[] {
    if (count <= 0) return []
    const first = after + 1
    const recentTo = this.#recentFrom + this.#recent.length
    if (first < this.#recentFrom || first >= recentTo) return this.#backing.read(this.slot, after, count)
    return this.#recent
      .slice(first - this.#recentFrom, first - this.#recentFrom + count)
      .map((body, index) => ({ number: first + index, body }))
  }

  #fold(): boolean {
    this.#backing.flush()
    // Half of all, and never less than what may be on the wire unacknowledged: that part may have arrived.
    const count = Math.min(this.waiting, Math.max(Math.ceil(this.#maxReports / 2), limits.agentWindowReports))
    const oldest = this.#backing.read(this.slot, this.#acknowledged, count)
    if (oldest.length < 2) return false
    this.#startAnew(this.#acknowledged + oldest.length, foldReports(oldest.map(({ body }) => body)))
    return true
  }

  #startAnew(upTo: number, first: string | undefined): void {
    this.#id = this.#backing.newId()
    this.#last = this.#last - upTo + (first === undefined ? 0 : 1)
    this.#committed = this.#last
    this.#acknowledged = 0
    this.#recent = []
    this.#recentFrom = this.#last + 1
    this.#backing.replace(this, upTo, first)
  }
}
