import type { ErrorCode } from '../../contract/errors.ts'
import type { DeviceToConsole, SessionGrant } from '../../contract/remote.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import type { LogLevel } from '../agent/log.ts'
import { screenCode } from '../rfb/client.ts'
import type { ByteStream, ScreenService } from '../rfb/interfaces.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Channels } from './channels.ts'
import type { RemoteParts, SessionRecorder } from './parts.ts'

/** What a session let through and what it did not, for the log. */
export interface Counts {
  /** Input that reached a screen or a terminal, in messages. */
  input: number
  /** What an operator who may only look sent all the same, in messages. */
  refused: number
}

/** A display that is shown, by its channel. */
interface ShownScreen {
  readonly display: DisplayId
  readonly stream: ByteStream
  readonly service: ScreenService
}

/** What they need of their session. */
export interface OpenedOptions {
  readonly grant: SessionGrant
  readonly parts: RemoteParts
  readonly channels: Channels
  readonly recorder: SessionRecorder | undefined
  readonly counts: Counts
  /** What the console was told that there is. */
  readonly offers: Extract<DeviceToConsole, { type: 'ready' }>
  readonly onNote: (level: LogLevel, text: string) => void
  readonly say: (message: DeviceToConsole) => void
  /** Somebody is at it, or something moves for them. */
  readonly isThere: () => void
}

/** The screens and terminals of one session, each in its channel. What is recorded is shown only while it can be. */
export class Opened {
  readonly #options: OpenedOptions
  readonly #screens = new Map<number, ShownScreen>()
  readonly #terminals = new Map<number, Terminal>()

  constructor(options: OpenedOptions) {
    this.#options = options
  }

  /** Closes a display, wherever it is shown. */
  hide(display: DisplayId, code: ErrorCode): void {
    for (const shown of [...this.#screens.values()]) if (shown.display === display) shown.stream.close(code)
  }

  /** Updates of all screens, and what was dropped of an operator who may only look. */
  updates(): number {
    return [...this.#screens.values()].reduce((sum, { service: { counts } }) => sum + counts.updates + counts.dropped, 0)
  }

  /** Opens a screen in this channel, or says why not. */
  async screen(channel: number, display: DisplayId): Promise<void> {
    if (!this.#options.offers.displays.includes(display)) return this.refuse(channel, 'remote.unsupported')
    const { parts, onNote, grant } = this.#options
    let recorded = false
    const stream = this.#options.channels.begin(channel, () => {
      this.#screens.delete(channel)
      if (recorded) this.#options.recorder?.hide(display)
    })
    let reached
    try {
      reached = await parts.reach(display)
    } catch (error) {
      onNote('warn', `The display ${display} cannot be shown: ${textOf(error)}`)
      stream.close(screenCode(error))
      return
    }
    if (this.#options.channels.isOpen(channel)) {
      // Nothing is shown before it is recorded. Of what cannot be, the others know nothing: they go on.
      const why = await this.#record(display)
      if (why) stream.close(why)
      recorded = true
    }
    if (!this.#options.channels.isOpen(channel)) {
      reached.close()
      if (recorded) this.#options.recorder?.hide(display)
      return
    }
    this.#options.say({ type: 'opened', channel })
    const onInput = () => {
      this.#options.counts.input += 1
      this.#options.isThere()
    }
    const service = reached.serve({ stream, mode: grant.mode, onInput })
    if (this.#options.channels.isOpen(channel)) this.#screens.set(channel, { display, stream, service })
    // It may have been closed before it could hear of that.
    else service.close()
  }

  /** Lets the recorder see a display. Answers why it cannot, which is why it is not shown. */
  async #record(display: DisplayId): Promise<ErrorCode | undefined> {
    try {
      await this.#options.recorder?.show(display)
      return undefined
    } catch (error) {
      this.#options.onNote('error', `The display ${display} cannot be recorded: ${textOf(error)}`)
      return screenCode(error)
    }
  }

  /** Opens a terminal in this channel, or says why not. */
  async terminal(channel: number, columns: number, rows: number): Promise<void> {
    const { parts, onNote, grant } = this.#options
    if (grant.mode !== 'modify' || !this.#options.offers.terminal) {
      if (grant.mode !== 'modify') this.#options.counts.refused += 1
      this.refuse(channel, grant.mode === 'modify' && grant.terminal ? 'remote.unsupported' : 'remote.viewOnly')
      return
    }
    let terminal: Terminal | undefined
    const stream = this.#options.channels.begin(channel, () => {
      this.#terminals.delete(channel)
      if (terminal) this.#options.recorder?.terminalClosed(channel)
      terminal?.kill()
    })
    try {
      const made = await parts.terminal()
      if (!this.#options.channels.isOpen(channel)) return
      terminal = made
      this.#terminals.set(channel, made)
      this.#options.recorder?.terminalOpened(channel, columns, rows)
      made.onEnd(() => {
        stream.close('remote.terminalEnded')
      })
      made.onBytes((bytes) => {
        this.#options.isThere()
        this.#options.recorder?.terminalWrote(channel, bytes)
        if (!stream.send(bytes)) made.pause()
      })
      this.#options.say({ type: 'opened', channel })
      await made.start(columns, rows)
      if (!this.#options.channels.isOpen(channel)) {
        made.kill()
        return
      }
      stream.listen({
        bytes: (bytes) => {
          this.#options.counts.input += 1
          this.#options.isThere()
          made.write(bytes)
        },
        room: () => {
          made.resume()
        },
        // `begin` has heard of it.
        closed: () => undefined,
      })
    } catch (error) {
      onNote('warn', `The terminal cannot be started: ${textOf(error)}`)
      stream.close('remote.unsupported')
    }
  }

  /** Of a terminal; of another channel nothing happens. */
  resize(channel: number, columns: number, rows: number): void {
    const terminal = this.#terminals.get(channel)
    if (!terminal) return
    terminal.resize(columns, rows)
    this.#options.recorder?.terminalResized(channel, columns, rows)
  }

  /** Says that this channel is not opened, and why. */
  refuse(channel: number, code: ErrorCode): void {
    this.#options.channels.use(channel)
    this.#options.say({ type: 'closed', channel, code })
  }
}

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
