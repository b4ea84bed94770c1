import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import { Intake, Packet, type Steps } from './bytes.ts'
import { clipboardMessage, everything, type ClipboardMessage } from './clipboard.ts'
import { serveHandshake } from './handshake.ts'
import { Held } from './held.ts'
import type { ByteStream, ScreenCounts, ScreenOptions, ScreenService, Screen } from './interfaces.ts'
import { canvasJpeg } from './jpeg.ts'
import { clientMessage, isBySomebody, isInput, type ClientMessage, type InputMessage } from './messages.ts'
import { rgba } from './pixels.ts'
import { encodings, fenceFlags, fenceRequest, fromServer } from './protocol.ts'
import type { Jpeg } from './tight.ts'
import { Updates } from './updates.ts'

export interface ServerOptions extends ScreenOptions {
  readonly screen: Screen
  readonly jpeg?: Jpeg
  readonly timers: Timers
  /** Why the operator's viewer was cut off, for the device's own log. */
  readonly log?: (text: string) => void
}

/** Between two updates: 60 in a second at most. */
const restMs = 16
/** Updates, and their bytes, that the viewer has not confirmed yet. More: none is made until it has. */
const unconfirmedAtMost = 8
const unconfirmedBytesAtMost = 256 * 1024

/**
 * Shows a simulated screen to an operator: an RFB 3.8 server (3.3 and 3.7 too) without security, since the channel is sealed.
 * Few colours go without losses, many as JPEG in the quality that the viewer asks for. At most one update is on its way for
 * each request; with continuous updates, as many as the viewer confirms by fences. A slow viewer slows only itself: what is
 * damaged meanwhile is sent once, as it is then. With `view`, input is dropped and counted, and no clipboard passes (REM-4).
 * Closes with `request.invalid` where the viewer says nonsense.
 */
export function serveScreen(options: ServerOptions): ScreenService {
  return new Server(options)
}

class Server implements ScreenService {
  readonly counts: ScreenCounts = { input: 0, dropped: 0, updates: 0 }
  readonly #options: ServerOptions
  readonly #stream: ByteStream
  readonly #screen: Screen
  readonly #timers: Timers
  readonly #intake: Intake
  readonly #updates: Updates
  readonly #held: Held
  readonly #undo: Undo[]
  /** Numbers of fences that have not come back, with the bytes before them. */
  readonly #unconfirmed = new Map<number, number>()
  #fences = false
  #offeredContinuous = false
  #fence = 0
  #ready = false
  #room = true
  #resting = false
  #busy = false
  #closed = false
  /** Copied while there was no room; only the latest counts. */
  #copied: string | undefined
  /** What was copied on the screen last; a viewer that knows the extended clipboard asks for it. */
  #theirs: string | undefined
  #offeredClipboard = false
  #anyScript = false
  #wake: Undo = () => undefined

  constructor(options: ServerOptions) {
    this.#options = options
    this.#stream = options.stream
    this.#screen = options.screen
    this.#timers = options.timers
    const { screen } = options
    this.#held = new Held({
      key: ({ keysym }, down) => {
        if (keysym !== 0) screen.key(keysym, down)
      },
      pointer: (x, y, buttons) => {
        screen.pointer(Math.min(x, screen.width - 1), Math.min(y, screen.height - 1), buttons & 0x7f)
      },
    })
    this.#updates = new Updates(options.screen, options.jpeg ?? canvasJpeg)
    const look = () => {
      this.#look()
    }
    this.#undo = [
      this.#screen.onDamage((rect) => {
        this.#updates.damage.mark(rect)
        // Several areas of one drawing go together.
        queueMicrotask(look)
      }),
      this.#screen.onSize(() => {
        this.#updates.resized()
        queueMicrotask(look)
      }),
      this.#screen.onCutText((text) => {
        this.#tellCutText(text)
      }),
    ]
    this.#intake = new Intake(this.#messages(), (error) => {
      this.#options.log?.(`The operator's viewer was cut off: ${error.message}.`)
      this.#end('request.invalid')
    })
    this.#stream.listen({
      bytes: (bytes) => {
        this.#intake.push(bytes)
      },
      room: () => {
        this.#room = true
        this.#stream.resume()
        if (this.#copied !== undefined) this.#tellCutText(this.#copied)
        this.#look()
      },
      closed: () => {
        this.#end(undefined)
      },
    })
    // The handshake begins with this end's greeting.
    this.#intake.push(new Uint8Array(0))
  }

  close(): void {
    this.#end(undefined)
  }

  #end(code: ErrorCode | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#intake.stop()
    for (const undo of this.#undo) undo()
    this.#wake()
    this.#updates.close()
    this.#held.release()
    this.#stream.close(code)
  }

  #send(bytes: Uint8Array): void {
    if (!this.#closed && !this.#stream.send(bytes)) this.#room = false
  }

  /** Answers the viewer; one that asks without reading the answers is read no further. */
  #answer(bytes: Uint8Array): void {
    this.#send(bytes)
    if (!this.#room) this.#stream.pause()
  }

  *#messages(): Steps {
    yield* serveHandshake(
      (bytes) => {
        this.#send(bytes)
      },
      () => ({ ...this.#updates.start(), format: rgba, name: this.#screen.name }),
    )
    this.#ready = true
    for (;;) {
      this.#take(yield* clientMessage())
      this.#look()
    }
  }

  #take(message: ClientMessage): void {
    if (isInput(message)) {
      this.#input(message)
      return
    }
    switch (message.type) {
      case 'setPixelFormat':
        this.#updates.format = message.format
        return
      case 'setEncodings':
        this.#updates.choose(message.listed)
        this.#offer(message.listed)
        return
      case 'updateRequest':
        this.#updates.request(message.area, message.incremental)
        return
      case 'continuousUpdates':
        this.#updates.continuous = message.on ? message.area : undefined
        if (!message.on) this.#answer(Uint8Array.of(fromServer.endOfContinuousUpdates))
        return
      case 'fence':
        this.#takeFence(message.flags, message.payload)
    }
  }

  #offer(listed: readonly number[]): void {
    if (listed.includes(encodings.fence) && !this.#fences) {
      this.#fences = true
      this.#sendFence(0)
    }
    if (listed.includes(encodings.continuousUpdates) && !this.#offeredContinuous) {
      this.#offeredContinuous = true
      this.#send(Uint8Array.of(fromServer.endOfContinuousUpdates))
    }
    if (listed.includes(encodings.extendedClipboard) && this.#options.mode === 'modify' && !this.#offeredClipboard) {
      this.#offeredClipboard = true
      this.#say(everything)
    }
  }

  #say(message: ClipboardMessage): void {
    this.#answer(clipboardMessage(fromServer.cutText, message))
  }

  #clipboard(message: ClipboardMessage): void {
    switch (message.action) {
      case 'caps':
        this.#anyScript = this.#offeredClipboard
        return
      case 'notify':
        if (message.text) this.#say({ action: 'request', text: true })
        return
      case 'provide':
        if (message.text !== undefined) this.#screen.cutText(message.text)
        return
      case 'peek':
        this.#say({ action: 'notify', text: this.#theirs !== undefined })
        return
      case 'request':
        this.#say({ action: 'provide', text: this.#theirs })
    }
  }

  #input(message: InputMessage): void {
    if (this.#options.mode === 'view') {
      this.counts.dropped += 1
      return
    }
    this.counts.input += 1
    if (isBySomebody(message)) this.#options.onInput?.()
    switch (message.type) {
      case 'key':
        this.#held.key(message, message.down)
        return
      case 'pointer':
        this.#held.pointer(message.x, message.y, message.buttons)
        return
      case 'cutText':
        this.#screen.cutText(Buffer.from(message.text).toString('latin1').replaceAll('\r\n', '\n'))
        return
      case 'clipboard':
        if (message.message) this.#clipboard(message.message)
        return
      case 'setDesktopSize':
        this.#updates.refuseSize()
    }
  }

  #tellCutText(text: string): void {
    if (this.#options.mode === 'view' || !this.#ready) return
    this.#theirs = text
    this.#copied = this.#room ? undefined : text
    if (!this.#room) return
    if (this.#anyScript) {
      this.#say({ action: 'notify', text: true })
      return
    }
    // What Latin-1 lacks becomes a question mark, as RFB's plain clipboard has nothing else.
    const bytes = Buffer.from(text.slice(0, limits.clipboardBytes).replaceAll(/[^\u0000-\u00ff]/gu, '?'), 'latin1')
    this.#send(new Packet().u8(fromServer.cutText, 0, 0, 0).u32(bytes.length).bytes(bytes).done())
  }

  #sendFence(bytes: number): void {
    this.#fence += 1
    this.#unconfirmed.set(this.#fence, bytes)
    this.#send(
      new Packet()
        .u8(fromServer.fence, 0, 0, 0)
        .u32(fenceRequest | 1)
        .u8(4)
        .u32(this.#fence)
        .done(),
    )
  }

  #takeFence(flags: number, payload: Uint8Array): void {
    if ((flags & fenceRequest) !== 0) {
      this.#answer(
        new Packet()
          .u8(fromServer.fence, 0, 0, 0)
          .u32(flags & fenceFlags)
          .u8(payload.length)
          .bytes(payload)
          .done(),
      )
      return
    }
    if (payload.length === 4) this.#unconfirmed.delete(Buffer.from(payload).readUInt32BE())
  }

  get #mayUpdate(): boolean {
    if (this.#closed || !this.#ready || this.#busy || this.#resting || !this.#room || !this.#updates.wanted) return false
    const bytes = this.#unconfirmed.values().reduce((sum, one) => sum + one, 0)
    return this.#unconfirmed.size < unconfirmedAtMost && bytes < unconfirmedBytesAtMost
  }

  /** Sends an update where one is wanted, possible, and has something to say. */
  #look(): void {
    if (!this.#mayUpdate) return
    this.#busy = true
    this.#updates
      .make()
      .then((update) => {
        this.#busy = false
        if (this.#closed) return
        if (update) this.#sent(update)
        // Also when nothing differed: to find that out costs as much.
        this.#rest()
      })
      .catch((error: unknown) => {
        this.#options.log?.(`The screen could not be shown: ${error instanceof Error ? error.message : String(error)}`)
        this.#end('remote.screenLost')
      })
  }

  #sent(update: Uint8Array): void {
    this.#send(update)
    this.counts.updates += 1
    if (this.#fences && this.#updates.continuous) this.#sendFence(update.length)
  }

  #rest(): void {
    this.#resting = true
    this.#wake = this.#timers.after(restMs, () => {
      this.#resting = false
      this.#look()
    })
  }
}
