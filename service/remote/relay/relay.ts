import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { JWK } from 'jose'
import type { Registry } from 'prom-client'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { DeviceId, SessionId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { RelayEnd, RelayId, RelaySide, RelayTicket } from '../../../contract/relay.ts'
import type { Clock, Random, Undo } from '../../../contract/system.ts'
import { every } from '../../../contract/timing.ts'
import { addressOf } from '../../ground/http/address.ts'
import { refuseUpgrade } from '../../ground/http/upgrades.ts'
import type { Logger } from '../../ground/ops/log.ts'
import { RefusalLog } from '../../ground/ops/refusalLog.ts'
import { RateLimit } from '../../ground/rateLimit.ts'
import { checkHandshake, handshakeAnswer, readCredential } from './handshake.ts'
import { Joiner } from './joiner.ts'
import { makeRelayMetrics, type RelayCounts, type RelayMetrics } from './metrics.ts'
import { type RelayTiming, Session, type SessionShared, type SessionSummary } from './session.ts'
import { Tickets } from './tickets.ts'

export interface RelayOptions {
  /** The audience of its tickets. */
  readonly id: RelayId
  /** The public key that tickets are checked with. */
  readonly key: JWK
  readonly log: Logger
  readonly registry: Registry
  readonly clock: Clock
  readonly random: Random
  /** Whether this session may be here at all; for the service, which knows. */
  readonly admits?: (session: SessionId, device: DeviceId) => boolean
  /** Told that both sides have come, and of the end. */
  readonly onJoined?: (session: SessionId) => void
  readonly onEnded?: (session: SessionId, how: SessionSummary) => void
  /** A proxy in front says for whom it asks. */
  readonly behindProxy: boolean
  readonly timing?: Partial<RelayTiming>
  /** Sessions at once, those that wait, and upgrades of one address in a minute; what is not given stands in the limits. */
  readonly most?: { readonly sessions?: number; readonly waiting?: number; readonly upgradesPerMinute?: number }
}

const defaultTiming: RelayTiming = {
  waitMs: limits.relayWaitMs,
  graceMs: limits.relayGraceMs,
  pingMs: limits.relayPingMs,
  silentMs: limits.relaySilentMs,
  sweepMs: 1_000,
  drainMs: limits.relayDrainMs,
  reconnectMs: limits.relayReconnectMs,
}

/**
 * The relay of remote sessions (REM-7): pairs two sockets that show the two tickets of a session, forwards what they
 * send, counts it, and ends them. It knows neither side, keeps nothing, and writes neither tickets nor secrets nor
 * payload anywhere.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #timing: RelayTiming
  readonly #most: { readonly sessions: number; readonly waiting: number }
  readonly #tickets: Tickets
  readonly #rate: RateLimit
  readonly #metrics: RelayMetrics
  readonly #turnedAway: RefusalLog
  readonly #sessions = new Map<SessionId, Session>()
  readonly #waiting = new Set<Session>()
  readonly #shared: SessionShared
  readonly #endSweeps: Undo
  #draining = false
  #onEmpty: (() => void) | undefined

  constructor(options: RelayOptions) {
    const { id, key, clock, random, most, timing, registry } = options
    this.#options = options
    this.#timing = { ...defaultTiming, ...timing }
    this.#most = { sessions: most?.sessions ?? limits.relaySessions, waiting: most?.waiting ?? limits.relayWaiting }
    this.#tickets = new Tickets({ relay: id, key, clock })
    this.#rate = new RateLimit(most?.upgradesPerMinute ?? limits.relayUpgradesPerMinute, clock)
    this.#metrics = makeRelayMetrics(registry, () => this.counts)
    this.#turnedAway = new RefusalLog({ log: options.log, metrics: { refusals: this.#metrics.refused }, clock })
    this.#shared = {
      timing: this.#timing,
      joiner: new Joiner(),
      clock,
      random,
      forwarded: { operator: 0, device: 0 },
      onDrop: () => this.#metrics.dropped.inc(),
      onEnd: (session, how) => {
        this.#sessions.delete(session.id)
        this.#waiting.delete(session)
        this.#metrics.ended.inc({ reason: how.reason })
        this.#options.log.info({ session: session.id, device: session.device, ...how }, 'a remote session ended')
        if (this.#sessions.size === 0) this.#onEmpty?.()
        this.#options.onEnded?.(session.id, how)
      },
    }
    this.#endSweeps = every(clock, this.#timing.sweepMs, () => this.sweep())
  }

  get counts(): RelayCounts {
    let connections = 0
    for (const session of this.#sessions.values()) connections += session.connections
    return { sessions: this.#sessions.size, waiting: this.#waiting.size, connections, forwarded: this.#shared.forwarded }
  }

  /** Bytes that wait for the sides of a session because they do not read. */
  waitingBytes(session: SessionId): Record<RelaySide, number> | undefined {
    return this.#sessions.get(session)?.waitingBytes
  }

  /** Takes a WebSocket, or refuses it with a problem document. Never throws. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignore)
    this.#admit(request, socket, head).catch((error: unknown) => {
      const known = error instanceof RoomkeeperError ? error : new RoomkeeperError('service.failed')
      if (known !== error) this.#options.log.error({ err: error }, 'an upgrade of the relay failed')
      this.#turnedAway.note(known, 'relay')
      refuseUpgrade(socket, `${known.status} ${STATUS_CODES[known.status] ?? ''}`, known.toProblem())
    })
  }

  /** Ends a session, if it is here; for the service, where access was withdrawn. */
  end(session: SessionId, reason: RelayEnd): void {
    this.#sessions.get(session)?.end(reason)
  }

  /** Looks at all waits: dropped sides, idle sessions, silent connections, expired tickets. */
  sweep(): void {
    for (const session of this.#sessions.values()) session.sweep()
    this.#tickets.forget()
  }

  /** Takes nobody more, tells both sides of each session, and ends them when the time to leave is over. */
  async stop(): Promise<void> {
    if (this.#draining) return
    this.#draining = true
    if (this.#sessions.size > 0) {
      for (const session of this.#sessions.values()) session.tell({ type: 'draining', reconnectMs: this.#timing.reconnectMs })
      await new Promise<void>((resolve) => {
        const undo = this.#options.clock.after(this.#timing.drainMs, resolve)
        this.#onEmpty = () => {
          undo()
          resolve()
        }
      })
    }
    for (const session of this.#sessions.values()) session.end('draining')
    this.#endSweeps()
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#checkOpen()
    const address = addressOf(request, this.#options.behindProxy)
    if (address !== undefined) this.#rate.take(address)
    const key = checkHandshake(request)
    const credential = readCredential(request.headers.authorization)
    let session: Session
    let side: RelaySide
    if (credential.kind === 'ticket') {
      const ticket = await this.#tickets.check(credential.ticket)
      // From here on nothing is awaited: who comes with the same ticket meanwhile comes after.
      this.#checkOpen()
      if (socket.destroyed) return
      side = ticket.side
      session = this.#sessionFor(ticket)
    } else {
      const found = this.#sessions.get(credential.session)
      if (!found?.knows(credential.side, credential.secret)) throw new RoomkeeperError('relay.resumeRefused')
      this.#metrics.resumed.inc()
      side = credential.side
      session = found
    }
    if (head.length > 0) socket.unshift(head)
    socket.write(handshakeAnswer(key))
    session.attach(side, socket)
    if (!session.isWaiting && this.#waiting.delete(session)) this.#options.onJoined?.(session.id)
  }

  /** The session that the ticket is for, made where it is the first; the ticket is used up. */
  #sessionFor(ticket: RelayTicket): Session {
    if (this.#tickets.isUsed(ticket)) throw new RoomkeeperError('relay.ticketUsed')
    if (this.#options.admits?.(ticket.sid, ticket.device) === false) throw new RoomkeeperError('relay.ticketInvalid')
    const known = this.#sessions.get(ticket.sid)
    if (known && known.device !== ticket.device) throw new RoomkeeperError('relay.ticketInvalid')
    if (known?.isConnected(ticket.side)) throw new RoomkeeperError('relay.sideTaken')
    if (!known && (this.#sessions.size >= this.#most.sessions || this.#waiting.size >= this.#most.waiting))
      throw new RoomkeeperError('relay.full')
    this.#tickets.use(ticket)
    const session = known ?? new Session(ticket.sid, ticket.device, this.#shared)
    session.limitTo(ticket.idle * 1000, ticket.maximum * 1000)
    if (!known) {
      this.#sessions.set(ticket.sid, session)
      this.#waiting.add(session)
    }
    return session
  }

  #checkOpen(): void {
    if (this.#draining) throw new RoomkeeperError('service.unavailable')
  }
}

function ignore(): void {
  // The connection's end is told by its `close`.
}
