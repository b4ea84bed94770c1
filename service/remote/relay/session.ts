import type { Duplex } from 'node:stream'
import type { DeviceId, SessionId } from '../../../contract/ids.ts'
import { relayCloseCodes, type RelayEnd, type RelaySide, type RelayToSide, type SideToRelay } from '../../../contract/relay.ts'
import type { Clock, Random, Timers } from '../../../contract/system.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { hashOf } from './handshake.ts'
import type { Joiner } from './joiner.ts'

/** Every wait of a relay, in ms; what it does at each stands in `contract/limits.ts`. */
export interface RelayTiming {
  readonly waitMs: number
  readonly graceMs: number
  readonly pingMs: number
  readonly silentMs: number
  readonly sweepMs: number
  readonly drainMs: number
  readonly reconnectMs: number
}

/** What sessions share. */
export interface SessionShared {
  readonly timing: RelayTiming
  readonly joiner: Joiner
  readonly clock: Clock
  readonly random: Random
  /** Payload forwarded by all sessions, in bytes, to each side. */
  readonly forwarded: Record<RelaySide, number>
  readonly onDrop: () => void
  /** Told once; the session is of no more use. */
  readonly onEnd: (session: Session, how: SessionSummary) => void
}

/** What a session was, for counts and the log: nothing of what was in it. */
export interface SessionSummary {
  readonly reason: RelayEnd
  readonly by?: RelaySide
  readonly bytesToOperator: number
  readonly bytesToDevice: number
  readonly drops: number
  readonly ms: number
}

/** One side of a session, over all its connections. */
interface Half {
  readonly side: RelaySide
  connection: Connection | undefined
  /** Hashes of the secret that resumes, and of the one before it until the side has been heard on its new connection. */
  secret: string | undefined
  former: string | undefined
  droppedAt: number
  heardAt: number
  /** How often it was told that its peer is back; and whether its answer is still to come. */
  epoch: number
  restarting: boolean
  halfClosed: boolean
  /** Payload that reached it, in bytes. */
  bytes: number
}

const half = (side: RelaySide): Half => ({
  side,
  connection: undefined,
  secret: undefined,
  former: undefined,
  droppedAt: 0,
  heardAt: 0,
  epoch: 0,
  restarting: false,
  halfClosed: false,
  bytes: 0,
})

/** Two sides that are forwarded to each other (REM-7). What they send is neither kept nor looked at. */
export class Session implements ConnectionOwner {
  readonly id: SessionId
  readonly device: DeviceId
  readonly #shared: SessionShared
  readonly #operator = half('operator')
  readonly #device = half('device')
  readonly #beganAt: number
  #idleMs: number
  #maximumMs: number
  #activeAt: number
  #pingedAt: number
  #drops = 0
  #ended = false

  constructor(id: SessionId, device: DeviceId, shared: SessionShared) {
    this.id = id
    this.device = device
    this.#shared = shared
    this.#beganAt = shared.clock.now()
    this.#activeAt = this.#beganAt
    this.#pingedAt = this.#beganAt
    this.#idleMs = Number.POSITIVE_INFINITY
    this.#maximumMs = Number.POSITIVE_INFINITY
  }

  get timers(): Timers {
    return this.#shared.clock
  }

  /** The less of what both tickets say counts. In ms. */
  limitTo(idleMs: number, maximumMs: number): void {
    this.#idleMs = Math.min(this.#idleMs, idleMs)
    this.#maximumMs = Math.min(this.#maximumMs, maximumMs)
  }

  isConnected(side: RelaySide): boolean {
    return this.#half(side).connection !== undefined
  }

  /** The second side has not come yet. */
  get isWaiting(): boolean {
    return this.#operator.secret === undefined || this.#device.secret === undefined
  }

  get connections(): number {
    return [this.#operator, this.#device].filter(({ connection }) => connection).length
  }

  /** Bytes that wait for each side because it does not read. */
  get waitingBytes(): Record<RelaySide, number> {
    return { operator: this.#operator.connection?.waiting ?? 0, device: this.#device.connection?.waiting ?? 0 }
  }

  /** Whether this secret resumes the side. */
  knows(side: RelaySide, secret: string): boolean {
    const { secret: newest, former } = this.#half(side)
    const hash = hashOf(secret)
    return hash === newest || hash === former
  }

  /** The side comes, or comes back, with a socket whose handshake is done. A connection that it still has is cut. */
  attach(side: RelaySide, socket: Duplex): void {
    const { clock, random, timing } = this.#shared
    const own = this.#half(side)
    const peer = this.#other(own)
    if (own.connection) {
      own.connection.cut()
      this.#dropped(own)
    }
    const returns = own.secret !== undefined
    const secret = random.bytes(32).toString('base64url')
    own.former = own.secret
    own.secret = hashOf(secret)
    own.heardAt = clock.now()
    // What it sends begins anew, and so does what it has told of its end.
    own.halfClosed = false
    own.restarting = false
    const connection = new Connection(socket, this)
    own.connection = connection
    connection.say({
      type: 'open',
      secret,
      graceMs: timing.graceMs,
      peer: peer.connection ? 'here' : peer.secret === undefined ? 'waiting' : 'dropped',
    })
    // Whoever answers this has read the new secret.
    connection.sendPing()
    if (!peer.connection) return
    if (returns) {
      peer.epoch += 1
      peer.restarting = true
      peer.connection.say({ type: 'back', epoch: peer.epoch })
    } else {
      peer.connection.say({ type: 'joined' })
    }
    if (peer.halfClosed && !peer.restarting) connection.say({ type: 'halfClosed' })
  }

  tell(message: RelayToSide): void {
    this.#operator.connection?.say(message)
    this.#device.connection?.say(message)
  }

  /** Ends it for both sides. */
  end(reason: RelayEnd, by?: RelaySide): void {
    if (this.#ended) return
    this.#ended = true
    this.#shared.joiner.drop()
    const code = reason === 'draining' ? relayCloseCodes.draining : relayCloseCodes.normal
    for (const own of [this.#operator, this.#device]) {
      own.connection?.close(code, reason, { type: 'ended', reason, ...(by === undefined ? {} : { by }) })
      own.connection = undefined
    }
    this.#shared.onEnd(this, {
      reason,
      ...(by === undefined ? {} : { by }),
      bytesToOperator: this.#operator.bytes,
      bytesToDevice: this.#device.bytes,
      drops: this.#drops,
      ms: this.#shared.clock.now() - this.#beganAt,
    })
  }

  /** Looks at all its waits. */
  sweep(): void {
    const { clock, timing } = this.#shared
    const at = clock.now()
    const lost = [this.#operator, this.#device].find(
      (own) => own.secret !== undefined && !own.connection && at - own.droppedAt >= timing.graceMs,
    )
    if (this.isWaiting && at - this.#beganAt >= timing.waitMs) this.end('noPeer')
    else if (lost) this.end('peerLost', lost.side)
    else if (at - this.#beganAt >= this.#maximumMs) this.end('maximum')
    else if (at - this.#activeAt >= this.#idleMs) this.end('idle')
    else this.#checkLife(at)
  }

  #checkLife(at: number): void {
    const { pingMs, silentMs } = this.#shared.timing
    const ping = at - this.#pingedAt >= pingMs
    if (ping) this.#pingedAt = at
    for (const own of [this.#operator, this.#device]) {
      const { connection } = own
      if (!connection) continue
      // Who is not being read cannot be heard.
      if (connection.isPaused) own.heardAt = at
      if (at - own.heardAt >= silentMs) {
        connection.cut()
        this.#dropped(own)
      } else if (ping) {
        connection.sendPing()
      }
    }
  }

  /** For the connections. */
  beginChunk(): void {
    this.#shared.joiner.begin()
  }

  payload(from: Connection, chunk: Buffer, start: number, end: number): void {
    const own = this.#halfOf(from)
    if (!own || own.restarting || start === end) return
    const peer = this.#other(own)
    if (own.halfClosed) from.failed(relayCloseCodes.refused, 'payload after a half-close')
    else if (peer.connection) this.#shared.joiner.add(chunk, start, end)
    else if (peer.secret === undefined) from.failed(relayCloseCodes.refused, 'payload before the peer')
  }

  endChunk(from: Connection): void {
    const own = this.#halfOf(from)
    if (own) this.#send(own, true)
  }

  /** Sends what was gathered, and stops reading where the peer does not keep up. */
  #send(own: Half, last = false): void {
    const { joiner, forwarded, clock } = this.#shared
    const bytes = joiner.bytes
    if (bytes === 0) return
    const peer = this.#other(own)
    if (!peer.connection) {
      joiner.drop()
      return
    }
    peer.bytes += bytes
    forwarded[peer.side] += bytes
    this.#activeAt = clock.now()
    if (!joiner.send(peer.connection.target, last)) own.connection?.pause()
  }

  control(from: Connection, message: SideToRelay): void {
    const own = this.#halfOf(from)
    if (!own) return
    this.#send(own)
    if (message.type === 'end') this.end('ended', own.side)
    else if (message.type === 'halfClose') this.#halfClose(own)
    else if (own.restarting && message.epoch === own.epoch) {
      own.restarting = false
      own.halfClosed = false
    }
  }

  #halfClose(own: Half): void {
    const peer = this.#other(own)
    // One that was meant for a stream that is over goes with that stream.
    if (own.restarting || own.halfClosed) return
    own.halfClosed = true
    peer.connection?.say({ type: 'halfClosed' })
    if (peer.connection && peer.halfClosed && !peer.restarting) this.end('finished')
  }

  drained(connection: Connection): void {
    const own = this.#halfOf(connection)
    if (!own) return
    own.heardAt = this.#shared.clock.now()
    this.#other(own).connection?.resume()
  }

  heard(from: Connection): void {
    const own = this.#halfOf(from)
    if (!own) return
    own.heardAt = this.#shared.clock.now()
    own.former = undefined
  }

  broken(from: Connection): void {
    const own = this.#halfOf(from)
    if (own) this.end('protocol', own.side)
  }

  gone(from: Connection, clean: boolean): void {
    const own = this.#halfOf(from)
    if (!own) return
    this.#shared.joiner.drop()
    if (clean) this.end('ended', own.side)
    else this.#dropped(own)
  }

  #dropped(own: Half): void {
    const { clock, timing, onDrop } = this.#shared
    const peer = this.#other(own)
    own.connection = undefined
    own.droppedAt = clock.now()
    this.#drops += 1
    onDrop()
    if (!peer.connection) return
    peer.connection.say({ type: 'dropped', graceMs: timing.graceMs })
    // Nobody has to keep up with it now: what it sends is thrown away.
    peer.connection.resume()
  }

  #half(side: RelaySide): Half {
    return side === 'operator' ? this.#operator : this.#device
  }

  #other(own: Half): Half {
    return own === this.#operator ? this.#device : this.#operator
  }

  #halfOf(connection: Connection): Half | undefined {
    if (this.#operator.connection === connection) return this.#operator
    return this.#device.connection === connection ? this.#device : undefined
  }
}
