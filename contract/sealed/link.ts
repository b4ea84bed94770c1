import { limits } from '../limits.ts'
import type { SessionEnd } from '../remote.ts'
import { Connector, lostSide } from './connector.ts'
import { confirmation, cut, type Frame, frame, greeting, readGreeting, readInside } from './frames.ts'
import type { Link, LinkOptions, LinkState } from './interfaces.ts'
import { makeRecord, RecordReader, type SealedRecord, Tampered } from './records.ts'
import { Window } from './window.ts'

/** A frame that has come and was not taken yet. */
interface Parked {
  readonly number: number
  readonly channel: number
  readonly bytes: Uint8Array
  readonly size: number
}

/** Frames that wait for a taker, at most. An end that confirms nothing for them is sent no more than one window. */
const parkedAtMost = 2 * limits.sessionWindowBytes

/**
 * One end of a sealed session (REM-7; docs/sealed.md), over as many connections as it takes. What was not confirmed is kept and
 * sent again after a drop, so that every frame arrives once and in order; whatever a relay does to a record ends the session.
 */
export class SealedLink implements Link {
  readonly #options: LinkOptions
  readonly #connector: Connector
  readonly #reader: RecordReader
  #state: LinkState = { state: 'connecting' }
  #end: SessionEnd | undefined
  /** Since when the other end is missed: from the start, and from each loss. */
  #missedAt: number
  #wasLive = false
  /** Whether both greetings of this pair of connections have been exchanged. */
  #isLive = false

  /** What this end sends: not sealed yet, sealed and not confirmed, and the number of its newest greeting. */
  #pending: Frame[] = []
  readonly #window = new Window()
  #greetings = 0
  #owesRoom = false

  /** What the other end sends: the newest number that was opened, frames that wait, and the number of its newest greeting. */
  #opened = 0
  #parked: Parked[] = []
  #parkedBytes = 0
  #greeted = 0
  #isPaused = false
  #owedBytes = 0
  #owesConfirmation = false

  #heardAt = 0
  #saidAt = 0
  #undoConfirm: (() => void) | undefined
  #undoAlive: (() => void) | undefined
  #undoMissing: (() => void) | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#missedAt = options.now()
    this.#reader = new RecordReader((record) => this.#receive(record))
    this.#connector = new Connector({
      side: options.side,
      session: options.keys.session,
      dial: options.dial,
      first: options.first,
      freshTicket: options.freshTicket,
      timers: options.timers,
      now: options.now,
      random: options.random,
      onBegun: () => this.#greet(),
      onOver: () => this.#over(),
      onPlace: () => this.#refresh(),
      onBytes: (bytes) => this.#read(bytes),
      onDrained: () => this.#pump(),
      onEnded: (reason) => this.#finish(reason),
    })
  }

  get state(): LinkState {
    return this.#state
  }

  /** Bytes that are kept to be sent, or sent again. */
  get keptBytes(): number {
    return this.#window.bytes + this.#pending.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** Frames that have come and wait for `resume`, in bytes. */
  get parkedBytes(): number {
    return this.#parkedBytes
  }

  start(): void {
    this.#miss()
    this.#connector.start()
  }

  send(channel: number, bytes: Uint8Array): boolean {
    if (this.#end !== undefined) return true
    for (const part of cut(channel, bytes)) {
      if (this.#mayPass) this.#seal(frame(part))
      else this.#pending.push({ channel, bytes: Uint8Array.from(part.bytes) })
    }
    this.#pump()
    const hasRoom = this.#hasRoom
    this.#owesRoom ||= !hasRoom
    return hasRoom
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#unpark()
  }

  end(reason: SessionEnd): void {
    if (this.#end !== undefined) return
    if (this.#isLive) this.#flush()
    this.#finish(reason)
  }

  get #hasRoom(): boolean {
    return (
      this.#pending.length === 0 && this.#window.bytes < limits.sessionWindowBytes && this.#connector.waiting < limits.sessionSocketBytes
    )
  }

  /** Whether a new frame may go out before anything else, which spares a copy. */
  get #mayPass(): boolean {
    return this.#isLive && this.#hasRoom && this.#window.isSent
  }

  /** The highest number of the other end that was taken here; none before it is missing. */
  get #received(): number {
    const first = this.#parked[0]
    return first ? first.number - 1 : this.#opened
  }

  /** A pair of connections begins: nothing but this is sent before the other end's greeting has come. */
  #greet(): void {
    this.#reader.begin()
    this.#greetings += 1
    this.#heardAt = this.#options.now()
    this.#keepAlive()
    this.#transmit(makeRecord(this.#options.keys.sealGreeting, this.#greetings, greeting(this.#received)))
  }

  #over(): void {
    this.#isLive = false
    this.#reader.begin()
    // What was not taken is asked for again.
    this.#opened = this.#received
    this.#parked = []
    this.#parkedBytes = 0
    this.#owedBytes = 0
    this.#owesConfirmation = false
    this.#undoConfirm?.()
    this.#undoConfirm = undefined
    this.#undoAlive?.()
    if (this.#undoMissing === undefined) this.#miss()
  }

  #read(bytes: Uint8Array): void {
    this.#heardAt = this.#options.now()
    try {
      // Nobody may send while the other end is not there.
      if (this.#connector.place.at !== 'both') throw new Tampered('bytes of nobody')
      this.#reader.read(bytes)
    } catch (error) {
      if (!(error instanceof Tampered)) throw error
      this.#finish('tampered')
    }
  }

  /** @throws Tampered */
  #receive(record: SealedRecord): void {
    if (this.#isLive) this.#takeRecord(record)
    else this.#takeGreeting(record)
  }

  #takeGreeting({ number, head, sealed }: SealedRecord): void {
    if (number <= this.#greeted) throw new Tampered('a greeting that was heard before')
    const received = readGreeting(opened(this.#options.keys.openGreeting, { number, head, sealed }))
    this.#greeted = number
    if (received === undefined || received > this.#window.newest) {
      this.#finish('protocol')
      return
    }
    if (received < this.#window.confirmed) throw new Tampered('a greeting from before')
    this.#window.confirm(received)
    this.#window.rewind()
    this.#isLive = true
    this.#wasLive = true
    this.#undoMissing?.()
    this.#undoMissing = undefined
    this.#connector.proven()
    this.#refresh()
    this.#pump()
  }

  #takeRecord({ number, head, sealed }: SealedRecord): void {
    if (number !== this.#opened + 1) throw new Tampered('a record out of order')
    const inside = readInside(opened(this.#options.keys.open, { number, head, sealed }))
    this.#opened = number
    const size = head.length + sealed.length
    if (inside?.kind === 'confirmation' && inside.received <= this.#window.newest) {
      this.#window.confirm(inside.received)
      this.#owe(size, false)
      this.#pump()
    } else if (inside?.kind === 'frame') {
      this.#parked.push({ number, channel: inside.channel, bytes: inside.bytes, size })
      this.#parkedBytes += size
      this.#unpark()
      if (this.#parkedBytes > parkedAtMost) this.#finish('protocol')
    } else {
      this.#finish('protocol')
    }
  }

  /** Gives on the frames that have come, in order, until the taker pauses. */
  #unpark(): void {
    while (!this.#isPaused && this.#end === undefined) {
      const frame = this.#parked.shift()
      if (!frame) return
      this.#parkedBytes -= frame.size
      this.#owe(frame.size, true)
      this.#options.onFrame(frame.channel, frame.bytes)
    }
  }

  /** So many bytes were taken, and the other end has to know. */
  #owe(bytes: number, soon: boolean): void {
    this.#owedBytes += bytes
    if (this.#owedBytes >= limits.sessionConfirmBytes) {
      this.#confirmNow()
    } else if (soon && this.#undoConfirm === undefined) {
      this.#undoConfirm = this.#options.timers.after(limits.sessionConfirmMs, () => this.#confirmNow())
    }
  }

  #confirmNow(): void {
    this.#undoConfirm?.()
    this.#undoConfirm = undefined
    this.#owedBytes = 0
    this.#owesConfirmation = true
    this.#pump()
  }

  /** Sends what may be sent: first again what was lost, then the confirmation, then what is new. */
  #pump(): void {
    if (!this.#isLive) return
    while (this.#connector.waiting < limits.sessionSocketBytes) {
      const again = this.#window.next()
      if (again) {
        this.#transmit(again)
      } else if (this.#owesConfirmation) {
        this.#owesConfirmation = false
        this.#seal(confirmation(this.#received))
      } else {
        const next = this.#window.bytes < limits.sessionWindowBytes ? this.#pending.shift() : undefined
        if (!next) break
        this.#seal(frame(next))
      }
    }
    this.#tellRoom()
  }

  #tellRoom(): void {
    if (!this.#owesRoom || !this.#hasRoom) return
    this.#owesRoom = false
    this.#options.onRoom()
  }

  /** Hands all that there is to the socket, whatever its size. */
  #flush(): void {
    for (let again = this.#window.next(); again; again = this.#window.next()) this.#transmit(again)
    for (const next of this.#pending.splice(0)) this.#seal(frame(next))
  }

  #seal(plain: Uint8Array): void {
    const record = makeRecord(this.#options.keys.seal, this.#window.newest + 1, plain)
    this.#window.add(record)
    this.#window.next()
    this.#transmit(record)
  }

  #transmit(record: Uint8Array): void {
    this.#saidAt = this.#options.now()
    this.#connector.send(record)
  }

  /** While both ends are there each is heard now and then, or it is lost. */
  #keepAlive(): void {
    this.#undoAlive?.()
    this.#undoAlive = this.#options.timers.after(limits.sessionAliveMs, () => {
      const at = this.#options.now()
      if (at - this.#heardAt >= limits.sessionSilentMs) {
        this.#connector.renew()
        return
      }
      this.#keepAlive()
      if (this.#isLive && at - this.#saidAt >= limits.sessionAliveMs) this.#confirmNow()
    })
  }

  /** From now on the other end is missed, and not for ever. */
  #miss(): void {
    this.#missedAt = this.#options.now()
    this.#undoMissing = this.#options.timers.after(limits.sessionLostMs, () => this.#finish(this.#givenUp))
  }

  /** Who is lost: this end where it is not at the relay, else the other one. */
  get #givenUp(): SessionEnd {
    const { side } = this.#options
    if (this.#connector.place.at === 'away') return lostSide(side)
    return this.#wasLive ? lostSide(side === 'operator' ? 'device' : 'operator') : 'neverJoined'
  }

  #finish(reason: SessionEnd): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#isLive = false
    this.#reader.begin()
    this.#undoConfirm?.()
    this.#undoAlive?.()
    this.#undoMissing?.()
    this.#connector.end()
    this.#pending = []
    this.#parked = []
    this.#parkedBytes = 0
    this.#enter({ state: 'ended', reason })
  }

  #refresh(): void {
    if (this.#end !== undefined) return
    const { place } = this.#connector
    const since = this.#missedAt
    if (this.#isLive) this.#enter({ state: 'live' })
    else if (this.#wasLive || place.at === 'away')
      this.#enter({ state: 'lost', since, nextTryAt: place.at === 'away' ? place.tryAt : null, until: since + limits.sessionLostMs })
    else if (place.at === 'relay') this.#enter({ state: 'waiting', since: this.#options.now() })
  }

  #enter(state: LinkState): void {
    this.#state = state
    this.#options.onState(state)
  }
}

/** @throws Tampered where it is not what was sealed. */
function opened(
  open: (number: number, head: Uint8Array, sealed: Uint8Array) => Uint8Array,
  { number, head, sealed }: SealedRecord,
): Uint8Array {
  try {
    return open(number, head, sealed)
  } catch {
    throw new Tampered('a record that was altered')
  }
}
