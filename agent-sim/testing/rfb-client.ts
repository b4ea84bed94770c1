import type { ErrorCode } from '../../contract/errors.ts'
import { Intake, take, u32, type Steps } from '../rfb/bytes.ts'
import { Framer } from '../rfb/frames.ts'
import { readServerInit, type ServerInit } from '../rfb/handshake.ts'
import type { ByteStream } from '../rfb/interfaces.ts'
import { rgba } from '../rfb/pixels.ts'
import { encodings } from '../rfb/protocol.ts'
import { passableEncodings } from '../rfb/rects.ts'
import { say } from './rfb.ts'

/** The operator's end of a screen: shakes hands, and keeps every message that comes. */
export class TestClient {
  init: ServerInit | undefined
  readonly updates: Buffer[] = []
  /** Messages that are no updates. */
  readonly others: Buffer[] = []
  closed: { readonly code: ErrorCode | undefined } | undefined
  /** The latest numbers of fences that asked for an answer, not answered. */
  readonly fences: Buffer[] = []
  readonly stream: ByteStream
  readonly #intake: Intake

  constructor(stream: ByteStream, failed: (error: Error) => void, version = '003.008') {
    this.stream = stream
    this.#intake = new Intake(this.#read(version), failed)
    stream.listen({
      bytes: (bytes) => {
        this.#intake.push(bytes)
      },
      room: () => undefined,
      closed: (code) => {
        this.closed = { code }
      },
    })
  }

  send(...messages: readonly Uint8Array[]): void {
    for (const message of messages) this.stream.send(message)
  }

  get all() {
    return { x: 0, y: 0, width: this.init?.width ?? 0, height: this.init?.height ?? 0 }
  }

  *#read(version: string): Steps {
    yield* take(12)
    this.send(say.greeting(version))
    if (version === '003.003') yield* take(4)
    else {
      yield* take(2)
      this.send(Uint8Array.of(1))
      if (version === '003.008' && u32(yield* take(4), 0) !== 0) throw new Error('refused')
    }
    this.send(Uint8Array.of(1))
    const init = yield* readServerInit()
    this.init = init
    let message: Uint8Array[] = []
    let isUpdate = false
    const framer = new Framer({
      init,
      format: () => rgba,
      listed: new Set([...passableEncodings, encodings.extendedClipboard]),
      clipboard: true,
      forward: (bytes) => {
        message.push(bytes)
      },
      onUpdate: () => {
        isUpdate = true
      },
    })
    for (;;) {
      yield* framer.message()
      framer.flush()
      const whole = Buffer.concat(message)
      if (isUpdate) this.updates.push(whole)
      else this.others.push(whole)
      if (whole[0] === 248) this.fences.push(whole.subarray(9))
      message = []
      isUpdate = false
    }
  }
}
