import { limits } from '../../contract/limits.ts'
import { Malformed, Packet, pass, s32, skip, skipColours, take, u16, type Steps } from './bytes.ts'
import { clipboardMessage, readClipboard } from './clipboard.ts'
import type { ServerInit } from './handshake.ts'
import type { PixelFormat } from './pixels.ts'
import { cutTextBytesAtMost, encodings, fenceBytes, fromServer } from './protocol.ts'
import { passRect, type RectContext } from './rects.ts'

export interface FramerOptions {
  readonly init: ServerInit
  /** The pixel format that the viewer has chosen. */
  readonly format: () => PixelFormat
  /** Encodings that the viewer was let ask for. */
  readonly listed: ReadonlySet<number>
  /** Whether the clipboard may leave. */
  readonly clipboard: boolean
  /** Bytes that go on, joined where they lie side by side; call `flush` after each push. */
  readonly forward: (bytes: Uint8Array) => void
  readonly onUpdate: () => void
}

/**
 * Messages of a VNC server on their way to a viewer: each is told apart, checked, and passed on, or dropped. What passes are the server's
 * bytes as they came and in their order, with one exception: the head of a clipboard text (type, padding, length) is written here, with
 * padding of zero and a length of at most `limits.clipboardBytes`; what is longer is cut. Messages of the extended clipboard are written
 * anew, with their text alone. Padding means nothing, and is not checked elsewhere.
 */
export class Framer {
  readonly #options: FramerOptions
  readonly #context: RectContext
  #held: Uint8Array | undefined

  constructor(options: FramerOptions) {
    this.#options = options
    const { init } = options
    this.#context = {
      width: init.width,
      height: init.height,
      get format() {
        return options.format()
      },
      emit: (bytes) => {
        this.#emit(bytes)
      },
      pass: (count) => this.#pass(count),
    }
  }

  /** Sends what was held back to be joined with what follows. */
  flush(): void {
    const held = this.#held
    this.#held = undefined
    if (held) this.#options.forward(held)
  }

  /** All messages, without an end. @throws Malformed for one that is not listed, or cannot be. */
  *messages(): Steps {
    for (;;) yield* this.message()
  }

  #emit(bytes: Uint8Array): void {
    const held = this.#held
    if (held && held.buffer === bytes.buffer && held.byteOffset + held.length === bytes.byteOffset) {
      this.#held = new Uint8Array(held.buffer, held.byteOffset, held.length + bytes.length)
      return
    }
    this.flush()
    if (bytes.length > 0) this.#held = bytes
  }

  *#pass(count: number): Steps {
    if (count === 0) return
    yield* pass(count, (bytes) => {
      this.#emit(bytes)
    })
  }

  /** One message. */
  *message(): Steps {
    const first = yield* take(1)
    switch (first[0]) {
      case fromServer.update:
        this.#emit(first)
        return yield* this.#update()
      case fromServer.colours:
        return yield* skipColours()
      case fromServer.bell:
      case fromServer.endOfContinuousUpdates:
        this.#emit(first)
        return
      case fromServer.cutText:
        return yield* this.#cutText()
      case fromServer.fence: {
        const head = yield* take(8)
        if ((head[7] ?? 0) > fenceBytes) throw new Malformed(`a fence of ${head[7]} bytes`)
        this.#emit(first)
        this.#emit(head)
        return yield* this.#pass(head[7] ?? 0)
      }
      default:
        throw new Malformed(`a message of type ${first[0]}`)
    }
  }

  *#update(): Steps {
    const head = yield* take(3)
    this.#emit(head)
    const count = u16(head, 1)
    for (let at = 0; at < count; at += 1) {
      if (yield* passRect(this.#context, this.#options.listed)) break
    }
    this.#options.onUpdate()
  }

  *#cutText(): Steps {
    const length = s32(yield* take(7), 3)
    if (length < 0) return yield* this.#clipboard(-length)
    if (length > cutTextBytesAtMost) throw new Malformed(`a clipboard text of ${length} bytes`)
    if (!this.#options.clipboard) return yield* skip(length)
    const kept = Math.min(length, limits.clipboardBytes)
    this.#emit(new Packet().u8(fromServer.cutText, 0, 0, 0).u32(kept).done())
    yield* this.#pass(kept)
    yield* skip(length - kept)
  }

  /**
   * The extended clipboard, which passes where the viewer has asked for it, and where it works: a server that cannot be notified never
   * asks for a text, and nobody knows whether it takes one (x11vnc does not). Its viewer writes plain text, and names what cannot go.
   */
  *#clipboard(length: number): Steps {
    const message = yield* readClipboard(length)
    const { clipboard, listed } = this.#options
    if (!message || !clipboard || !listed.has(encodings.extendedClipboard)) return
    if (message.action === 'caps' && !(message.text && message.can.includes('notify'))) return
    this.#emit(clipboardMessage(fromServer.cutText, message))
  }
}
