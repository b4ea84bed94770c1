import type { QueuedCommand } from '../../contract/commands.ts'
import type { Doc } from '../../contract/entities.ts'
import { ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { CommandKey } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Ids, Undo } from '../../contract/system.ts'
import { subjectsOf } from './overlay.ts'
import type { OutboxRow, OutboxStore } from './store.ts'

/** The things whose picture changed: `subjectsOf` of the commands concerned. */
export type OutboxListener = (subjects: readonly string[]) => void

/**
 * What the operator did (CON-3): durable, in order, and known by what it is about. Listeners hear of a change after it
 * is on the disk.
 */
export class Outbox {
  readonly #store: OutboxStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #rows = new Map<string, OutboxRow>()
  readonly #bySubject = new Map<string, Map<string, OutboxRow>>()
  readonly #listeners = new Set<OutboxListener>()
  /** What was issued in this run, by a clock that may turn out to be wrong. */
  readonly #issuedHere = new Set<string>()

  constructor(store: OutboxStore, { clock, ids }: { clock: Clock; ids: Ids }) {
    this.#store = store
    this.#clock = clock
    this.#ids = ids
    for (const row of store.all()) {
      // The answer to what was on its way when the program ended is not known: it goes again, under the same key.
      const known: OutboxRow = row.state === 'sending' ? { ...row, state: 'pending' } : row
      this.#rows.set(row.key, known)
      this.#index(known)
    }
  }

  /** Everything, oldest first. */
  rows(): OutboxRow[] {
    return [...this.#rows.values()]
  }

  get(key: string): OutboxRow | undefined {
    return this.#rows.get(key)
  }

  /** What is laid over this thing: every command about it that was not refused, oldest first. */
  about(subject: string): OutboxRow[] {
    return [...(this.#bySubject.get(subject)?.values() ?? [])]
  }

  /** All things that something is laid over. */
  subjects(): string[] {
    return [...this.#bySubject.keys()]
  }

  /**
   * `pending`: not answered yet, applied and not seen in the feed, or waiting for approval; `refused`: kept for the
   * operator to look at; `unsent`: what only this machine knows.
   */
  counts(): { pending: number; refused: number; unsent: number } {
    const counts = { pending: 0, refused: 0, unsent: 0 }
    for (const { state } of this.#rows.values()) {
      counts[state === 'refused' ? 'refused' : 'pending']++
      if (state !== 'sent' && state !== 'requested') counts.unsent++
    }
    return counts
  }

  /** Durable when it returns. Errors: `outbox.full`, `outbox.locked`, `disk.failed`. */
  submit(command: QueuedCommand): CommandKey {
    const row = this.#fresh(command)
    this.#add([row])
    return row.key
  }

  /** Errors: `outbox.full` where so many more have no room; `outbox.locked`, `disk.failed` where nothing could be kept now. */
  checkRoom(more: number): void {
    this.#store.checkRoom(more)
  }

  /** As `submit`, all of them or none. */
  submitAll(commands: readonly QueuedCommand[]): CommandKey[] {
    const rows = commands.map((command) => this.#fresh(command))
    this.#add(rows)
    return rows.map(({ key }) => key)
  }

  /** Takes back what was refused or never tried. Errors: `outbox.notFound`; `request.conflict` once it was tried. */
  discard(key: CommandKey): void {
    const row = this.#known(key)
    if (row.state !== 'refused' && row.tries > 0) throw new RoomkeeperError('request.conflict')
    this.#forget([row])
  }

  /** Puts what was refused in again, under a new key. Errors: `outbox.notFound`, `request.conflict` if not refused. */
  retry(key: CommandKey): CommandKey {
    const row = this.#known(key)
    if (row.state !== 'refused') throw new RoomkeeperError('request.conflict')
    const again = this.#fresh(row.command)
    this.#store.replace(key, again)
    this.#rows.delete(key)
    this.#rows.set(again.key, again)
    this.#issuedHere.add(again.key)
    this.#changed([again])
    return again.key
  }

  /** The clock that everything of this run was dated by was off by so many ms: what waits is dated as it happened. */
  dateAnew(byMs: number): void {
    const now = this.#clock.now()
    const dated: OutboxRow[] = []
    for (const key of this.#issuedHere) {
      const row = this.#rows.get(key)
      if (row === undefined) this.#issuedHere.delete(key)
      else if (row.state === 'pending') dated.push({ ...row, issuedAt: Math.max(0, Math.min(now, row.issuedAt + byMs)) })
    }
    if (dated.length > 0) this.#replace(dated)
  }

  /** Forgets everything, refused or not: the operator said so. */
  discardAll(): void {
    this.#forget(this.rows())
  }

  /** Says that a try begins; false where there is nothing to try (discarded, or parked because it is too old). */
  beginTry(key: string): boolean {
    const row = this.#rows.get(key)
    if (row === undefined || row.state !== 'pending') return false
    if (this.#clock.now() - row.issuedAt > limits.commandMaxAgeMs) {
      this.#park(row, 'command.expired')
      return false
    }
    this.#replace([{ ...row, state: 'sending', tries: row.tries + 1 }])
    return true
  }

  /** The try had no answer that counts; the command waits for the next. On the disk that is the same state. */
  tryAgain(key: string): void {
    const row = this.#rows.get(key)
    if (row?.state === 'sending') this.#keep([{ ...row, state: 'pending' }])
  }

  /** The service applied it; the overlay stays until its receipt is in the cache. */
  applied(key: string): void {
    const row = this.#rows.get(key)
    if (row !== undefined) this.#replace([{ ...row, state: 'sent', appliedAt: this.#clock.now() }])
  }

  /** It waits for the customer's approval (PAR-5), over restarts, and is not sent again. */
  requested(key: string): void {
    const row = this.#rows.get(key)
    if (row !== undefined) this.#replace([{ ...row, state: 'requested', appliedAt: this.#clock.now() }])
  }

  /** What became of the requests that wait, by the cache: an approved one is done, any other end is a refusal. */
  decided(requestOf: (key: string) => Doc<'request'> | undefined): void {
    for (const { key, state } of this.rows()) {
      const request = state === 'requested' ? requestOf(key) : undefined
      if (request === undefined || request.status === 'waiting') continue
      if (request.status === 'approved') {
        this.confirm([key])
        continue
      }
      try {
        this.refused(key, codeOf(request), request.note)
      } catch {
        // A disk that is full: it is decided as before when this is asked again.
      }
    }
  }

  /** Parks it with the reason; what was typed stays in the command. */
  refused(key: string, code: ErrorCode, detail?: string): void {
    const row = this.#rows.get(key)
    if (row === undefined) return
    this.#replace([{ ...row, state: 'refused', refusal: { code, ...(detail === undefined ? {} : { detail }) } }])
  }

  /** Nothing will be asked or heard of any more: what the service applied is done, everything else is parked for this reason. */
  giveUp(code: ErrorCode): void {
    for (const row of this.rows()) {
      if (row.state === 'sent') this.confirm([row.key])
      else if (row.state !== 'refused') this.#park(row, code)
    }
  }

  /** Receipts of these commands are in the cache: what they changed is too, and the overlay goes. */
  confirm(keys: readonly string[]): void {
    this.#done(keys.flatMap((key) => this.#rows.get(key) ?? []))
  }

  /** A snapshot that began at this time is whole: what was applied before it is in it, and no request lives this long. */
  snapshotFinished(startedAt: number): void {
    const over = ({ state, appliedAt = startedAt }: OutboxRow): boolean =>
      (state === 'sent' && appliedAt < startedAt) || (state === 'requested' && appliedAt + requestForgottenMs < startedAt)
    this.#done(this.rows().filter(over))
  }

  /** Returns its undo. */
  listen(listener: OutboxListener): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#listeners.clear()
    this.#store.close()
  }

  #fresh(command: QueuedCommand): OutboxRow {
    const issuedAt = this.#clock.now()
    return { key: CommandKey.parse(this.#ids(issuedAt)), command, issuedAt, state: 'pending', tries: 0 }
  }

  #add(rows: readonly OutboxRow[]): void {
    this.#store.add(rows)
    for (const row of rows) {
      this.#rows.set(row.key, row)
      this.#issuedHere.add(row.key)
    }
    this.#changed(rows)
  }

  #known(key: string): OutboxRow {
    const row = this.#rows.get(key)
    if (row === undefined) throw new RoomkeeperError('outbox.notFound')
    return row
  }

  /** Of what was sent nobody knows whether the service applied it: it is never called refused for a reason of the console's own. */
  #park({ key, tries }: OutboxRow, code: ErrorCode): void {
    this.refused(key, tries > 0 ? 'command.unanswered' : code)
  }

  #replace(rows: readonly OutboxRow[]): void {
    this.#store.set(rows)
    this.#keep(rows)
  }

  #keep(rows: readonly OutboxRow[]): void {
    for (const row of rows) this.#rows.set(row.key, row)
    this.#changed(rows)
  }

  /** Confirmed rows go even where the disk is full: what is left of them is found confirmed at the next start. */
  #done(rows: readonly OutboxRow[]): void {
    try {
      this.#forget(rows)
    } catch {
      this.#drop(rows)
    }
  }

  #forget(rows: readonly OutboxRow[]): void {
    if (rows.length === 0) return
    this.#store.remove(rows.map(({ key }) => key))
    this.#drop(rows)
  }

  #drop(rows: readonly OutboxRow[]): void {
    for (const { key } of rows) this.#rows.delete(key)
    this.#changed(rows)
  }

  #changed(rows: readonly OutboxRow[]): void {
    for (const row of rows) this.#index(row)
    const subjects = [...new Set(rows.flatMap(({ command }) => subjectsOf(command)))]
    for (const listener of this.#listeners) listener(subjects)
  }

  /** Puts the row as it is now under its subjects, in its old place where it had one, or takes it out. */
  #index(row: OutboxRow): void {
    const laidOver = this.#rows.has(row.key) && row.state !== 'refused'
    for (const subject of subjectsOf(row.command)) {
      let about = this.#bySubject.get(subject)
      if (laidOver) {
        if (about === undefined) this.#bySubject.set(subject, (about = new Map()))
        about.set(row.key, row)
      } else if (about?.delete(row.key) === true && about.size === 0) {
        this.#bySubject.delete(subject)
      }
    }
  }
}

/** A request of which the service knows nothing any more. */
const requestForgottenMs = 2 * limits.requestDays * 86_400_000

function codeOf({ status, code }: Doc<'request'>): ErrorCode {
  if (status === 'rejected') return 'request.rejected'
  if (status === 'expired') return 'request.expired'
  if (status === 'withdrawn') return 'request.withdrawn'
  const named = ErrorCode.safeParse(code)
  return named.success ? named.data : 'service.failed'
}
