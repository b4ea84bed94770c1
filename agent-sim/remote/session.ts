import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { ConsoleToDevice, controlChannel, endsWithoutRestart } from '../../contract/remote.ts'
import type { DeviceToConsole, SessionEnd, SessionGrant } from '../../contract/remote.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import type { Link, LinkOptions, LinkState } from '../../contract/sealed/interfaces.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import type { LogLevel } from '../agent/log.ts'
import { Channels } from './channels.ts'
import { Idleness } from './idleness.ts'
import { type Counts, Opened, textOf } from './opened.ts'
import type { RemoteParts, SessionRecorder } from './parts.ts'

/** Times of a session, in ms. */
export interface SessionTimes {
  /** Without input or output. */
  readonly idleMs: number
  /** How long people see that the device restarts, before it does. */
  readonly restartShownMs: number
}

export interface RemoteSessionOptions {
  /** Verified. */
  readonly grant: SessionGrant
  readonly parts: RemoteParts
  readonly link: (events: Pick<LinkOptions, 'onFrame' | 'onState' | 'onRoom'>) => Link
  /** Where the grant says so; `failed` ends the session, `lost` closes the display that the recorder cannot see any more. */
  readonly recorder: ((failed: (why: string) => void, lost: (display: DisplayId, code: ErrorCode) => void) => SessionRecorder) | undefined
  readonly timers: Timers
  readonly now: () => number
  readonly times: SessionTimes
  readonly onNote: (level: LogLevel, text: string) => void
  /**
   * Once. Screens and terminals are closed, the other end has been told. `restart`: the device is to restart now.
   * `recorded`: the recording has been sent, or was given up; it never rejects.
   */
  readonly onEnded: (reason: SessionEnd, restart: boolean, recorded: Promise<void>) => void
}

/** Answers that may wait in a full link. More: the other end asks and does not listen. */
const mostAnswers = 1_000

/**
 * One remote session on the device (REM-4 to REM-7): says what there is, opens screens and terminals, refuses what the
 * grant does not allow whatever the console sends, and ends once, for one reason, telling the other end.
 */
export class RemoteSession {
  readonly grant: SessionGrant
  readonly counts: Counts = { input: 0, refused: 0 }
  readonly #options: RemoteSessionOptions
  readonly #channels: Channels
  readonly #link: Link
  readonly #recorder: SessionRecorder | undefined
  readonly #ready: Extract<DeviceToConsole, { type: 'ready' }>
  readonly #opened: Opened
  #restartAtEnd: boolean
  #restarting = false
  #ended: SessionEnd | undefined
  #undo: Undo[] = []
  readonly #idleness: Idleness
  /** Answers sent since the link was full. */
  #answers: number | undefined

  constructor(options: RemoteSessionOptions) {
    const { grant, parts, now, timers } = options
    this.grant = grant
    this.#options = options
    const drives = grant.mode === 'modify'
    const onIdle = () => {
      this.end('idle')
    }
    this.#idleness = new Idleness({
      timers,
      now,
      idleMs: options.times.idleMs,
      shown: drives ? undefined : () => this.#opened.updates(),
      onIdle,
    })
    const restart = drives && parts.facts.restart
    this.#restartAtEnd = restart
    this.#ready = {
      type: 'ready',
      displays: parts.facts.displays.filter((display) => grant.displays.includes(display)),
      terminal: drives && grant.terminal && parts.facts.terminal,
      restart,
      restartAtEnd: restart,
      recording: grant.record,
    }
    this.#link = options.link({
      onFrame: (channel, bytes) => {
        this.#took(channel, bytes)
      },
      onState: (state) => {
        this.#linkIs(state)
      },
      onRoom: () => {
        this.#answers = undefined
        this.#channels.room()
      },
    })
    this.#channels = new Channels({
      send: (channel, bytes) => this.#link.send(channel, bytes),
      pause: () => {
        this.#link.pause()
      },
      resume: () => {
        this.#link.resume()
      },
      onClosed: (channel, code) => {
        this.#say({ type: 'closed', channel, ...(code === undefined ? {} : { code }) })
      },
    })
    const failed = (why: string) => {
      options.onNote('error', `The session cannot be recorded: ${why}`)
      this.end('recordingFailed')
    }
    this.#recorder = options.recorder?.(failed, (display, code) => {
      options.onNote('warn', `The display ${display} cannot be recorded any more, and is not shown.`)
      this.#opened.hide(display, code)
    })
    this.#opened = new Opened({
      grant,
      parts,
      channels: this.#channels,
      recorder: this.#recorder,
      counts: this.counts,
      offers: this.#ready,
      onNote: options.onNote,
      say: (message) => {
        this.#say(message)
      },
      isThere: () => {
        this.#idleness.isThere()
      },
    })
  }

  get ended(): SessionEnd | undefined {
    return this.#ended
  }

  /** Puts the ring on, dials, and says what there is. */
  start(): void {
    const { grant, parts, timers } = this.#options
    this.#undo.push(
      // By how long the service gives, and not until when: the clocks may differ.
      timers.after(Math.max(0, grant.exp - grant.iat) * 1_000, () => {
        this.end('maximum')
      }),
    )
    this.#idleness.watch()
    parts.ring({ who: grant.operator.name, mode: grant.mode, recorded: grant.record })
    this.#link.start()
    this.#say(this.#ready)
  }

  /** Ends it for this reason; again: nothing happens. */
  end(reason: SessionEnd): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    const restart = reason === 'restarted' || (this.#restartAtEnd && !endsWithoutRestart.includes(reason))
    this.#idleness.stop()
    for (const undo of this.#undo) undo()
    this.#undo = []
    // Closes what belongs to them: each has its stream's end to hear of it.
    this.#channels.end()
    this.#options.parts.ring(undefined)
    if (this.#link.state.state !== 'ended') {
      this.#send({ type: 'ending', reason })
      this.#link.end(reason)
    }
    this.#options.onEnded(reason, restart, this.#recorder?.finish() ?? Promise.resolve())
  }

  /** Restarts the device: it says so on its screens for a moment, and then the session ends (REM-6). */
  restart(): void {
    if (this.#restarting || this.#ended !== undefined) return
    this.#restarting = true
    const { parts, timers, times } = this.#options
    parts.restarting()
    this.#undo.push(
      timers.after(times.restartShownMs, () => {
        this.end('restarted')
      }),
    )
  }

  #took(channel: number, bytes: Uint8Array): void {
    if (this.#ended !== undefined) return
    if (channel === controlChannel) this.#heard(bytes)
    else if (!this.#channels.take(channel, bytes)) this.#broken(`bytes for channel ${channel}, which was never opened`)
    else if (this.grant.mode === 'view' && !this.#channels.isOpen(channel)) this.counts.refused += 1
  }

  #heard(bytes: Uint8Array): void {
    const message = parsed(bytes)
    if (!message) {
      this.#broken('a message that is not of the protocol')
      return
    }
    if (message.type !== 'ping') this.#idleness.isThere()
    switch (message.type) {
      case 'openScreen':
        if (this.#mayBegin(message.channel)) this.#opened.screen(message.channel, message.display).catch(this.#failed)
        return
      case 'openTerminal':
        if (this.#mayBegin(message.channel)) {
          this.#opened.terminal(message.channel, message.columns, message.rows).catch(this.#failed)
        }
        return
      case 'resize':
        this.#opened.resize(message.channel, message.columns, message.rows)
        return
      case 'close':
        this.#channels.close(message.channel)
        return
      case 'restart':
        if (this.#ready.restart) this.restart()
        else this.counts.refused += 1
        return
      case 'restartAtEnd':
        if (this.#ready.restart) this.#restartAtEnd = message.on
        else this.counts.refused += 1
        this.#say({ type: 'restartAtEnd', on: this.#restartAtEnd })
        return
      case 'ping':
        this.#say({ type: 'pong', at: message.at })
        return
      case 'end':
        this.end('operatorEnded')
    }
  }

  /** Whether a channel of this number may begin. Where there are too many already it is refused. */
  #mayBegin(channel: number): boolean {
    if (this.#channels.wasUsed(channel)) {
      this.#broken(`channel ${channel} was opened twice`)
      return false
    }
    if (this.#channels.open < limits.sessionChannelsOpen) return true
    this.#opened.refuse(channel, 'remote.tooMany')
    return false
  }

  #linkIs(state: LinkState): void {
    if (state.state === 'ended') this.end(state.reason)
  }

  #broken(what: string): void {
    this.#options.onNote('warn', `The console broke the protocol: ${what}`)
    this.end('protocol')
  }

  #say(message: DeviceToConsole): void {
    if (this.#ended !== undefined) return
    if (this.#answers !== undefined) {
      // It asks without taking the answers.
      if (message.type === 'pong') return
      this.#answers += 1
      if (this.#answers > mostAnswers) {
        this.#broken('it does not take what it asks for')
        return
      }
    }
    this.#send(message)
  }

  #send(message: DeviceToConsole): void {
    const room = this.#link.send(controlChannel, Buffer.from(JSON.stringify(message)))
    if (!room) this.#answers ??= 0
  }

  readonly #failed = (error: unknown): void => {
    this.#options.onNote('error', `The session failed: ${textOf(error)}`)
    this.end('deviceEnded')
  }
}

function parsed(bytes: Uint8Array): ConsoleToDevice | undefined {
  try {
    return ConsoleToDevice.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data
  } catch {
    return undefined
  }
}
