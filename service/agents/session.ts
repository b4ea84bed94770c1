import { WebSocket } from 'ws'
import type { ServiceToAgent } from '../../contract/agent.ts'
import type { Lifecycle } from '../../contract/entities.ts'
import type { DeviceId, JournalId, RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { DeviceBudget } from './budget.ts'
import type { Held } from './held.ts'

/**
 * - `challenged`: waits for its hello; nobody yet
 * - `verifying`: its hello is being looked at
 * - `arriving`: known; waits for the commit that takes it in
 * - `live`: reports are taken
 * - `offboarding`: only `offboarded` is taken
 * - `closed`: whatever still comes is ignored
 */
export type SessionPhase = 'challenged' | 'verifying' | 'arriving' | 'live' | 'offboarding' | 'closed'

/** Who a session is, once it has proved it. */
export interface DeviceIdentity {
  readonly device: DeviceId
  readonly tenant: TenantId
  readonly room: RoomId
}

/** How far a journal is: what is committed, and what the next report may not precede. */
export interface Progress {
  journal: JournalId
  acknowledged: number
  clockOffsetMs: number
  lastObservedAt: number
}

/** Told what happens on a session's socket. */
export interface SessionOwner {
  receive(session: AgentSession, data: Buffer, isBinary: boolean): void
  /** The other side broke the rules of WebSockets, or the connection broke; it closes. */
  broken(session: AgentSession, error: Error): void
  gone(session: AgentSession): void
}

/** A `ws` socket that carries its session: no map, no closure and no timer per connection. */
export class AgentSocket extends WebSocket {
  session: AgentSession | undefined
}

const sessionOf = (socket: WebSocket): AgentSession | undefined => (socket instanceof AgentSocket ? socket.session : undefined)

function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
  const session = sessionOf(this)
  session?.owner.receive(session, data, isBinary)
}

function onError(this: WebSocket, error: Error): void {
  const session = sessionOf(this)
  session?.owner.broken(session, error)
}

function onClose(this: WebSocket): void {
  const session = sessionOf(this)
  session?.owner.gone(session)
}

/** One connection of one agent. */
export class AgentSession {
  readonly socket: AgentSocket
  readonly owner: SessionOwner
  phase: SessionPhase = 'challenged'
  /** What the hello must sign; empty afterwards. */
  nonce: string
  identity: DeviceIdentity | undefined
  /** Once the device has proved itself: what signed words to it are signed over. An agent from before they were brings no nonce. */
  proved: { readonly device: DeviceId; readonly nonce: string | undefined } | undefined
  progress: Progress | undefined
  /** The highest number that was taken from this socket, committed or not. */
  received = 0
  /** What its device may cost, once it is known. */
  budget: DeviceBudget | undefined
  /** Not read from, until the budget allows; and whether that was ever so. */
  paused = false
  /** Not read from, until the intake has room. */
  crowded = false
  slowed = false
  /** Reports that wait to be taken as one. */
  held: Held | undefined
  /** Where it comes from. */
  address: string | undefined
  /** The start of the agent that says it. */
  run: string | undefined
  /** Its address, until it has proved a device. */
  strangerFrom: string | undefined
  /** The last sign of life; the opening of the socket at first. */
  heardAt: number
  /** The last sign of life that went towards the store. */
  storedAt = 0

  constructor(socket: AgentSocket, owner: SessionOwner, nonce: string, now: number) {
    this.socket = socket
    this.owner = owner
    this.nonce = nonce
    this.heardAt = now
    socket.session = this
    socket.on('message', onMessage)
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  /** Not read from any more, for one of two reasons. */
  pause(why: 'paused' | 'crowded'): void {
    this[why] = true
    this.socket.pause()
  }

  /** One of them is over; read again where the other is not there. */
  resume(why: 'paused' | 'crowded'): void {
    this[why] = false
    if (!this.paused && !this.crowded) this.socket.resume()
  }

  /** Sends one message. An agent that does not read is dropped before it costs memory. */
  say(message: ServiceToAgent): void {
    this.sayText(JSON.stringify(message))
  }

  sayText(text: string): void {
    if (this.socket.readyState !== WebSocket.OPEN) return
    if (this.socket.bufferedAmount > limits.agentBufferedBytes) this.socket.terminate()
    else this.socket.send(text)
  }

  sayAcknowledged(upTo: number): void {
    this.sayText(`{"type":"ack","upTo":${upTo}}`)
  }

  sayLifecycle(lifecycle: Lifecycle): void {
    if (this.phase === 'live') this.say({ type: 'lifecycle', lifecycle })
  }
}
