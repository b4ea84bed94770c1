import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { agentProtocolVersions, type AgentToService, type SignedWord, welcomeWord } from '../../contract/agent.ts'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import type { DeviceId, RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { revoke } from '../enrolment/offboarding.ts'
import type { DeviceChange } from '../ground/bus.ts'
import { Absence } from './absence.ts'
import { Boots } from './boots.ts'
import { ClockSet, clocksOf, clockWasSet } from './clockSet.ts'
import type { AgentDeps } from './deps.ts'
import { Door } from './door.ts'
import { type Hello, provedDevice } from './hello.ts'
import { acknowledgement, Intake } from './intake.ts'
import type { SessionOutcome } from './intakeItems.ts'
import { isSessionWord, type LineEnd, type SessionOrder } from './line.ts'
import { readMessage } from './messages.ts'
import { notCommitted } from './notCommitted.ts'
import { Pacing } from './pacing.ts'
import { Present } from './present.ts'
import { AgentSession, type SessionOwner } from './session.ts'
import type { SignedWords } from './signedWords.ts'
import { Silences } from './silences.ts'
import { TwinGuard } from './twinGuard.ts'

/** A look that is late by less is one of a busy machine. */
const leastAbsenceMs = 10_000

const beat = JSON.stringify({ type: 'beat' })

/**
 * After this a device need not come back. Who has not proved to be that device is told to try again, as are others who may be
 * welcome another day: a device of another version, or one whose key somebody has replaced.
 */
const finalRefusal: ErrorCode = 'device.unknown'

/**
 * The agents' sockets: who is there, what each may say at this moment, and when it was last heard. Sockets share their
 * listeners and one sweep; an idle connection costs little more than the bare socket.
 */
export class AgentHub implements SessionOwner, LineEnd {
  readonly intake: Intake
  readonly #deps: AgentDeps
  readonly #signedWords: SignedWords
  readonly #pacing: Pacing
  readonly #door: Door
  readonly #silences: Silences
  readonly #boots = new Boots()
  readonly #twins: TwinGuard
  readonly #sessions = new Set<AgentSession>()
  readonly #present = new Present()
  readonly #absence: Absence
  readonly #clockSet: ClockSet

  constructor(deps: AgentDeps, signedWords: SignedWords) {
    this.#deps = deps
    this.#absence = new Absence(() => deps.clock.steady(), Math.max(leastAbsenceMs, deps.config.timing.disconnectAfterMs / 4))
    this.#clockSet = new ClockSet(
      () => deps.clock.now(),
      () => deps.clock.steady(),
    )
    this.#signedWords = signedWords
    deps.line.attach(this)
    this.#pacing = new Pacing(deps, (item) => this.intake.add(item))
    this.#door = new Door(deps)
    this.#twins = new TwinGuard(deps.config.timing.heartbeatMs, (item) => this.intake.add(item))
    this.#silences = new Silences(deps.config.timing.disconnectAfterMs, deps.clock.now() + deps.config.timing.graceMs)
    const isPresent = (room: RoomId): boolean => this.#present.has(room)
    const noticing = { log: deps.log, clock: deps.clock, boots: this.#boots, twins: this.#twins, silences: this.#silences, isPresent }
    this.intake = new Intake({
      ...deps,
      isPresent,
      onCommitted: (outcomes) => this.#committed(outcomes),
      onFailed: (items, error) => notCommitted(items, error, { ...noticing, refuse: (session, code) => this.#refuse(session, code) }),
    })
  }

  /** Rooms that were in contact when the service last ran: they have the grace period to come back. */
  async start(): Promise<void> {
    for (const { tenant, room, lastContactAt } of await this.#deps.store.roomsInContact()) {
      if (!this.#present.has(room)) this.#silences.expect(tenant, room, lastContactAt)
    }
  }

  /** Agents are told to come back later; what they sent is committed first. */
  async stop(): Promise<void> {
    this.#door.shut()
    for (const session of this.#sessions) this.#pacing.release(session)
    await this.intake.idle()
    for (const session of this.#sessions) this.#refuse(session, 'service.unavailable')
    this.#door.close()
  }

  get connected(): number {
    return this.#present.devices
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#door.accept(request, socket, head, (accepted, address) => {
      const nonce = this.#deps.random.bytes(32).toString('base64url')
      const session = new AgentSession(accepted, this, nonce, this.#deps.clock.now())
      session.strangerFrom = address
      session.address = address
      this.#sessions.add(session)
      session.say({ type: 'challenge', nonce, service: this.#deps.serviceName })
    })
  }

  /** A room was made for a device that has not connected yet. */
  expect(tenant: TenantId, room: RoomId): void {
    if (!this.#present.has(room)) this.#silences.expect(tenant, room, this.#deps.clock.now())
  }

  /** Tells a connected device of a change; one that is not connected learns it when it comes. */
  tell(device: DeviceId, change: DeviceChange): void {
    const session = this.#present.of(device)
    if (!session) return
    if (change.type === 'lifecycle') session.sayLifecycle(change.lifecycle)
    else if (change.type === 'revoked') this.#refuse(session, 'device.unknown')
    else if (change.type === 'newKey') this.#refuse(session, 'device.signature')
    // It comes back by itself, and is then where it belongs.
    else if (change.type === 'moved') this.#close(session, 1012, 'the device stands in another room now')
    else this.#offboard(session)
  }

  /** For the line of remote sessions. */
  heardAt(device: DeviceId): number | undefined {
    const session = this.#present.of(device)
    return session?.phase === 'live' ? session.heardAt : undefined
  }

  /** For the line of remote sessions. An agent that is being off-boarded is still told that its session is over. */
  order(device: DeviceId, order: SessionOrder): boolean {
    const session = this.#present.of(device)
    if (!session || !(session.phase === 'live' || (session.phase === 'offboarding' && order.type === 'sessionEnd'))) return false
    session.say(order.type === 'session' ? { ...order, ...this.#signed(session, `session ${order.session}`) } : order)
    return true
  }

  /** The shared look at all connections: late hellos, missed heartbeats, silent rooms, contacts to be stored. */
  sweep(): void {
    const { agentHelloMs, disconnectAfterMs } = this.#deps.config.timing
    const at = this.#deps.clock.now()
    clockWasSet(this.#deps.log, this.#sessions, this.#silences, this.#clockSet.look(), at)
    const awayMs = this.#absence.look()
    if (awayMs > 0) this.#wasAway(at, awayMs)
    for (const session of this.#sessions) {
      const silentMs = at - session.heardAt
      const known = session.phase === 'live' || session.phase === 'offboarding'
      if (silentMs >= (known ? disconnectAfterMs : agentHelloMs)) session.socket.terminate()
      else if (session.phase === 'live' && session.heardAt - session.storedAt >= limits.contactStoreMs) {
        session.storedAt = session.heardAt
        this.intake.add({ kind: 'contact', session })
      }
    }
    this.#pacing.sweep(this.#sessions, at, (device) => this.#present.of(device) !== undefined)
    this.#twins.sweep(at)
    for (const silence of this.#silences.due(at)) this.intake.add({ kind: 'silence', ...silence })
  }

  /** Nobody could be heard meanwhile: the rooms have the time to come back that they have after a start. */
  #wasAway(at: number, awayMs: number): void {
    this.#deps.log.warn({ awayMs }, 'the service was away: its machine slept, or it was stopped')
    for (const session of this.#sessions) session.heardAt = at
    this.#silences.hold(at + this.#deps.config.timing.graceMs)
  }

  /** For the sessions. */
  receive(session: AgentSession, data: Buffer, isBinary: boolean): void {
    if (session.phase === 'closed') return
    this.#pacing.heard(session, data.length, this.#deps.clock.now())
    try {
      const message = readMessage(data, isBinary)
      // Before its hello was looked at nobody is there, so that a stranger cannot hold the socket open.
      if (session.phase === 'live' || session.phase === 'offboarding') session.heardAt = this.#deps.clock.now()
      this.#dispatch(session, message)
    } catch (error) {
      if (!(error instanceof RoomkeeperError)) this.#deps.log.error({ err: error }, 'an agent message failed')
      if (error instanceof RoomkeeperError) this.#refuse(session, error.code, error.details.detail)
      else this.#refuse(session, 'service.failed')
    }
  }

  #dispatch(session: AgentSession, message: AgentToService): void {
    const { phase } = session
    if (message.type === 'hello' && phase === 'challenged') void this.#verify(session, message)
    // Asked for, or because someone ran the off-boarding script on the device.
    else if (message.type === 'offboarded' && (phase === 'live' || phase === 'offboarding')) this.#offboarded(session)
    else if (phase === 'offboarding') {
      // A beat, or a word about a remote session, may have been on its way.
      if (message.type !== 'beat' && !isSessionWord(message)) throw new RoomkeeperError('device.offboarding')
    } else if (message.type === 'report' && phase === 'live') this.#reports(session, message.reports)
    else if (message.type === 'beat' && phase === 'live') session.sayText(beat)
    else if (isSessionWord(message) && phase === 'live' && session.identity) this.#deps.line.said(session.identity, message)
    else throw new RoomkeeperError('message.unexpected', { detail: `${message.type} is not for this moment.` })
  }

  async #verify(session: AgentSession, hello: Hello): Promise<void> {
    session.phase = 'verifying'
    const { nonce } = session
    session.nonce = ''
    const { clock } = this.#deps
    const helloAt = clock.now()
    try {
      const device = await provedDevice(this.#deps, session, nonce, hello)
      if (session.phase !== 'verifying') return
      const identity = { device: device.id, tenant: device.tenant, room: device.room }
      this.#pacing.admit(session, device.id, clock.now())
      this.#twins.hello(session, identity, hello, this.#present.of(device.id), clock.now())
      this.#door.known(session)
      session.phase = 'arriving'
      session.heardAt = clock.now()
      session.identity = identity
      this.#register(session, device.id, device.room)
      if (device.state === 'offboarding') this.#offboard(session)
      else {
        const restarted = this.#boots.restarted(device.id, hello.boot, clock.now())
        this.intake.add({ kind: 'arrival', session, journal: hello.journal, ...clocksOf(hello, helloAt), restarted })
      }
    } catch (error) {
      if (error instanceof RoomkeeperError) {
        // Why stands in the log, counted, with all that were turned away: a stranger may come again and again.
        this.#deps.log.debug({ device: hello.device, code: error.code }, 'refused a device')
        this.#refuse(session, error.code)
      } else {
        this.#deps.log.error({ err: error }, 'a hello could not be looked at')
        this.#refuse(session, 'service.failed')
      }
    }
  }

  #register(session: AgentSession, device: DeviceId, room: RoomId): void {
    const older = this.#present.come(session, device, room)
    this.#silences.arrived(room)
    this.#deps.metrics.agents.set(this.#present.devices)
    if (older) this.#close(older, 1000, 'the same device has connected anew')
  }

  #reports(session: AgentSession, reports: Extract<AgentToService, { type: 'report' }>['reports']): void {
    const receivedAt = this.#deps.clock.now()
    const { progress } = session
    let repeated = 0
    for (const numbered of reports) {
      const { number } = numbered
      if (number <= session.received) {
        repeated++
        continue
      }
      if (number > session.received + 1) {
        this.#deps.metrics.reports.inc({ outcome: 'outOfOrder' })
        session.say({ type: 'resend', from: session.received + 1 })
        break
      }
      session.received = number
      this.#pacing.take(session, numbered, receivedAt)
    }
    if (repeated === 0) return
    this.#deps.metrics.reports.inc({ outcome: 'repeated' }, repeated)
    if (progress) session.sayAcknowledged(progress.acknowledged)
  }

  #committed(outcomes: readonly SessionOutcome[]): void {
    const { metrics, config } = this.#deps
    let acknowledged = 0
    for (const outcome of outcomes) {
      const { session, progress, arrived, rejected } = outcome
      const before = session.progress?.acknowledged ?? progress.acknowledged
      session.progress = progress
      session.storedAt = session.heardAt
      if (arrived && session.phase === 'arriving') this.#welcome(session, config.timing.heartbeatMs)
      if (progress.acknowledged === before) continue
      acknowledged += progress.acknowledged - before - rejected.length
      if (rejected.length > 0) metrics.reports.inc({ outcome: 'rejected' }, rejected.length)
      if (session.phase === 'live' || session.phase === 'offboarding') session.sayText(acknowledgement(outcome))
    }
    if (acknowledged > 0) metrics.reports.inc({ outcome: 'acknowledged' }, acknowledged)
  }

  #welcome(session: AgentSession, heartbeatMs: number): void {
    const { identity, progress } = session
    if (!identity || !progress) return
    session.phase = 'live'
    session.received = progress.acknowledged
    const state = this.#deps.rooms.cached(identity.room)?.state
    const lifecycle = state?.lifecycle ?? 'onboarding'
    this.#twins.welcomed(identity, state, this.#deps.clock.now())
    const says = { version: agentProtocolVersions[0], acknowledged: progress.acknowledged, heartbeatMs, lifecycle }
    session.say({ type: 'welcome', ...says, ...this.#signed(session, welcomeWord(progress.journal, says)) })
    this.#deps.line.came(identity)
  }

  #offboard(session: AgentSession): void {
    session.phase = 'offboarding'
    session.say({ type: 'offboard', ...this.#signed(session, 'offboard') })
  }

  #offboarded(session: AgentSession): void {
    const { identity } = session
    this.#close(session, 1000, 'off-boarded')
    if (!identity) return
    this.#deps.store
      .write(identity.tenant, { kind: 'system' }, (tx) => revoke(tx, identity.device, 'offboarded'))
      .catch((error: unknown) => this.#deps.log.error({ err: error }, 'a device could not be revoked; it will be later'))
  }

  #refuse(session: AgentSession, code: ErrorCode, detail?: string): void {
    if (session.phase === 'closed') return
    this.#deps.turnedAway.note(new RoomkeeperError(code, detail === undefined ? {} : { detail }), 'agent')
    const said = { type: 'error' as const, code, ...(detail === undefined ? {} : { detail: detail.slice(0, 400) }) }
    if (code === finalRefusal && session.proved) session.say({ ...said, retry: false, ...this.#signed(session, `error ${code}`) })
    else session.say({ ...said, retry: true })
    this.#close(session, 1008, code)
  }

  /** Nothing for an agent from before words were signed, which takes them as they are. */
  #signed({ proved }: AgentSession, word: SignedWord): { signature?: string } {
    return proved?.nonce === undefined ? {} : { signature: this.#signedWords.sign(word, proved.nonce, proved.device) }
  }

  #close(session: AgentSession, status: number, reason: string): void {
    session.phase = 'closed'
    this.#forget(session)
    session.socket.close(status, reason)
  }

  /** For the sessions. */
  broken(session: AgentSession, error: Error): void {
    const code: ErrorCode = 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'message.tooLarge' : 'message.malformed'
    // ws has said why on the socket (1009, 1007, 1002), and closes it.
    if ('code' in error && String(error.code).startsWith('WS_ERR')) this.#deps.metrics.refusals.inc({ code })
    session.phase = 'closed'
  }

  /** For the sessions. */
  gone(session: AgentSession): void {
    session.phase = 'closed'
    this.#door.known(session)
    this.#sessions.delete(session)
    this.#forget(session)
  }

  /** From now on silence counts, from when the device was last heard. */
  #forget(session: AgentSession): void {
    const { identity, heardAt } = session
    if (!identity) return
    const was = this.#present.go(session)
    if (was.device) this.#deps.line.went(identity, heardAt)
    if (was.room) this.#silences.expect(identity.tenant, identity.room, heardAt)
    this.#deps.metrics.agents.set(this.#present.devices)
  }
}
