import type { ErrorCode } from '../../contract/errors.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import { Intake, Malformed, Packet, pass, s32, skip, skipColours, take, u16, u32, type Steps } from './bytes.ts'
import { clientHandshake, screenCode, ScreenRefused } from './client.ts'
import { checkSize } from './handshake.ts'
import type { ByteStream, Picture, Rect } from './interfaces.ts'
import { rgba, writePixelFormat } from './pixels.ts'
import { cutTextBytesAtMost, encodings, fromClient, fromServer } from './protocol.ts'

export interface ViewerOptions {
  readonly server: ByteStream
  readonly password?: string | undefined
  /** The picture is lost, and stays as it was; nothing follows. `code`: what an operator is told who sees it still. Not after `close`. */
  readonly onLost: (why: string, code: ErrorCode) => void
  /** Between an update and asking for the next one. */
  readonly pauseMs?: number
  readonly timers: Timers
}

export interface Viewer extends Picture {
  close(): void
}

const answerMs = 10_000
const pauseMs = 200
/** Larger pictures (8K has 33 million pixels) are not kept in memory. */
const areaAtMost = 1 << 25

/**
 * A real VNC server as a picture, for the recorder: looks only, sends no input, takes no clipboard. Its memory is one
 * picture. Asks for raw pixels and copies, which need no decoder. Resolves when the first picture is there.
 * @throws ScreenRefused where it is told why the server shows nothing; else Error: it does not answer within 10 seconds, or says nonsense.
 */
export function viewPicture(options: ViewerOptions): Promise<Viewer> {
  const seen = new Seen(options)
  return seen.first
}

class Seen implements Viewer {
  readonly first: Promise<Viewer>
  width = 0
  height = 0
  readonly #options: ViewerOptions
  readonly #intake: Intake
  readonly #timers: Timers
  readonly #damaged = new Set<(rect: Rect) => void>()
  readonly #sized = new Set<() => void>()
  #pixels = Buffer.alloc(0)
  #name: string | undefined
  #arrived: () => void = () => undefined
  #failed: (error: Error) => void = () => undefined
  #isThere = false
  #over = false
  #waiting: Undo = () => undefined

  constructor(options: ViewerOptions) {
    this.#options = options
    this.#timers = options.timers
    this.first = new Promise((resolve, reject) => {
      this.#arrived = () => {
        resolve(this)
      }
      this.#failed = reject
    })
    this.#waiting = this.#timers.after(answerMs, () => {
      this.#lose(new Error('The VNC server did not answer.'))
    })
    this.#intake = new Intake(this.#messages(), (error) => {
      this.#lose(error)
    })
    options.server.listen({
      bytes: (bytes) => {
        this.#intake.push(bytes)
      },
      room: () => undefined,
      closed: () => {
        // The operator has a connection too. A server that shows its screen to one viewer alone refuses the second (x11vnc, after it has
        // said what its screen is), or hangs up on the first when the second has come in (x11vnc -nevershared).
        const why = 'The VNC server closed the connection of one of two viewers: it must be shared (-shared).'
        this.#lose(new ScreenRefused('remote.screenAlone', why))
      },
    })
  }

  get name(): string {
    return this.#name ?? ''
  }

  close(): void {
    this.#over = true
    this.#waiting()
    this.#intake.stop()
    this.#options.server.close()
  }

  read({ x, y, width, height }: Rect): Uint8Array {
    const answer = Buffer.alloc(width * height * 4)
    for (let row = 0; row < height; row += 1) {
      const from = ((y + row) * this.width + x) * 4
      this.#pixels.copy(answer, row * width * 4, from, from + width * 4)
    }
    // A server leaves there what it likes.
    for (let at = 3; at < answer.length; at += 4) answer[at] = 255
    return answer
  }

  onDamage(listener: (rect: Rect) => void): Undo {
    this.#damaged.add(listener)
    return () => {
      this.#damaged.delete(listener)
    }
  }

  onSize(listener: () => void): Undo {
    this.#sized.add(listener)
    return () => {
      this.#sized.delete(listener)
    }
  }

  #lose(error: Error): void {
    if (this.#over) return
    this.close()
    if (this.#isThere) this.#options.onLost(error.message, screenCode(error))
    else this.#failed(error)
  }

  #send(bytes: Uint8Array): void {
    if (!this.#over) this.#options.server.send(bytes)
  }

  #ask(incremental: boolean): void {
    this.#send(
      new Packet()
        .u8(fromClient.updateRequest, incremental ? 1 : 0)
        .u16(0, 0, this.width, this.height)
        .done(),
    )
  }

  *#messages(): Steps {
    const init = yield* clientHandshake((bytes) => {
      this.#send(bytes)
    }, this.#options.password)
    this.#name = init.name
    this.#size(init.width, init.height)
    const wanted = [encodings.copyRect, encodings.raw, encodings.desktopSize]
    this.#send(writePixelFormat(new Packet().u8(fromClient.setPixelFormat, 0, 0, 0), rgba).done())
    this.#send(
      new Packet()
        .u8(fromClient.setEncodings, 0)
        .u16(wanted.length)
        .u32(...wanted)
        .done(),
    )
    this.#ask(false)
    for (;;) yield* this.#message()
  }

  *#message(): Steps {
    const [type] = yield* take(1)
    switch (type) {
      case fromServer.update:
        return yield* this.#update()
      case fromServer.colours:
        return yield* skipColours()
      case fromServer.bell:
        return
      case fromServer.cutText: {
        const length = u32(yield* take(7), 3)
        if (length > cutTextBytesAtMost) throw new Malformed(`a clipboard text of ${length} bytes`)
        return yield* skip(length)
      }
      default:
        throw new Malformed(`a message of type ${type}`)
    }
  }

  *#update(): Steps {
    const count = u16(yield* take(3), 1)
    const changed: Rect[] = []
    let sized = false
    for (let at = 0; at < count; at += 1) {
      const head = yield* take(12)
      const rect = { x: u16(head, 0), y: u16(head, 2), width: u16(head, 4), height: u16(head, 6) }
      const encoding = s32(head, 8)
      if (encoding === encodings.desktopSize) {
        this.#size(rect.width, rect.height)
        sized = true
        changed.length = 0
        continue
      }
      if (rect.x + rect.width > this.width || rect.y + rect.height > this.height) throw new Malformed('an area outside the picture')
      if (encoding === encodings.raw) yield* this.#raw(rect)
      else if (encoding === encodings.copyRect) this.#copy(rect, yield* take(4))
      else throw new Malformed(`encoding ${encoding}, which was not asked for`)
      if (rect.width > 0 && rect.height > 0) changed.push(rect)
    }
    this.#tell(changed, sized)
  }

  #tell(changed: readonly Rect[], sized: boolean): void {
    this.#waiting()
    if (sized) for (const listener of [...this.#sized]) listener()
    else for (const rect of changed) for (const listener of [...this.#damaged]) listener(rect)
    // After another size, what the server has of the picture is asked for anew.
    if (sized) this.#ask(false)
    else
      this.#waiting = this.#timers.after(this.#options.pauseMs ?? pauseMs, () => {
        this.#ask(true)
      })
    if (this.#isThere || sized) return
    this.#isThere = true
    this.#arrived()
  }

  #size(width: number, height: number): void {
    checkSize(width, height)
    if (width * height > areaAtMost) throw new Malformed(`a screen of ${width} × ${height}`)
    this.width = width
    this.height = height
    this.#pixels = Buffer.alloc(width * height * 4)
  }

  *#raw({ x, y, width, height }: Rect): Steps {
    // Rows lie apart in the picture; where they do not, or while they come in pieces, it is all the same.
    for (let row = 0; row < height; row += 1) {
      let to = ((y + row) * this.width + x) * 4
      yield* pass(width * 4, (bytes) => {
        this.#pixels.set(bytes, to)
        to += bytes.length
      })
    }
  }

  #copy({ x, y, width, height }: Rect, source: Uint8Array): void {
    const fromX = u16(source, 0)
    const fromY = u16(source, 2)
    if (fromX + width > this.width || fromY + height > this.height) throw new Malformed('a copy from outside')
    for (let step = 0; step < height; step += 1) {
      // Down or up, so that no row is overwritten before it was copied.
      const row = fromY < y ? height - 1 - step : step
      const from = ((fromY + row) * this.width + fromX) * 4
      this.#pixels.copyWithin(((y + row) * this.width + x) * 4, from, from + width * 4)
    }
  }
}
