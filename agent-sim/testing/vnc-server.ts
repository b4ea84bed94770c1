import { Intake, Packet, take, type Steps } from '../rfb/bytes.ts'
import type { ByteStream } from '../rfb/interfaces.ts'
import { clientMessage, type ClientMessage } from '../rfb/messages.ts'
import { rgba, writePixelFormat } from '../rfb/pixels.ts'

export interface VncServerOptions {
  /** "003.003", "003.007", "003.008" or what a strange server says. */
  readonly version?: string
  /** What VNC authentication answers must be; absent: no security. */
  readonly challenge?: { readonly challenge: Uint8Array; readonly answer: Uint8Array }
  /** A security type that it wants alone. */
  readonly security?: number
  /** Its own pixels are numbers of a map of colours. */
  readonly mapped?: boolean
  readonly width?: number
  readonly height?: number
}

/** A VNC server that a test scripts: shakes hands, keeps what it is told, and sends what it is given. */
export class FakeVncServer {
  readonly heard: ClientMessage[] = []
  readonly errors: Error[] = []
  ready = false
  closed = false
  readonly #stream: ByteStream

  constructor(stream: ByteStream, options: VncServerOptions = {}) {
    this.#stream = stream
    const intake = new Intake(this.#read(options), (error) => this.errors.push(error))
    stream.listen({
      bytes: (bytes) => {
        intake.push(bytes)
      },
      room: () => undefined,
      closed: () => {
        this.closed = true
      },
    })
    intake.push(new Uint8Array(0))
  }

  send(bytes: Uint8Array): void {
    this.#stream.send(bytes)
  }

  close(): void {
    this.#stream.close()
  }

  *#read({ version = '003.008', challenge, security, mapped = false, width = 64, height = 48 }: VncServerOptions): Steps {
    this.send(Buffer.from(`RFB ${version}\n`))
    const spoken = Buffer.from(yield* take(12))
      .toString('latin1')
      .slice(4, 11)
    const type = security ?? (challenge ? 2 : 1)
    if (spoken === '003.003') this.send(new Packet().u32(type).done())
    else {
      this.send(security === undefined ? Uint8Array.of(2, 30, type) : Uint8Array.of(1, type))
      yield* take(1)
    }
    let isRight = true
    if (challenge) {
      this.send(challenge.challenge)
      isRight = Buffer.from(yield* take(16)).equals(challenge.answer)
    }
    if (challenge || spoken === '003.008') {
      this.send(new Packet().u32(isRight ? 0 : 1).done())
      if (!isRight) {
        if (spoken === '003.008') this.send(new Packet().u32(5).text('wrong').done())
        return
      }
    }
    yield* take(1)
    const size = new Packet().u16(width, height)
    this.send((mapped ? size.u8(8, 8, 0, 0).u16(0, 0, 0).u8(0, 0, 0, 0, 0, 0) : writePixelFormat(size, rgba)).u32(4).text('Fake').done())
    this.ready = true
    for (;;) this.heard.push(yield* clientMessage())
  }
}
