import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { ConsoleToDevice } from '../../contract/remote.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import type { WindowStream, WindowStreamHandlers } from '../bridge/dispatcher.ts'

/** What a channel needs of its session's link. */
export interface ChannelsOptions {
  readonly say: (message: ConsoleToDevice) => void
  /** As a link's: always taken; false: wait for `room`. */
  readonly send: (channel: number, bytes: Uint8Array) => boolean
  /** Stops, and goes on, getting frames of all channels. */
  readonly pause: () => void
  readonly resume: () => void
}

/** What a stream of a window is to show. `terminal`: the window's own number of it. */
export type Wanted =
  | { readonly kind: 'screen'; readonly display: DisplayId }
  | { readonly kind: 'terminal'; readonly terminal: number; readonly columns: number; readonly rows: number }

interface Open {
  readonly stream: WindowStream
  readonly terminal: number | undefined
  full: boolean
}

/**
 * The screens and terminals that windows have open in one session: each is a channel of the link and a stream of the
 * bridge. A window that does not take its bytes stops the link; a link that is full lets the window's bytes wait.
 */
export class Channels {
  readonly #options: ChannelsOptions
  readonly #open = new Map<number, Open>()
  #last = 0
  #paused = false
  /** Windows whose bytes were sent into a full link: told when there is room. */
  #waiting: (() => void)[] = []

  constructor(options: ChannelsOptions) {
    this.#options = options
  }

  /** Errors: remote.tooMany (open at once, or over the session's life). */
  open(wanted: Wanted, stream: WindowStream): WindowStreamHandlers {
    if (this.#open.size >= limits.sessionChannelsOpen || this.#last >= limits.sessionChannels) throw new RoomkeeperError('remote.tooMany')
    this.#last += 1
    const channel = this.#last
    const open: Open = { stream, terminal: wanted.kind === 'terminal' ? wanted.terminal : undefined, full: false }
    this.#open.set(channel, open)
    if (wanted.kind === 'screen') this.#options.say({ type: 'openScreen', channel, display: wanted.display })
    else this.#options.say({ type: 'openTerminal', channel, columns: wanted.columns, rows: wanted.rows })
    return {
      bytes: (bytes) => {
        if (!this.#open.has(channel) || this.#options.send(channel, bytes)) return
        return new Promise((resolve) => this.#waiting.push(resolve))
      },
      room: () => {
        open.full = false
        this.#flow()
      },
      ended: () => {
        if (this.#remove(channel)) this.#options.say({ type: 'close', channel })
      },
    }
  }

  /** The channel of a window's terminal; the newest, where a number was used again. */
  ofTerminal(terminal: number): number | undefined {
    return [...this.#open].findLast(([, open]) => open.terminal === terminal)?.[0]
  }

  /** Bytes of the device. False: such a channel was never opened. */
  take(channel: number, bytes: Uint8Array): boolean {
    const open = this.#open.get(channel)
    if (open !== undefined && !open.stream.send(bytes)) {
      open.full = true
      this.#flow()
    }
    return channel <= this.#last
  }

  /** The device has closed it. */
  closed(channel: number, code: ErrorCode | undefined): void {
    const open = this.#open.get(channel)
    this.#remove(channel)
    if (code === undefined) open?.stream.end()
    else open?.stream.fail(new RoomkeeperError(code))
  }

  /** The link has room again. */
  room(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  /** The session is over. What was sent before still reaches the windows. */
  end(): void {
    const all = [...this.#open.values()]
    this.#open.clear()
    this.room()
    for (const { stream } of all) stream.end()
  }

  #remove(channel: number): boolean {
    const was = this.#open.delete(channel)
    this.#flow()
    return was
  }

  #flow(): void {
    const full = [...this.#open.values()].some((open) => open.full)
    if (full === this.#paused) return
    this.#paused = full
    if (full) this.#options.pause()
    else this.#options.resume()
  }
}
