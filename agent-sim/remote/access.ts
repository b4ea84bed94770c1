import { errors, RoomkeeperError, type ErrorCode } from '../../contract/errors.ts'
import type { SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { SessionEnd, type SessionGrant } from '../../contract/remote.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import type { Link, LinkOptions, TicketFor } from '../../contract/sealed/interfaces.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import type { SessionMessage, SessionWord } from '../agent/connection.ts'
import type { LogLevel } from '../agent/log.ts'
import type { Agreed, Offered } from './offer.ts'
import type { RemoteParts, SessionRecorder } from './parts.ts'
import { RemoteSession, type SessionTimes } from './session.ts'

type Offer = Extract<SessionMessage, { type: 'session' }>

/** Times of remote access, in ms. */
export interface AccessTimes extends SessionTimes {
  /** Without the service for so long, and the session ends. */
  readonly unattendedMs: number
  /** An unanswered wish for a ticket is repeated after this. */
  readonly ticketMs: number
}

export const accessTimes: AccessTimes = {
  idleMs: limits.sessionIdleMs,
  restartShownMs: 1_000,
  unattendedMs: limits.sessionUnattendedMs,
  ticketMs: limits.sessionAnswerMs,
}

export interface RecorderOptions {
  readonly grant: SessionGrant
  /** The ticket to upload with. */
  readonly upload: string
  readonly parts: RemoteParts
  readonly failed: (why: string) => void
  readonly lost: (display: DisplayId, code: ErrorCode) => void
}

export interface RemoteAccessOptions {
  /** What the device has for sessions. Asked for when the first one begins; undefined: it supports none. */
  readonly parts: () => Promise<RemoteParts | undefined>
  readonly inCall: () => boolean
  /** @throws RoomkeeperError remote.refused */
  readonly check: (offered: Offered) => SessionGrant
  /** @throws Error where the device cannot sign. */
  readonly agree: (grant: SessionGrant, text: string) => Promise<Agreed>
  readonly link: (options: Pick<LinkOptions, 'keys' | 'first' | 'freshTicket' | 'onFrame' | 'onState' | 'onRoom'>) => Link
  readonly recorder: (options: RecorderOptions) => SessionRecorder
  /** To the service; false: there is no connection. */
  readonly say: (word: SessionWord) => boolean
  readonly timers: Timers
  readonly now: () => number
  readonly times: AccessTimes
  readonly onNote: (level: LogLevel, text: string) => void
}

/** Ends that the service is still to be told of. More: the oldest is dropped; the service has found out by itself. */
const mostUntold = 16

/** The remote access of one device (REM-3, REM-7): answers offers, runs one session at a time, and ends it when it must. */
export class RemoteAccess {
  readonly #options: RemoteAccessOptions
  /** The offer that is being answered. */
  #offered: SessionId | undefined
  #session: RemoteSession | undefined
  #parts: RemoteParts | undefined
  /** Sessions that the service has ended, which needs not be told. */
  readonly #quiet = new WeakSet<RemoteSession>()
  readonly #untold = new Map<SessionId, SessionEnd>()
  /** Recordings whose end is still being sent. */
  readonly #finishing = new Set<Promise<void>>()
  #ticket: { give: (ticket: TicketFor) => void; fail: () => void } | undefined
  #connected = true
  #stopped = false
  #unattended: Undo | undefined

  constructor(options: RemoteAccessOptions) {
    this.#options = options
  }

  /** The session that runs, if any. */
  get session(): RemoteSession | undefined {
    return this.#session
  }

  /** The service said something about sessions. */
  hear(message: SessionMessage): void {
    switch (message.type) {
      case 'session':
        this.#offer(message).catch((error: unknown) => {
          this.#refuse(message.session, error)
        })
        return
      case 'sessionTicket':
        if (this.#session?.grant.sid === message.session) this.#ticket?.give({ ticket: message.ticket, relay: message.relay })
        return
      case 'sessionEnd':
        if (this.#offered === message.session) this.#offered = undefined
        // A reason that this version does not know still ends it: the service has taken the session away.
        if (this.#session?.grant.sid === message.session) this.#end(SessionEnd.catch('accessWithdrawn').parse(message.reason), false)
    }
  }

  /** The agent has its connection to the service, or has lost it. */
  connected(is: boolean): void {
    if (is === this.#connected || this.#stopped) return
    this.#connected = is
    this.#unattended?.()
    this.#unattended = undefined
    if (is) {
      this.#tell()
      // What the service said meanwhile came to nobody: where the session is over, it says so again.
      const { session } = this
      if (session) this.#options.say({ type: 'sessionTicketWanted', session: session.grant.sid })
    } else {
      this.#unattended = this.#options.timers.after(this.#options.times.unattendedMs, () => {
        this.end('deviceLost')
      })
    }
  }

  /** A call has begun on the device: it belongs to the people in the room. */
  callStarted(): void {
    this.end('callStarted')
  }

  /** Ends the session that runs, if any, and tells the service. */
  end(reason: SessionEnd): void {
    this.#offered = undefined
    this.#end(reason, true)
  }

  /** Ends it and takes no more; resolves when a recording has been sent, or was given up. */
  async stop(reason: SessionEnd = 'deviceEnded'): Promise<void> {
    this.#stopped = true
    this.end(reason)
    this.#unattended?.()
    await Promise.all(this.#finishing)
  }

  async #offer({ session, grant: text, ticket, relay, upload, signature }: Offer): Promise<void> {
    const { check, agree, say, onNote, inCall } = this.#options
    // The connection has let no signature through that is not the service's.
    const grant = check({ session, grant: text, fresh: signature !== undefined })
    if (this.#offered !== undefined || this.#session || this.#stopped) throw new RoomkeeperError('remote.occupied')
    this.#offered = session
    try {
      const parts = await this.#options.parts()
      if (!parts) throw new RoomkeeperError('remote.unsupported')
      if (inCall()) throw new RoomkeeperError('remote.inCall')
      if (grant.record && upload === undefined)
        throw new RoomkeeperError('remote.refused', { detail: 'It is to be recorded, and nothing lets the device upload.' })
      const { keys, half } = await agree(grant, text)
      // It may have been taken back, or a call may have begun, while the key signed.
      if (!this.#isOffered(session)) return
      if (inCall()) throw new RoomkeeperError('remote.inCall')
      onNote(
        'info',
        `Remote session ${session}: ${grant.operator.name} may ${grant.mode === 'view' ? 'look' : 'look and work'}` +
          `${grant.record ? ', recorded' : ''}.`,
      )
      say({ type: 'sessionAccepted', session, key: half.key, signature: half.signature })
      this.#begin(grant, parts, keys, { ticket, relay }, upload)
    } finally {
      if (this.#isOffered(session)) this.#offered = undefined
    }
  }

  #isOffered(session: SessionId): boolean {
    return this.#offered === session
  }

  #begin(grant: SessionGrant, parts: RemoteParts, keys: LinkOptions['keys'], first: TicketFor, upload: string | undefined): void {
    const { timers, now, times, onNote, link, recorder } = this.#options
    this.#parts = parts
    const session: RemoteSession = new RemoteSession({
      grant,
      parts,
      timers,
      now,
      times,
      onNote,
      link: (events) => link({ ...events, keys, first, freshTicket: () => this.#freshTicket(grant.sid) }),
      recorder: grant.record && upload !== undefined ? (failed, lost) => recorder({ grant, upload, parts, failed, lost }) : undefined,
      onEnded: (reason, restart, finished) => {
        this.#ended(session, reason, restart, finished)
      },
    })
    this.#session = session
    session.start()
  }

  #refuse(session: SessionId, error: unknown): void {
    const code: ErrorCode = error instanceof RoomkeeperError ? error.code : 'remote.refused'
    const why = error instanceof RoomkeeperError ? (error.details.detail ?? errors[code][1]) : String(error)
    this.#options.onNote('warn', `Remote session ${session} is refused: ${code}. ${why}`)
    this.#options.say({ type: 'sessionRefused', session, code })
  }

  #end(reason: SessionEnd, tell: boolean): void {
    const session = this.#session
    if (!session) return
    if (!tell) this.#quiet.add(session)
    session.end(reason)
  }

  #ended(session: RemoteSession, reason: SessionEnd, restart: boolean, finished: Promise<void>): void {
    const { sid } = session.grant
    const { input, refused } = session.counts
    this.#session = undefined
    this.#ticket?.fail()
    this.#options.onNote('info', `Remote session ${sid} has ended: ${reason}. Input: ${input}; refused: ${refused}.`)
    if (!this.#quiet.has(session)) {
      this.#untold.set(sid, reason)
      for (const [oldest] of this.#untold) if (this.#untold.size > mostUntold) this.#untold.delete(oldest)
      this.#tell()
    }
    const sent = finished.finally(() => this.#finishing.delete(sent))
    this.#finishing.add(sent)
    const parts = this.#parts
    this.#parts = undefined
    parts?.close()
    if (restart && !this.#stopped) parts?.restart()
  }

  #tell(): void {
    for (const [session, reason] of this.#untold) {
      if (this.#options.say({ type: 'sessionEnded', session, reason })) this.#untold.delete(session)
    }
  }

  /** Asks until it is answered, over as many connections as it takes, or the session is over. */
  #freshTicket(session: SessionId): Promise<TicketFor> {
    const { timers, times, say } = this.#options
    this.#ticket?.fail()
    return new Promise((resolve, reject) => {
      let undo: Undo = () => undefined
      const ask = () => {
        say({ type: 'sessionTicketWanted', session })
        undo = timers.after(times.ticketMs, ask)
      }
      const settle = (how: () => void) => () => {
        undo()
        this.#ticket = undefined
        how()
      }
      const fail = settle(() => {
        reject(new RoomkeeperError('remote.ended'))
      })
      this.#ticket = {
        fail,
        give: (ticket) => {
          settle(() => {
            resolve(ticket)
          })()
        },
      }
      if (this.#session?.grant.sid === session) ask()
      else fail()
    })
  }
}
