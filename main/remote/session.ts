import type { KeyObject } from 'node:crypto'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { RoomId, SessionId } from '../../contract/ids.ts'
import {
  type ConsoleToDevice,
  controlChannel,
  DeviceToConsole,
  type SessionAnswer,
  type SessionEnd,
  SessionEndRequest,
  TicketAnswer,
} from '../../contract/remote.ts'
import type { DisplayId, RemoteMode } from '../../contract/remoteFacts.ts'
import { isDeviceHalf, readGrant } from '../../contract/sealed/grant.ts'
import type { Link, LinkDial, LinkOptions, LinkState } from '../../contract/sealed/interfaces.ts'
import { agree } from '../../contract/sealed/keys.ts'
import type { Clock } from '../../contract/system.ts'
import type { RemoteSessionView } from '../../contract/views.ts'
import type { WindowStream, WindowStreamHandlers } from '../bridge/dispatcher.ts'
import type { Log } from '../log.ts'
import type { ServiceClient } from '../sync/http.ts'
import type { TenantName } from '../views/shown.ts'
import { Channels } from './channels.ts'
import { RoundTrip } from './roundTrip.ts'
import { ServiceRecord } from './serviceRecord.ts'

/** Control messages that may wait in a full link. More: refused. */
const mostWaiting = 1_000

/** What a session needs of its console. */
export interface SessionParts {
  readonly client: Pick<ServiceClient, 'json'>
  readonly dial: LinkDial
  readonly makeLink: (options: LinkOptions) => Link
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** `view` has changed. */
  readonly changed: () => void
}

export interface SessionOf {
  readonly id: SessionId
  readonly tenant: TenantName
  readonly room: RoomId
  readonly roomName: string
  readonly mode: RemoteMode
}

type State = RemoteSessionView['state']
type Ready = Extract<DeviceToConsole, { type: 'ready' }>

/** One remote session of this console, from the operator's word to its end (REM-3, REM-6, REM-7). */
export class RemoteSession {
  readonly of: SessionOf
  readonly #parts: SessionParts
  readonly #startedAt: number
  readonly #channels: Channels
  #link: Link | undefined
  #state: State = { state: 'connecting' }
  #ready: Ready | undefined
  #restartAtEnd = false
  readonly #roundTrip: RoundTrip
  /** What the service has of it. */
  readonly record: ServiceRecord
  /** Control messages sent since the link was full. */
  #waiting: number | undefined
  /** The reason that this end, or the device, has given. */
  #said: SessionEnd | undefined

  constructor(of: SessionOf, parts: SessionParts) {
    this.of = of
    this.#parts = parts
    this.#startedAt = parts.clock.now()
    this.record = new ServiceRecord(of.id, parts)
    this.#roundTrip = new RoundTrip({
      clock: parts.clock,
      ping: (at) => this.#say({ type: 'ping', at }),
      changed: () => parts.changed(),
    })
    this.#channels = new Channels({
      say: (message) => this.#say(message),
      send: (channel, bytes) => this.#link?.send(channel, bytes) ?? true,
      pause: () => this.#link?.pause(),
      resume: () => this.#link?.resume(),
    })
  }

  get view(): RemoteSessionView {
    const { id, tenant, room, roomName, mode } = this.of
    const ready = this.#ready
    return {
      id,
      tenant: { id: tenant.id, name: tenant.name },
      room,
      roomName,
      mode,
      startedAt: this.#startedAt,
      offers: ready === undefined ? null : { displays: ready.displays, terminal: ready.terminal, restart: ready.restart },
      restartAtEnd: this.#restartAtEnd,
      recording: ready?.recording ?? false,
      roundTripMs: this.#roundTrip.ms,
      state: this.#state,
    }
  }

  get ended(): boolean {
    return this.#state.state === 'ended'
  }

  /**
   * The service has begun it: dials the relay. A device that does not prove itself ends it as `tampered`.
   * Errors: service.failed, remote.refused, where the grant is not for this session.
   */
  begin(answer: SessionAnswer, privateKey: KeyObject): void {
    const { id, room, mode } = this.of
    const { dial, makeLink, clock, random, client, log } = this.#parts
    const grant = readGrant(answer.grant)
    if (grant.sid !== id || grant.room !== room || grant.mode !== mode)
      throw new RoomkeeperError('service.failed', { detail: 'The grant is for another session.' })
    if (!isDeviceHalf(answer.device, answer.grant, answer.device.enrolledKey)) {
      log.warn({ session: id }, 'the device did not prove itself; the remote session is ended')
      void this.end('tampered')
      return
    }
    this.#link = makeLink({
      side: 'operator',
      keys: agree({ side: 'operator', privateKey, peerKey: answer.device.key, grant: answer.grant }),
      dial,
      first: { ticket: answer.ticket, relay: answer.relay },
      freshTicket: () => client.json(TicketAnswer, { method: 'POST', path: `/v1/sessions/${id}/ticket` }),
      timers: clock,
      now: () => clock.steady(),
      random,
      onFrame: (channel, bytes) => this.#took(channel, bytes),
      onState: (state) => this.#linkIs(state),
      onRoom: () => {
        this.#waiting = undefined
        this.#channels.room()
      },
    })
    this.#link.start()
  }

  /**
   * Ends it here, at the device and at the service; once. Resolves when the service knows, or could not be told; never rejects.
   * `tell` false: it is the service that has ended it.
   */
  async end(reason: SessionEnd, tell = true): Promise<void> {
    if (this.ended) return
    this.#said = reason
    if (this.#link === undefined) {
      this.#over(reason)
    } else {
      this.#say({ type: 'end' })
      this.#link.end(reason)
    }
    if (tell) await this.record.tellEnd(reason)
  }

  /** Errors: remote.ended, request.conflict (not ready yet), remote.unsupported, remote.tooMany. */
  openScreen(display: DisplayId, stream: WindowStream): WindowStreamHandlers {
    if (!this.#offers.displays.includes(display)) throw new RoomkeeperError('remote.unsupported')
    return this.#channels.open({ kind: 'screen', display }, stream)
  }

  /** Errors: as `openScreen`, and remote.viewOnly. */
  openTerminal(terminal: { terminal: number; columns: number; rows: number }, stream: WindowStream): WindowStreamHandlers {
    this.#driven(this.#offers.terminal)
    return this.#channels.open({ kind: 'terminal', ...terminal }, stream)
  }

  /** Errors: remote.ended, remote.notFound. */
  resize(terminal: number, columns: number, rows: number): void {
    this.#notEnded()
    const channel = this.#channels.ofTerminal(terminal)
    if (channel === undefined) throw new RoomkeeperError('remote.notFound')
    this.#ask({ type: 'resize', channel, columns, rows })
  }

  /** Errors: as `openTerminal`. */
  restart(): void {
    this.#driven(this.#offers.restart)
    this.#ask({ type: 'restart' })
  }

  /** Errors: as `openTerminal`. */
  restartAtEnd(on: boolean): void {
    this.#driven(this.#offers.restart)
    this.#ask({ type: 'restartAtEnd', on })
  }

  #notEnded(): void {
    if (this.ended) throw new RoomkeeperError('remote.ended')
  }

  get #offers(): Ready {
    this.#notEnded()
    if (this.#ready === undefined) throw new RoomkeeperError('request.conflict', { detail: 'The device has not said yet what it offers.' })
    return this.#ready
  }

  #driven(offered: boolean): void {
    if (this.of.mode !== 'modify') throw new RoomkeeperError('remote.viewOnly')
    if (!offered) throw new RoomkeeperError('remote.unsupported')
  }

  #took(channel: number, bytes: Uint8Array): void {
    if (this.ended) return
    if (channel === controlChannel) this.#heard(bytes)
    else if (!this.#channels.take(channel, bytes)) this.#broken('bytes of a channel that was never opened')
  }

  #heard(bytes: Uint8Array): void {
    const message = parsed(bytes)
    switch (message?.type) {
      case 'ready':
        if (this.#ready !== undefined) return this.#broken('it says twice what it offers')
        // A viewer drives nothing, whatever the device offers.
        this.#ready = this.of.mode === 'modify' ? message : { ...message, terminal: false, restart: false }
        this.#restartAtEnd = this.#ready.restart && message.restartAtEnd
        this.#parts.changed()
        return
      case 'restartAtEnd':
        if (this.#ready?.restart !== true || message.on === this.#restartAtEnd) return
        this.#restartAtEnd = message.on
        this.#parts.changed()
        return
      case 'closed':
        this.#channels.closed(message.channel, message.code)
        return
      case 'pong':
        this.#roundTrip.ponged(message.at)
        return
      case 'ending':
        this.#said = message.reason
        this.#link?.end(message.reason)
        return
      case 'opened':
        return
      case undefined:
        this.#broken('a message that is not of the protocol')
    }
  }

  #broken(what: string): void {
    this.#parts.log.warn({ session: this.of.id, what }, 'the device broke the protocol of remote sessions')
    void this.end('protocol')
  }

  #linkIs(state: LinkState): void {
    switch (state.state) {
      case 'connecting':
      case 'waiting':
        return
      case 'live':
        this.#enter({ state: 'live' })
        this.#roundTrip.measure()
        return
      case 'lost': {
        // The link counts even time; what is shown is dated by the service's.
        const toShow = this.#parts.clock.now() - this.#parts.clock.steady()
        const shown = (at: number): number => Math.round(at + toShow)
        const { since, nextTryAt, until } = state
        this.#roundTrip.stop()
        // Before it was there for the first time it is still on its way.
        if (this.#state.state === 'connecting') return
        this.#enter({ state: 'lost', since: shown(since), nextTryAt: nextTryAt === null ? null : shown(nextTryAt), until: shown(until) })
        return
      }
      case 'ended':
        this.#over(this.#said ?? state.reason)
        if (this.#said === undefined) void this.#learn(state.reason)
    }
  }

  #over(reason: SessionEnd): void {
    this.#roundTrip.stop()
    this.#enter({ state: 'ended', at: this.#parts.clock.now(), reason, code: null })
    this.#channels.end()
    this.#parts.log.info({ session: this.of.id, room: this.of.room, reason }, 'a remote session is over')
  }

  /** The relay's word is not the reason: the service has it, or is told what this end saw. */
  async #learn(seen: SessionEnd): Promise<void> {
    const reason =
      SessionEndRequest.safeParse({ reason: seen }).success && seen !== 'operatorEnded'
        ? await this.record.tellEnd(seen)
        : await this.record.whyEnded()
    const proven = seen === 'tampered' || seen === 'protocol'
    if (reason === undefined || proven || this.#state.state !== 'ended' || this.#state.reason === reason) return
    this.#enter({ ...this.#state, reason })
  }

  #enter(state: State): void {
    this.#state = state
    this.#parts.changed()
  }

  /** Asks for what an operator wants. Errors: remote.tooMany, where too much waits in a link that is full. */
  #ask(message: ConsoleToDevice): void {
    if (this.#waiting !== undefined && ++this.#waiting > mostWaiting) throw new RoomkeeperError('remote.tooMany')
    this.#say(message)
  }

  #say(message: ConsoleToDevice): void {
    if (this.#link?.send(controlChannel, Buffer.from(JSON.stringify(message))) === false) this.#waiting ??= 0
  }
}

function parsed(bytes: Uint8Array): DeviceToConsole | undefined {
  try {
    return DeviceToConsole.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data
  } catch {
    return undefined
  }
}
