import { RoomkeeperError } from '../../contract/errors.ts'
import type { DeviceId, SessionId } from '../../contract/ids.ts'
import type { RelayEnd } from '../../contract/relay.ts'
import type { SessionAnswer, SessionEnd, SessionRequest, TicketAnswer } from '../../contract/remote.ts'
import type { Undo } from '../../contract/system.ts'
import { every, inTime } from '../../contract/timing.ts'
import type { AgentDeps } from '../agents/deps.ts'
import type { LineListener, SessionWord } from '../agents/line.ts'
import type { DeviceIdentity } from '../agents/session.ts'
import { storedKey } from '../enrolment/proofs.ts'
import type { Caller } from '../ground/caller.ts'
import { readRoom } from '../ground/store/rooms.ts'
import type { Doer } from '../ground/store/transaction.ts'
import { DeviceAsks } from './deviceAsks.ts'
import { endDue, endOfDevice, endOfRelay, refusalOfDevice, refusalOfEnd } from './ends.ts'
import { isHalfOf, type Signer } from './grants.ts'
import { type DeviceAnswer, type LiveSession, LiveSessions } from './live.ts'
import { liveNamed, ownNameOf, rowsNamed } from './names.ts'
import { offerOf } from './offer.ts'
import { Pending } from './pending.ts'
import { isVisibleTo, preconditions } from './preconditions.ts'
import { RefusedSessions } from './refusals.ts'
import type { SessionSummary } from './relay/session.ts'
import { type Attempt, openRows, writeEnded, writeStarted } from './rows.ts'
import { endOf, watchStanding } from './standing.ts'

/** How long the device has to end a session at the relay by itself, once it was told so; and to say why it has. */
const deviceEndsMs = 300
/** How long an operator's own word of an end may take, once the device has said that they ended it. */
const operatorSaysMs = 2_000
const sweepMs = 250

/** What sessions need of the relay inside the service. */
export interface RelayInside {
  end(session: SessionId, reason: RelayEnd): void
}

/**
 * The remote sessions of this service (REM-3, REM-7): who may begin one, what the device and the relay are told, and all
 * the ways in which one ends. What runs is in memory; the log has a row of each, and of each refusal (REM-8).
 */
export class RemoteSessions implements LineListener {
  readonly live = new LiveSessions()
  readonly #deps: AgentDeps
  readonly #signer: Signer
  readonly #refused: RefusedSessions
  readonly #asks: DeviceAsks
  readonly #pending: Pending
  readonly #unwatch: () => void
  readonly #endSweeps: Undo
  /** Sessions of before this start, by device: their devices are told when they come. */
  readonly #orphans = new Map<DeviceId, SessionId[]>()
  /** Where it runs inside the service. */
  relay: RelayInside | undefined
  #closing = false

  constructor(deps: AgentDeps, signer: Signer) {
    this.#deps = deps
    this.#signer = signer
    this.#refused = new RefusedSessions(deps.refusals, deps.clock)
    this.#asks = new DeviceAsks(deps, signer, this.live)
    this.#pending = new Pending(deps)
    this.#unwatch = watchStanding(deps, this.live, (session, end) => void this.end(session, end))
    this.#endSweeps = every(deps.clock, sweepMs, () => this.#sweep())
  }

  /** Ends in the log what ran when the service was killed. */
  async recover(): Promise<void> {
    const { store, clock } = this.#deps
    for (const { tenant, id, device } of await openRows(store)) {
      await writeEnded(store, tenant, id, 'serviceStopped', clock.now())
      if (device !== null) this.#orphans.set(device, [...(this.#orphans.get(device) ?? []), id])
    }
  }

  /** Ends all sessions; resolves when the log has it. */
  async stop(): Promise<void> {
    this.#closing = true
    this.#unwatch()
    this.#endSweeps()
    const all = this.live.all()
    await Promise.all(all.map((session) => this.end(session, 'serviceStopped')))
    await this.#pending.finish(deviceEndsMs)
  }

  /**
   * Begins a session (REM-3): the answer comes when the device has agreed. The same request again gets the same answer.
   * Each refusal is in the session log and the audit. A name that somebody else's session has is answered as a fresh one
   * (names.ts): the grant says under which id it is kept.
   * @throws RoomkeeperError what `preconditions` says, remote.noAnswer, remote.refused or what else the device answers;
   * request.conflict where another session of the operator has the name; remote.ended where it was ended meanwhile.
   */
  async start(caller: Caller, request: SessionRequest): Promise<SessionAnswer> {
    if (this.#closing) throw new RoomkeeperError('service.unavailable')
    return this.#answered(caller, request) ?? this.#admit(caller, request)
  }

  /** What the same request is answered already. */
  #answered(caller: Caller, request: SessionRequest): Promise<SessionAnswer> | undefined {
    const known = liveNamed(this.live, caller, request.session)
    return JSON.stringify(known?.request) === JSON.stringify(request) ? known?.answer : undefined
  }

  /** A fresh ticket for the operator, where the relay was lost. @throws RoomkeeperError remote.notFound, remote.ended */
  async ticket(caller: Caller, id: SessionId): Promise<TicketAnswer> {
    const session = liveNamed(this.live, caller, id)
    if (session?.phase === 'running') return this.#signer.ticket(session, 'operator')
    const { own } = await rowsNamed(this.#deps.store.read(caller.tenant, 'wholeTenant'), caller, id)
    throw new RoomkeeperError(own ? 'remote.ended' : 'remote.notFound')
  }

  /**
   * Ends a session, once: its device is told at once, the relay shortly after it. Resolves when the log has it; never
   * throws. `doer`: the person who ended it.
   */
  async end(session: LiveSession, end: SessionEnd, doer?: Doer): Promise<void> {
    if (session.phase === 'over') return session.written
    const { store, log, clock } = this.#deps
    const { id, tenant, device } = session
    const asking = session.phase === 'asking'
    this.#leave(session, end)
    log.info(
      { session: id, device, person: session.caller.person, end },
      asking ? 'a remote session ended before it began' : 'a remote session is over',
    )
    if (asking) {
      // Whoever waits for the device's answer writes the refusal.
      session.written = Promise.resolve(session.answer).then(nothing, nothing)
      session.answered({ type: 'ended', end })
    } else {
      session.written = this.#pending.keep(writeEnded(store, tenant, id, end, clock.now(), doer))
    }
    return session.written
  }

  /** For the relay inside the service: whether a ticket of this session still counts. */
  admits(id: SessionId, device: DeviceId): boolean {
    return this.live.get(id)?.device === device
  }

  /** For the relay inside the service. */
  joined(id: SessionId): void {
    const session = this.live.get(id)
    if (session) session.joined = true
  }

  /** For the relay inside the service. A side that has ended it may still say why. */
  relayEnded(id: SessionId, { reason, by }: Pick<SessionSummary, 'reason' | 'by'>): void {
    const session = this.live.get(id)
    if (!session) return
    session.relayEnded = true
    const end = (): void => void this.end(session, endOfRelay(reason, by))
    if (reason === 'ended' || reason === 'finished') this.#pending.after(deviceEndsMs, end)
    else end()
  }

  /** For the line to the agents. */
  said(from: DeviceIdentity, word: SessionWord): void {
    const session = this.live.get(word.session)
    if (session?.device !== from.device) {
      if (word.type === 'sessionAccepted' || word.type === 'sessionTicketWanted') void this.#asks.tellOver(from, word.session)
      return
    }
    if (word.type === 'sessionAccepted' || word.type === 'sessionRefused') session.answered(word)
    else if (word.type === 'sessionEnded') this.#endedByDevice(session, word.reason)
    else if (session.phase === 'running') void this.#asks.giveTicket(session)
  }

  /** For the line to the agents. */
  came({ device }: DeviceIdentity): void {
    const session = this.live.ofDevice(device)
    if (session) session.silentSince = undefined
    for (const id of this.#orphans.get(device) ?? [])
      this.#deps.line.order(device, { type: 'sessionEnd', session: id, reason: 'serviceStopped' })
    this.#orphans.delete(device)
  }

  /** For the line to the agents. */
  went({ device }: DeviceIdentity, heardAt: number): void {
    const session = this.live.ofDevice(device)
    if (!session) return
    session.silentSince = heardAt
    if (session.phase === 'asking') void this.end(session, 'deviceLost')
  }

  /** Begins the session where nothing speaks against it; its device is taken from then on. */
  async #admit(caller: Caller, request: SessionRequest): Promise<SessionAnswer> {
    const { store, line, clock, config } = this.#deps
    const { session: named, room, mode } = request
    const startedAt = clock.now()
    const read = store.read(caller.tenant, 'wholeTenant')
    const found = await readRoom(read, room)
    const settings = await read.get('settings', caller.tenant)
    const kept = await rowsNamed(read, caller, named)
    // From here on nothing is awaited before the device is taken.
    const same = this.#answered(caller, request)
    if (same) return same
    if (this.#closing) throw new RoomkeeperError('service.unavailable')
    const { access, tenant } = caller
    const other = found && this.live.ofDevice(found.device.id)
    const own = other?.caller.person === caller.person ? other : undefined
    const facts = {
      access,
      room,
      mode,
      found,
      on: settings?.remoteAccess === true,
      connected: found !== undefined && line.isConnected(found.device.id),
    }
    const code = preconditions({
      ...facts,
      occupied: other !== undefined && !own,
      running: this.live.ofTenant(tenant).size - (own ? 1 : 0),
    })
    const isAgain = kept.own !== undefined || liveNamed(this.live, caller, named) !== undefined
    const isTaken = (kept.row ?? this.live.get(named)) !== undefined
    const id = isTaken && !isAgain ? ownNameOf(caller, named) : named
    const attempt: Attempt = { id, caller, room, mode, startedAt, seen: isVisibleTo(facts) ? found : undefined }
    if (code !== null || !found || isAgain) {
      const refusal = code ?? (isAgain ? 'request.conflict' : 'room.notFound')
      await this.#refused.record(attempt, refusal, !isAgain)
      // A partner is told of its own people only, and never of another partner.
      const told: Record<string, string> =
        other && (caller.link === undefined || other.caller.link === caller.link) ? { name: other.caller.name } : {}
      if (refusal === 'request.conflict') throw new RoomkeeperError(refusal, { field: 'session' })
      throw new RoomkeeperError(refusal, {
        params: { room, ...(refusal === 'remote.occupied' && other ? { ...told, since: other.startedAt } : {}) },
      })
    }
    if (own) void this.end(own, 'replaced')
    const { promise, resolve: answered } = Promise.withResolvers<DeviceAnswer>()
    const session: LiveSession = {
      ...attempt,
      tenant,
      device: found.device.id,
      request,
      expiresAt: startedAt + config.timing.sessionMaximumMs,
      answered,
      answer: undefined,
      phase: 'asking',
      begun: false,
      runningAt: startedAt,
      joined: false,
      relayEnded: false,
      silentSince: undefined,
      written: Promise.resolve(),
    }
    this.live.add(session)
    session.answer = this.#begin(session, promise)
    return session.answer
  }

  async #begin(session: LiveSession, answered: Promise<DeviceAnswer>): Promise<SessionAnswer> {
    try {
      return await this.#agree(session, answered)
    } catch (error) {
      const known = error instanceof RoomkeeperError ? error : new RoomkeeperError('service.failed', {}, error)
      if (known.code === 'service.failed') this.#deps.log.error({ err: error, session: session.id }, 'a remote session could not be begun')
      if (session.phase === 'running') await this.end(session, 'serviceStopped')
      else if (session.phase === 'asking') this.#leave(session, 'neverJoined')
      // One that had begun has its row, and its end.
      if (!session.begun) await this.#refused.record(session, known.code)
      throw known
    }
  }

  /** Asks the device. */
  async #agree(session: LiveSession, answered: Promise<DeviceAnswer>): Promise<SessionAnswer> {
    const { store, line, clock } = this.#deps
    const { id, device } = session
    // What changed while it was looked at, before changes were watched for it.
    const over = await endOf(this.#deps, session)
    if (over) throw new RoomkeeperError(refusalOfEnd(over))
    const enrolled = await store.deviceById(device)
    if (enrolled?.state !== 'active') throw new RoomkeeperError('remote.disconnected')
    const { offer, record } = await offerOf(this.#deps, this.#signer, session)
    if (session.phase === 'asking' && !line.order(device, offer)) throw new RoomkeeperError('remote.disconnected')
    const answer = await this.#inTime(answered)
    if (answer.type === 'ended') throw new RoomkeeperError(refusalOfEnd(answer.end))
    if (answer.type === 'sessionRefused') throw new RoomkeeperError(refusalOfDevice(answer.code))
    const enrolledKey = storedKey(enrolled.publicKey)
    const half = { key: answer.key, signature: answer.signature }
    if (!isHalfOf(enrolledKey, id, offer.grant, half)) {
      this.#deps.log.warn({ session: id, device }, "a device's half of a remote session is not signed by its key")
      throw new RoomkeeperError('remote.refused')
    }
    session.phase = 'running'
    session.runningAt = clock.now()
    session.begun = true
    await this.#pending.keep(writeStarted(store, session, record), true)
    const ticket = await this.#signer.ticket(session, 'operator')
    if (this.live.get(id) !== session) throw new RoomkeeperError('remote.ended')
    return { grant: offer.grant, device: { ...half, enrolledKey }, ...ticket }
  }

  /** @throws RoomkeeperError remote.noAnswer */
  async #inTime(answered: Promise<DeviceAnswer>): Promise<DeviceAnswer> {
    const { clock, config } = this.#deps
    return inTime(clock, config.timing.sessionAnswerMs, answered, () => {
      throw new RoomkeeperError('remote.noAnswer')
    })
  }

  /** Nothing more is done with the session: its device is told, and the relay's side of it goes. */
  #leave(session: LiveSession, end: SessionEnd): void {
    const { id, device, relayEnded } = session
    session.phase = 'over'
    this.live.remove(session)
    this.#deps.line.order(device, { type: 'sessionEnd', session: id, reason: end })
    if (this.relay && !relayEnded) this.#pending.after(deviceEndsMs, () => this.relay?.end(id, 'withdrawn'))
  }

  /** What the operator has done, they or the relay say themselves: a device alone is not believed that they have ended it. */
  #endedByDevice(session: LiveSession, said: string): void {
    const end = (): void => void this.end(session, endOfDevice(said))
    if (said === 'operatorEnded') this.#pending.after(operatorSaysMs, end)
    else end()
  }

  #sweep(): void {
    for (const session of this.live.all()) {
      const end = endDue(this.#deps, session, this.relay !== undefined)
      if (end) void this.end(session, end)
    }
  }
}

function nothing(): void {}
