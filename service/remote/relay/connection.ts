import type { Duplex } from 'node:stream'
import { limits } from '../../../contract/limits.ts'
import { relayCloseCodes, type RelayToSide, SideToRelay } from '../../../contract/relay.ts'
import type { Timers } from '../../../contract/system.ts'
import { closeFrame, type FrameHandler, FrameReader, type FrameRules, pingFrame, pongFrame, textFrame } from './frames.ts'

const rules: FrameRules = { masked: true, frameBytes: limits.relayFrameBytes, textBytes: limits.relayControlBytes }

/** What a connection tells the session that it belongs to. */
export interface ConnectionOwner {
  /** Where its waits come from. */
  readonly timers: Timers
  /** Before the bytes of a chunk are read, and after. */
  beginChunk(): void
  endChunk(from: Connection): void
  payload(from: Connection, chunk: Buffer, start: number, end: number): void
  control(from: Connection, message: SideToRelay): void
  /** Its peer may be read again: all that waited for this connection is sent. */
  drained(connection: Connection): void
  /** Anything came: the side lives, and has read what was sent before its answer. */
  heard(from: Connection): void
  /** It broke the protocol, and is being closed. */
  broken(from: Connection): void
  /** It is gone, or going: `clean` where the side closed with code 1000. Told once, and not after `close`. */
  gone(from: Connection, clean: boolean): void
}

/** One WebSocket of a side, on its raw socket. Its listeners are shared by all connections, so that an idle one is small. */
export class Connection implements FrameHandler {
  readonly #socket: Duplex
  readonly #owner: ConnectionOwner
  readonly #reader: FrameReader
  #over = false

  constructor(socket: Duplex, owner: ConnectionOwner) {
    this.#socket = socket
    this.#owner = owner
    this.#reader = new FrameReader(this, rules)
    connections.set(socket, this)
    socket.on('data', onData)
    socket.on('drain', onDrain)
    socket.on('end', onGone)
    socket.on('close', onGone)
  }

  /** Where payload for this side is written. */
  get target(): Duplex {
    return this.#socket
  }

  /** Bytes that wait because the side does not read. */
  get waiting(): number {
    return this.#socket.writableLength
  }

  get isOver(): boolean {
    return this.#over
  }

  get isPaused(): boolean {
    return this.#socket.isPaused()
  }

  pause(): void {
    if (!this.#over) this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  say(message: RelayToSide): void {
    if (!this.#over) this.#socket.write(textFrame(JSON.stringify(message)))
  }

  sendPing(): void {
    if (!this.#over && this.waiting < limits.relayBufferedBytes) this.#socket.write(pingFrame())
  }

  /** Says last words and closes; what the side still sends is thrown away. */
  close(code: number, reason: string, last?: RelayToSide): void {
    if (this.#over) return
    if (last) this.say(last)
    this.#finish()
    this.#socket.end(closeFrame(code, reason))
    // A side that was not read must be, or its end is not seen.
    this.#socket.resume()
    this.#socket.once(
      'close',
      this.#owner.timers.after(limits.relayCloseMs, () => this.#socket.destroy()),
    )
  }

  /** Cuts it without a word. */
  cut(): void {
    this.#finish()
    this.#socket.destroy()
  }

  #finish(): void {
    this.#over = true
    this.#reader.stop()
  }

  /** For the listeners. */
  receive(chunk: Buffer): void {
    if (this.#over) return
    this.#owner.heard(this)
    this.#owner.beginChunk()
    this.#reader.read(chunk)
    this.#owner.endChunk(this)
  }

  drained(): void {
    this.#owner.drained(this)
  }

  ended(): void {
    if (this.#over) {
      this.#socket.end()
      return
    }
    this.cut()
    this.#owner.gone(this, false)
  }

  /** For the reader. */
  payload(chunk: Buffer, from: number, to: number): void {
    this.#owner.payload(this, chunk, from, to)
  }

  text(text: string): void {
    const message = readControl(text)
    if (message) this.#owner.control(this, message)
    else this.failed(relayCloseCodes.refused, 'not a control message')
  }

  ping(data: Buffer): void {
    // Who does not read has no use for an answer.
    if (this.waiting < limits.relayBufferedBytes) this.#socket.write(pongFrame(data))
  }

  pong(): void {
    // That it was heard is known already.
  }

  closed(code: number | undefined): void {
    const clean = code === relayCloseCodes.normal
    if (!clean) this.close(code ?? relayCloseCodes.normal, '')
    this.#owner.gone(this, clean)
  }

  failed(code: number, reason: string): void {
    this.close(code, reason, { type: 'ended', reason: 'protocol' })
    this.#owner.broken(this)
  }
}

function readControl(text: string): SideToRelay | undefined {
  try {
    return SideToRelay.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const connections = new WeakMap<object, Connection>()

function onData(this: Duplex, chunk: Buffer): void {
  connections.get(this)?.receive(chunk)
}

function onDrain(this: Duplex): void {
  connections.get(this)?.drained()
}

function onGone(this: Duplex): void {
  connections.get(this)?.ended()
}
