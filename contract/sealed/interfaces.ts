import type { SessionId } from '../ids.ts'
import type { SessionEnd } from '../remote.ts'
import type { Timers } from '../system.ts'

/** What an end of a remote session gives to its sealed link (link.ts), and what it gets. No I/O here: sockets are brought. */

/** A WebSocket to a relay. Masks with zeros: what it carries is ciphertext already (docs/relay.md). */
export interface LinkSocket {
  /** One binary message. The bytes may be kept until they are sent, and must not be changed by the caller. */
  send(bytes: Uint8Array): void
  /** One text message: relay control. */
  sendText(text: string): void
  /** Bytes that wait to be taken by the network. */
  readonly waiting: number
  /** Stops, and goes on, reading from the network; the other end is slowed down by it. */
  pause(): void
  resume(): void
  /** 1000 ends the session for both sides; anything else is a drop. */
  close(code: number): void
  /** Cuts it without a word. */
  drop(): void
}

export interface LinkSocketEvents {
  open(): void
  bytes(bytes: Uint8Array): void
  text(text: string): void
  /** Bytes left; call it at least whenever `waiting` has become 0. */
  drained(): void
  /**
   * It is closed, or could not be opened; nothing follows. `status`: the HTTP status, and `code` the problem's code, where the
   * relay refused the upgrade.
   */
  closed(why: { readonly code?: number; readonly status?: number; readonly problem?: string }): void
}

/** Opens a socket. `relay`: its address; undefined: at the service's own. `authorization`: the header's value; never logged. */
export type LinkDial = (relay: string | undefined, authorization: string, events: LinkSocketEvents) => LinkSocket

export type LinkState =
  | { readonly state: 'connecting' }
  /** At the relay; the other end has not come (back) yet. */
  | { readonly state: 'waiting'; readonly since: number }
  | { readonly state: 'live' }
  /** The relay, or the other end, was lost. `nextTryAt`: null while the other end is waited for. Gives up at `until`. */
  | { readonly state: 'lost'; readonly since: number; readonly nextTryAt: number | null; readonly until: number }
  | { readonly state: 'ended'; readonly reason: SessionEnd }

export interface TicketFor {
  readonly ticket: string
  readonly relay?: string | undefined
}

export interface LinkOptions {
  readonly side: 'operator' | 'device'
  /** From `agree` (keys.ts). */
  readonly keys: SessionKeys
  readonly dial: LinkDial
  readonly first: TicketFor
  /**
   * A fresh ticket, after the relay was lost together with its session. Rejects with a RoomkeeperError of a status below 500 (not
   * 429) where the session is over; any other rejection is tried again.
   */
  readonly freshTicket: () => Promise<TicketFor>
  readonly timers: Timers
  readonly now: () => number
  readonly random: () => number
  /** Frames of all channels in order, each once. One that does not fit a record (`frameBytes`, frames.ts) comes in parts. */
  readonly onFrame: (channel: number, bytes: Uint8Array) => void
  readonly onState: (state: LinkState) => void
  /** After `send` has answered false: there is room again. */
  readonly onRoom: () => void
}

/** One end of a sealed session, over as many connections as it takes. */
export interface Link {
  readonly state: LinkState
  start(): void
  /**
   * Sends a frame, of which a copy is kept; longer ones are cut into records. Always taken; false: wait for `onRoom` before
   * sending more, because the window or the socket is full, or the other end is away. Nothing happens once it has ended.
   */
  send(channel: number, bytes: Uint8Array): boolean
  /** Stops, and goes on, taking frames: for an end whose own taker is slow. */
  pause(): void
  resume(): void
  /** Says goodbye and ends, for both. `reason` is what `onState` gives here. */
  end(reason: SessionEnd): void
}

/** Seals what this end sends, opens what the other one sends. Numbers count records of one direction, from 1. */
export interface SessionKeys {
  /** The session that the grant is for. */
  readonly session: SessionId
  /** Writes ciphertext and tag to `into`, which is 16 bytes longer than `plain`. `head` is authenticated with it. */
  seal(number: number, head: Uint8Array, plain: Uint8Array, into: Uint8Array): void
  /** @throws where anything was altered. */
  open(number: number, head: Uint8Array, sealed: Uint8Array): Uint8Array
  /** The same for the greetings that begin each connection; numbers count connections. Keys of their own. */
  sealGreeting(number: number, head: Uint8Array, plain: Uint8Array, into: Uint8Array): void
  openGreeting(number: number, head: Uint8Array, sealed: Uint8Array): Uint8Array
}
