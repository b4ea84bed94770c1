import { type ConsoleToFeed, type Cursor, feedProtocolVersion, type FeedToConsole } from '../../contract/feed.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'
import type { CurrentAccess } from '../access/service.ts'
import type { BusTopics } from '../ground/bus.ts'
import type { Caller } from '../ground/caller.ts'
import type { Lineage } from '../ground/store/generations.ts'
import type { Store } from '../ground/store/store.ts'
import type { Cursors } from './cursors.ts'
import { batchText, differenceText, rowText, Sight } from './rows.ts'
import { asVersion2 } from './version2.ts'

/** A console's socket, as far as it is needed: one of `ws`. */
export interface FeedSocket {
  /** 1: open. */
  readonly readyState: number
  /** Bytes that are not sent yet. */
  readonly bufferedAmount: number
  send(text: string, sent?: () => void): void
  close(code: number, reason: string): void
  terminate(): void
}

const isOpen = ({ readyState }: FeedSocket): boolean => readyState === 1

type Changes = BusTopics['changes']
type Greeting = Pick<Extract<ConsoleToFeed, { type: 'hello' }>, 'cursor' | 'scope' | 'partial'>

interface Texts {
  readonly one: string[]
  all: string | undefined
}

/** The texts of one commit's rows, made once for all consoles that get them. */
export class SharedRows {
  readonly changes: Changes
  readonly #whole: Texts = { one: [], all: undefined }
  readonly #differences: Texts = { one: [], all: undefined }

  constructor(changes: Changes) {
    this.changes = changes
  }

  /** `differences`: for a console that has the revisions before. */
  text(index: number, differences: boolean): string {
    const row = this.changes.rows[index]
    const texts = differences ? this.#differences : this.#whole
    return (texts.one[index] ??= row ? (differences ? differenceText(row) : rowText(row)) : '')
  }

  /** All rows that belong to rooms or to the whole tenant, joined; undefined where some are for one person only. */
  all(differences: boolean): string | undefined {
    if (this.changes.rows.some((row) => row.owner !== null)) return undefined
    const texts = differences ? this.#differences : this.#whole
    return (texts.all ??= this.changes.rows.map((_, index) => this.text(index, differences)).join(','))
  }
}

export interface FollowerOptions {
  readonly store: Store
  readonly cursors: Cursors
  readonly beatMs: number
  readonly clock: Pick<Clock, 'now'>
  readonly onRows: (count: number) => void
  readonly onProblem: (follower: Follower, error: unknown) => void
}

/** Where a console is in the data that it follows. */
interface Trail {
  readonly lineage: Lineage
  /** All up to here it has, or need not have. */
  position: number
  /** What it knows of its position. */
  cursor: Cursor
  cursorPosition: number
}

/**
 * What a console does. A state is made anew at each change, so that a reading that was begun in another one is known by it, and sends
 * nothing more.
 * - `apart`: it has said no hello yet, or none with a cursor that is good, or follows no more
 * - `live`: it has everything up to its position, and its socket takes more
 * - `reading`: it lacks something, which is being read from the store
 * - `behind`: it lacks something, and something holds it up
 */
type State = { readonly is: 'apart' } | { readonly is: 'live' | 'reading' | 'behind'; readonly trail: Trail }

/**
 * One console that follows a tenant's changes. All that is kept of what it lacks is a position: what it gets is read
 * when it is sent, so a slow console costs no memory, and sees the newest state of each thing and not its past.
 *
 * Whatever takes it out of being live (a hello, a new scope, a full socket, a commit that it missed) makes it catch up from the store.
 */
export class Follower {
  readonly socket: FeedSocket
  caller: Caller
  heardAt: number
  readonly #options: FollowerOptions
  #sight: Sight
  #state: State = { is: 'apart' }
  #version: number = feedProtocolVersion
  /** It has all that it may see, up to its position: of each document the revision before. */
  #isWhole = false
  /** The tenant has got at least this far. */
  #tenantAt = 0
  /** Changes of scope, and of what its link asks for, that are not read yet; and its socket, while that is full. */
  #holds = 0

  constructor(socket: FeedSocket, caller: Caller, now: number, options: FollowerOptions) {
    this.socket = socket
    this.caller = caller
    this.heardAt = now
    this.#options = options
    this.#sight = new Sight(caller.reach)
  }

  say(message: FeedToConsole): void {
    if (this.#isOpen) this.socket.send(JSON.stringify(message))
  }

  /** Greets it, and goes on from its cursor; without a good one it has to fetch a snapshot first. */
  hello(current: CurrentAccess, version: number, { cursor, scope, partial }: Greeting, lineage: Lineage, lastSeq: number): void {
    const { cursors, beatMs, clock } = this.#options
    this.end()
    this.#see(current)
    this.#version = version
    this.#isWhole = this.#isNewest && partial !== true
    this.say({ type: 'welcome', version, scope: this.caller.scopeVersion, beatMs, at: clock.now() })
    const position = cursor === undefined ? undefined : cursors.positionOf(this.caller, cursor)
    // A copy of data that is not the past of this one, or of a scope that is yet to come, is of what was there before a restore.
    const known = position !== undefined && lineage.holds(position, lastSeq) && (scope ?? 0) <= this.caller.scopeVersion
    if (cursor === undefined || !known) {
      this.say({ type: 'snapshot' })
      return
    }
    this.#state = { is: 'behind', trail: { lineage, position: position.seq, cursor, cursorPosition: position.seq } }
    if (scope !== this.caller.scopeVersion) this.#sayScope()
    this.#catchUp()
  }

  /** It lacks nothing of what it may see under this scope. */
  isWhole(scope: number): void {
    this.#isWhole = this.#isNewest && scope === this.caller.scopeVersion
  }

  /** Nothing more is sent under the scope before; `rescope` follows when the new one is known. */
  suspend(): void {
    this.#holds++
    this.#fallBehind()
  }

  rescope(current: CurrentAccess): void {
    if (this.#see(current)) this.#sayScope()
    this.resume()
  }

  /** The end of a `suspend`. */
  resume(): void {
    this.#holds--
    this.#catchUp()
  }

  /** Nothing more is sent. */
  end(): void {
    this.#state = { is: 'apart' }
  }

  /** A partner's person has nothing left here: their copy of this tenant goes as a whole (PAR-6). */
  leave(scopeVersion: number): void {
    this.end()
    this.say({ type: 'scope', version: scopeVersion, rooms: {} })
  }

  /** Whether that is another scope. Two changes close together may be read in any order: the newer one stays. */
  #see({ access, scopeVersion }: CurrentAccess): boolean {
    if (scopeVersion <= this.caller.scopeVersion) return false
    const reach = { tenant: this.caller.tenant, person: this.caller.person, access }
    this.caller = { ...this.caller, access, scopeVersion, reach }
    this.#sight = new Sight(reach)
    return true
  }

  /** A commit of its tenant. */
  changed(shared: SharedRows): void {
    const { upTo, rows } = shared.changes
    this.#tenantAt = Math.max(this.#tenantAt, upTo)
    if (this.#state.is !== 'live') return
    const { trail } = this.#state
    const first = rows[0]
    // Another version has other documents, which are read.
    if (!first || first.seq > trail.position + 1 || rows.length > limits.feedBatchRows || !this.#isNewest) {
      this.#catchUp()
      return
    }
    if (upTo <= trail.position) return
    const whole = first.seq === trail.position + 1 && this.#sight.everyRoom ? shared.all(this.#isWhole) : undefined
    if (whole !== undefined && rows.every((row) => row.room !== null)) {
      this.#send(trail, whole, rows.length, upTo, 0)
      return
    }
    const texts: string[] = []
    rows.forEach((row, index) => {
      if (row.seq > trail.position && this.#sight.sees(row)) texts.push(shared.text(index, this.#isWhole))
    })
    if (texts.length > 0) this.#send(trail, texts.join(','), texts.length, upTo, 0)
    else this.#pass(trail, upTo)
  }

  /** Nothing in it for this console: it is not told, or only rarely, so that it learns nothing of how much happens. */
  #pass(trail: Trail, upTo: number): void {
    trail.position = upTo
    if (trail.position - trail.cursorPosition >= limits.feedUnseenRows) this.#send(trail, '', 0, upTo, 0)
  }

  #fallBehind(): void {
    if (this.#state.is !== 'apart') this.#state = { is: 'behind', trail: this.#state.trail }
  }

  /** Reads what it lacks, anew where it was reading already, as soon as nothing holds it up. */
  #catchUp(): void {
    this.#fallBehind()
    if (this.#state.is === 'apart' || this.#holds > 0 || !this.#isOpen) return
    const reading: State = { is: 'reading', trail: this.#state.trail }
    this.#state = reading
    this.#read(reading, reading.trail).catch((error: unknown) => this.#options.onProblem(this, error))
  }

  get #isNewest(): boolean {
    return this.#version === feedProtocolVersion
  }

  get #isOpen(): boolean {
    return isOpen(this.socket)
  }

  async #read(reading: State, trail: Trail): Promise<void> {
    const read = this.#options.store.read(this.caller.tenant, 'wholeTenant')
    for (;;) {
      const rows = await read.changesAfter(trail.position, limits.feedBatchRows)
      const lastSeq = await read.lastSeq()
      const visible = rows.filter((row) => this.#sight.sees(row))
      const seen = this.#isNewest ? visible : visible.flatMap(asVersion2)
      if (this.#state !== reading || !this.#isOpen) return
      const upTo = rows.at(-1)?.seq ?? trail.position
      const more = rows.length === limits.feedBatchRows
      // How much is to come is told to those who may see it all; others only that something is.
      const behind = more ? (this.#sight.everyRoom ? Math.max(1, lastSeq - upTo) : 1) : 0
      if (seen.length > 0 || !more) this.#send(trail, seen.map(rowText).join(','), seen.length, upTo, behind)
      else this.#pass(trail, upTo)
      if (this.#state !== reading) return
      if (!more && this.#tenantAt <= trail.position) {
        this.#state = { is: 'live', trail }
        return
      }
    }
  }

  #send(trail: Trail, rows: string, count: number, upTo: number, behind: number): void {
    const { cursors, onRows } = this.#options
    const to = cursors.cursor(this.caller, trail.lineage.at(upTo))
    const text = batchText(this.caller.scopeVersion, trail.cursor, to, rows, behind)
    trail.position = trail.cursorPosition = upTo
    trail.cursor = to
    onRows(count)
    if (this.socket.bufferedAmount + text.length < limits.feedBufferedBytes) {
      this.socket.send(text)
      return
    }
    // The socket is full: nothing more is made until this is gone. Then it catches up with what is true by then.
    this.suspend()
    this.socket.send(text, () => this.resume())
  }

  /** What it gains comes by a snapshot, and until then it lacks that. */
  #sayScope(): void {
    this.#isWhole = false
    this.say({ type: 'scope', version: this.caller.scopeVersion, rooms: this.#sight.rooms() })
  }
}
