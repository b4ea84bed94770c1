import { RoomkeeperError } from '../errors.ts'
import type { SessionId } from '../ids.ts'
import { limits } from '../limits.ts'
import { relayAuthorization, relayCloseCodes, type RelayEnd, type RelaySide, RelayToSide, type SideToRelay } from '../relay.ts'
import type { SessionEnd } from '../remote.ts'
import type { Timers } from '../system.ts'
import type { LinkDial, LinkSocket, TicketFor } from './interfaces.ts'

/** What a relay may say over one connection, in messages. More: it is left for another. */
const mostControl = 1_000

export interface ConnectorOptions {
  readonly side: RelaySide
  readonly session: SessionId
  readonly dial: LinkDial
  readonly first: TicketFor
  readonly freshTicket: () => Promise<TicketFor>
  readonly timers: Timers
  readonly now: () => number
  readonly random: () => number
  /** Both ends are at the relay: bytes of both directions begin anew. */
  readonly onBegun: () => void
  /** Nothing of these connections follows, and nothing can be sent. */
  readonly onOver: () => void
  /** `place` has changed. */
  readonly onPlace: () => void
  readonly onBytes: (bytes: Uint8Array) => void
  readonly onDrained: () => void
  /** The relay, or the service, says that the session is over. Nothing follows. */
  readonly onEnded: (reason: SessionEnd) => void
}

/** `tryAt`: when it dials (again), or has dialled. `relay`: there, and the other end is not. */
export type Place = { readonly at: 'away'; readonly tryAt: number } | { readonly at: 'relay' } | { readonly at: 'both' }

/**
 * One end's way to the relay (REM-7), over as many sockets as it takes: dials with a ticket, comes back with the newest secret,
 * asks for a fresh ticket where the relay knows neither, and follows the relay's control (docs/relay.md).
 */
export class Connector {
  readonly #options: ConnectorOptions
  #place: Place
  #socket: LinkSocket | undefined
  /** Counts tries, so that a late word of an old socket or request changes nothing. */
  #attempt = 0
  /** Tries since bytes last flowed. */
  #tries = 0
  #relay: string | undefined
  #ticket: string | undefined
  #secret: string | undefined
  #isOpen = false
  /** What this socket's relay has said, in messages. */
  #control = 0
  /** Whether the other end was ever heard. */
  #isProven = false
  #hasEnded = false
  /** A relay that stops wants nobody before this. */
  #notBefore = 0
  #undo: (() => void)[] = []

  constructor(options: ConnectorOptions) {
    this.#options = options
    this.#ticket = options.first.ticket
    this.#relay = options.first.relay
    this.#place = { at: 'away', tryAt: options.now() }
  }

  get place(): Place {
    return this.#place
  }

  /** Bytes that wait to be taken by the network. */
  get waiting(): number {
    return this.#socket?.waiting ?? 0
  }

  start(): void {
    this.#try()
  }

  /** Only between `onBegun` and `onOver`. */
  send(bytes: Uint8Array): void {
    this.#socket?.send(bytes)
  }

  /** The other end has been heard: the next loss is tried again soon. */
  proven(): void {
    this.#isProven = true
    this.#tries = 0
  }

  /** Nothing is heard any more: leaves this connection for another. */
  renew(): void {
    if (this.#place.at !== 'away') this.#lost()
  }

  /** Ends the session for both ends where the relay can be told, and in any case here. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const socket = this.#leave()
    if (!socket) return
    if (this.#isOpen) {
      this.#say(socket, { type: 'end' })
      socket.close(relayCloseCodes.normal)
    } else {
      socket.drop()
    }
  }

  #try(): void {
    if (this.#ticket !== undefined) this.#dial(`${relayAuthorization.ticket} ${this.#ticket}`)
    else if (this.#secret !== undefined)
      this.#dial(`${relayAuthorization.resume} ${this.#options.session}.${this.#options.side}.${this.#secret}`)
    else this.#ask()
  }

  #ask(): void {
    const attempt = ++this.#attempt
    this.#options.freshTicket().then(
      ({ ticket, relay }) => {
        if (attempt !== this.#attempt) return
        this.#ticket = ticket
        this.#relay = relay
        this.#try()
      },
      (error: unknown) => {
        if (attempt !== this.#attempt) return
        if (isFinal(error)) this.#ended(lostSide(this.#options.side))
        else this.#retry()
      },
    )
  }

  #dial(authorization: string): void {
    const attempt = ++this.#attempt
    const isMine = (): boolean => attempt === this.#attempt
    this.#isOpen = false
    this.#control = 0
    const socket = this.#options.dial(this.#relay, authorization, {
      open: () => {},
      bytes: (bytes) => {
        if (isMine()) this.#options.onBytes(bytes)
      },
      text: (text) => {
        if (isMine()) this.#told(text)
      },
      drained: () => {
        if (isMine()) this.#options.onDrained()
      },
      closed: ({ status }) => {
        if (isMine()) this.#closed(status)
      },
    })
    if (!isMine()) return
    this.#socket = socket
    this.#after(limits.sessionDialMs, () => {
      if (!this.#isOpen) this.#lost()
    })
  }

  #told(text: string): void {
    this.#control += 1
    const message = this.#control > mostControl ? undefined : readControl(text)
    if (!message) {
      // Whatever that is, it is no relay.
      this.#lost()
      return
    }
    if (message.type === 'open') this.#opened(message.secret, message.peer === 'here')
    else if (message.type === 'joined') this.#begin()
    else if (message.type === 'back') this.#restart(message.epoch)
    else if (message.type === 'dropped') this.#wait()
    else if (message.type === 'draining') this.#drain(message.reconnectMs)
    else if (message.type === 'ended' && message.reason !== 'draining') this.#ended(endOf(message.reason, message.by))
  }

  #opened(secret: string, isPeerHere: boolean): void {
    this.#isOpen = true
    this.#secret = secret
    this.#ticket = undefined
    if (isPeerHere) this.#begin()
    else this.#wait()
  }

  #restart(epoch: number): void {
    if (this.#socket) this.#say(this.#socket, { type: 'restart', epoch })
    this.#begin()
  }

  #begin(): void {
    this.#over()
    this.#enter({ at: 'both' })
    if (!this.#hasEnded) this.#options.onBegun()
  }

  #wait(): void {
    this.#over()
    const place: Place = { at: 'relay' }
    this.#enter(place)
    if (!this.#isProven) return
    // A relay has nothing to say meanwhile: only coming back shows whether it is still there.
    this.#after(limits.sessionSilentMs, () => {
      if (this.#place === place) this.#lost()
    })
  }

  /** The relay goes, and this end before it: the secret is worth nothing at the next one. */
  #drain(reconnectMs: number): void {
    const pause = Math.min(reconnectMs, limits.sessionLostMs / 2)
    this.#notBefore = this.#options.now() + pause
    this.#secret = undefined
    this.#after(pause, () => this.#lost())
  }

  #closed(status: number | undefined): void {
    this.#socket = undefined
    // Too many, or too early: the same again. Any other refusal: the relay knows this end no more.
    if (status !== undefined && status >= 400 && status < 500 && status !== 429) {
      this.#ticket = undefined
      this.#secret = undefined
    }
    this.#lost()
  }

  #lost(): void {
    this.#leave()?.drop()
    this.#over()
    this.#retry()
  }

  #retry(): void {
    if (this.#hasEnded) return
    const { now, random } = this.#options
    const pause = Math.min(limits.sessionRetryMs * 2 ** this.#tries, limits.sessionRetryMsAtMost) * (0.5 + random() / 2)
    this.#tries += 1
    const tryAt = Math.max(now() + pause, this.#notBefore)
    this.#after(tryAt - now(), () => this.#try())
    this.#enter({ at: 'away', tryAt })
  }

  #ended(reason: SessionEnd): void {
    this.#hasEnded = true
    this.#leave()?.close(relayCloseCodes.normal)
    this.#options.onEnded(reason)
  }

  /** Forgets the socket and all that waits. */
  #leave(): LinkSocket | undefined {
    this.#attempt += 1
    for (const undo of this.#undo.splice(0)) undo()
    const socket = this.#socket
    this.#socket = undefined
    return socket
  }

  #over(): void {
    if (this.#place.at === 'both') this.#options.onOver()
  }

  #enter(place: Place): void {
    if (this.#hasEnded) return
    this.#place = place
    this.#options.onPlace()
  }

  #say(socket: LinkSocket, message: SideToRelay): void {
    socket.sendText(JSON.stringify(message))
  }

  /** Undone when this connection is left. */
  #after(ms: number, run: () => void): void {
    this.#undo.push(this.#options.timers.after(ms, run))
  }
}

function readControl(text: string): RelayToSide | undefined {
  try {
    return RelayToSide.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const isFinal = (error: unknown): boolean => error instanceof RoomkeeperError && error.status < 500 && error.status !== 429

/** The reason where this side was lost. */
export const lostSide = (side: RelaySide): SessionEnd => (side === 'operator' ? 'operatorLost' : 'deviceLost')

/** What the end of a session at its relay means; `draining` is no end. `by`: the side that the relay names. */
export function endOf(reason: Exclude<RelayEnd, 'draining'>, by: RelaySide | undefined): SessionEnd {
  switch (reason) {
    case 'ended':
    case 'finished':
      return by === 'device' ? 'deviceEnded' : 'operatorEnded'
    case 'peerLost':
      return lostSide(by ?? 'device')
    case 'noPeer':
      return 'neverJoined'
    case 'withdrawn':
      return 'accessWithdrawn'
    case 'idle':
    case 'maximum':
    case 'protocol':
      return reason
  }
}
