import type { ErrorCode } from '../../contract/errors.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import type { Timers } from '../../contract/system.ts'
import { Intake, Malformed, Packet, type Steps } from './bytes.ts'
import { clientHandshake, screenCode } from './client.ts'
import { Framer } from './frames.ts'
import { serveHandshake, type ServerInit } from './handshake.ts'
import { Held } from './held.ts'
import type { ByteStream, ScreenCounts, ScreenOptions, ScreenService } from './interfaces.ts'
import { clientMessage, isBySomebody, isInput, type ClientMessage } from './messages.ts'
import { rgba, sameFormat, writePixelFormat, type PixelFormat } from './pixels.ts'
import { encodings, fromClient } from './protocol.ts'
import { passableEncodings } from './rects.ts'

export interface BridgeOptions extends ScreenOptions {
  /** A connection to the VNC server; it is closed together with the operator's. */
  readonly server: ByteStream
  /** Of the VNC server; never leaves this machine. */
  readonly password?: string | undefined
  /** Why it failed, for the device's own log. */
  readonly log?: (text: string) => void
  readonly timers: Timers
}

/** How long a VNC server may take until it has said what its screen is. Then `remote.screenLost`. */
const answerMs = 10_000

/**
 * Shows a real VNC server to an operator (REM-9): a client to the one, a server to the other, and between them only messages
 * that are listed. With `view`, input of every kind is dropped and counted, and no clipboard passes (REM-4). Keys and buttons that are
 * down when it ends are let go of. Closes with `remote.screenLost` where the VNC server fails or says nonsense (with a code that says more
 * where that is known), with `request.invalid` where the operator does.
 */
export function bridgeScreen(options: BridgeOptions): ScreenService {
  return new Bridge(options)
}

class Bridge implements ScreenService {
  readonly counts: ScreenCounts = { input: 0, dropped: 0, updates: 0 }
  readonly #options: BridgeOptions
  readonly #mode: RemoteMode
  readonly #listed = new Set<number>()
  readonly #fromOperator: Intake
  readonly #fromServer: Intake
  readonly #held = new Held({
    key: ({ keysym, scancode }, down) => {
      const isDown = down ? 1 : 0
      const place = () =>
        new Packet()
          .u8(fromClient.qemu, 0)
          .u16(isDown)
          .u32(keysym, scancode ?? 0)
      this.#toServer((scancode === undefined ? new Packet().u8(fromClient.key, isDown, 0, 0).u32(keysym) : place()).done())
    },
    pointer: (x, y, buttons) => {
      this.#toServer(new Packet().u8(fromClient.pointer, buttons).u16(x, y).done())
    },
  })
  #format: PixelFormat = rgba
  #asked = false
  #init: ServerInit | undefined
  #framer: Framer | undefined
  #closed = false

  constructor(options: BridgeOptions) {
    this.#options = options
    this.#mode = options.mode
    const { stream, server, timers } = options
    this.#fromOperator = new Intake(this.#serve(), (error) => {
      this.#end('request.invalid', `The operator's viewer was cut off: ${error.message}.`)
    })
    this.#fromServer = new Intake(this.#view(), (error) => {
      this.#end(screenCode(error), `The VNC server was left: ${error.message}.`)
    })
    const enough = timers.after(answerMs, () => {
      if (!this.#init) this.#end('remote.screenLost', 'The VNC server did not answer.')
    })
    server.listen({
      bytes: (bytes) => {
        this.#fromServer.push(bytes)
        this.#framer?.flush()
      },
      room: () => {
        stream.resume()
      },
      closed: () => {
        enough()
        this.#end('remote.screenLost', 'The VNC server closed the connection.')
      },
    })
  }

  close(): void {
    this.#end(undefined)
  }

  #end(code: ErrorCode | undefined, why?: string): void {
    if (this.#closed) return
    this.#held.release()
    this.#closed = true
    if (why !== undefined) this.#options.log?.(why)
    this.#fromOperator.stop()
    this.#fromServer.stop()
    this.#options.server.close()
    this.#options.stream.close(code)
  }

  #toServer(bytes: Uint8Array): void {
    if (!this.#closed && !this.#options.server.send(bytes)) this.#options.stream.pause()
  }

  #toOperator(bytes: Uint8Array): void {
    if (!this.#closed && !this.#options.stream.send(bytes)) this.#options.server.pause()
  }

  /** What the VNC server says. */
  *#view(): Steps {
    const init = yield* clientHandshake((bytes) => {
      this.#toServer(bytes)
    }, this.#options.password)
    this.#init = init
    this.#toServer(writePixelFormat(new Packet().u8(fromClient.setPixelFormat, 0, 0, 0), rgba).done())
    const framer = new Framer({
      init,
      format: () => this.#format,
      listed: this.#listed,
      clipboard: this.#mode === 'modify',
      forward: (bytes) => {
        this.#toOperator(bytes)
      },
      onUpdate: () => {
        this.counts.updates += 1
      },
    })
    this.#framer = framer
    this.#listenToOperator()
    yield* framer.messages()
  }

  #listenToOperator(): void {
    this.#options.stream.listen({
      bytes: (bytes) => {
        this.#fromOperator.push(bytes)
      },
      room: () => {
        this.#options.server.resume()
      },
      closed: () => {
        this.#end(undefined)
      },
    })
    // The handshake begins with this end's greeting, before any byte has come.
    this.#fromOperator.push(new Uint8Array(0))
  }

  /** What the operator's viewer says. */
  *#serve(): Steps {
    yield* serveHandshake(
      (bytes) => {
        this.#toOperator(bytes)
      },
      () => {
        if (!this.#init) throw new Malformed('it was not ready')
        return this.#init
      },
    )
    for (;;) this.#take(yield* clientMessage())
  }

  #take(message: ClientMessage): void {
    if (isInput(message)) {
      if (this.#mode === 'view') {
        this.counts.dropped += 1
        return
      }
      this.counts.input += 1
      if (isBySomebody(message)) this.#options.onInput?.()
    }
    switch (message.type) {
      case 'key':
        this.#held.key(message, message.down)
        return
      case 'pointer':
        this.#held.pointer(message.x, message.y, message.buttons)
        return
      case 'setPixelFormat':
        this.#choose(message.format, message.raw)
        return
      case 'setEncodings': {
        const passed = message.listed.filter((encoding) => this.#mayList(encoding))
        for (const encoding of passed) this.#listed.add(encoding)
        this.#toServer(
          new Packet()
            .u8(fromClient.setEncodings, 0)
            .u16(passed.length)
            .u32(...passed)
            .done(),
        )
        return
      }
      case 'updateRequest':
      case 'continuousUpdates':
        this.#asked = true
    }
    this.#toServer(message.raw)
  }

  #mayList(encoding: number): boolean {
    if (encoding === encodings.extendedClipboard) return this.#mode === 'modify'
    return passableEncodings.has(encoding) || isLevel(encoding)
  }

  /** Once pixels were asked for, nobody could tell which of those on their way have which format. */
  #choose(format: PixelFormat, raw: Uint8Array): void {
    if (sameFormat(format, this.#format)) return
    if (this.#asked) throw new Malformed('another pixel format after pixels were asked for')
    this.#format = format
    this.#toServer(raw)
  }
}

/** Of JPEG quality (-32 to -23) and of compression (-256 to -247). */
const isLevel = (encoding: number): boolean => (encoding >= -32 && encoding <= -23) || (encoding >= -256 && encoding <= -247)
