import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { relayAuthorization, relayPath, RelayToSide, type RelaySide, type SideToRelay } from '../../../contract/relay.ts'
import { someBytes } from '../../../contract/testing/chance.ts'
import { closeFrame, type FrameHandler, FrameReader, masked, payloadFrame, pongFrame, textFrame } from '../../remote/relay/frames.ts'

/** What a refused upgrade was answered. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super(`refused: ${status} ${code}`)
    this.status = status
    this.code = code
  }
}

const Coded = z.object({ code: z.string() })

/** For tests: one side of a session, frame by frame. */
export class TestSide implements FrameHandler {
  readonly socket: Socket
  readonly #reader = new FrameReader(this, { masked: false, frameBytes: 2 ** 40, textBytes: 10_000 })
  readonly #payload: Buffer[] = []
  readonly #control: RelayToSide[] = []
  #bytes = 0
  #changed: (() => void)[] = []
  /** The code that the relay closed with; 1006 where it went without one. */
  closeCode: number | undefined
  /** The newest secret. */
  secret = ''

  private constructor(socket: Socket, head: Buffer) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#reader.read(chunk)
      this.#tell()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closeCode ??= 1006
      this.#tell()
    })
    if (head.length > 0) this.#reader.read(head)
  }

  /** @throws Refused */
  static async connect(url: string, authorization: string, headers: Record<string, string> = {}): Promise<TestSide> {
    const asked = request(new URL(relayPath, url), {
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': someBytes(16).toString('base64'),
        authorization,
        ...headers,
      },
    })
    return new Promise((resolve, reject) => {
      asked.on('error', reject)
      asked.on('upgrade', (_: IncomingMessage, socket: Socket, head: Buffer) => resolve(new TestSide(socket, head)))
      asked.on('response', (answer: IncomingMessage) => {
        text(answer).then((body) => reject(new Refused(answer.statusCode ?? 0, Coded.parse(JSON.parse(body)).code)), reject)
      })
      asked.end()
    })
  }

  static ticket = (url: string, ticket: string): Promise<TestSide> => TestSide.connect(url, `${relayAuthorization.ticket} ${ticket}`)

  static resume = (url: string, session: string, side: RelaySide, secret: string): Promise<TestSide> =>
    TestSide.connect(url, `${relayAuthorization.resume} ${session}.${side}.${secret}`)

  /** The next control message that was not asked for yet. */
  async control(): Promise<RelayToSide> {
    await this.#until(() => this.#control.length > 0 || this.closeCode !== undefined)
    const message = this.#control.shift()
    if (!message) throw new Error(`closed with ${this.closeCode ?? 0}, and nothing said`)
    return message
  }

  /** The next `count` bytes of payload. */
  async bytes(count: number): Promise<Buffer> {
    await this.#until(() => this.#bytes >= count || this.closeCode !== undefined)
    const all = Buffer.concat(this.#payload.splice(0))
    if (all.length > count) this.#payload.push(all.subarray(count))
    this.#bytes = Math.max(0, all.length - count)
    return all.subarray(0, count)
  }

  /** Bytes of payload that have come and were not asked for. */
  get unread(): number {
    return this.#bytes
  }

  async whenClosed(): Promise<number> {
    await this.#until(() => this.closeCode !== undefined)
    return this.closeCode ?? 0
  }

  send(data: Buffer, mask = 0x12345678): boolean {
    return this.socket.write(masked(payloadFrame(data), mask))
  }

  say(message: SideToRelay): void {
    this.socket.write(masked(textFrame(JSON.stringify(message)), 1))
  }

  close(code: number): void {
    this.socket.write(masked(closeFrame(code, ''), 1))
  }

  /** As a crash or a lost network would. */
  async drop(): Promise<void> {
    if (this.socket.destroyed) return
    const closed = once(this.socket, 'close')
    this.socket.destroy()
    await closed
  }

  payload(chunk: Buffer, from: number, to: number): void {
    this.#payload.push(chunk.subarray(from, to))
    this.#bytes += to - from
  }

  text(said: string): void {
    const message = RelayToSide.parse(JSON.parse(said))
    if (message.type === 'open') this.secret = message.secret
    this.#control.push(message)
  }

  ping(data: Buffer): void {
    this.socket.write(masked(pongFrame(data), 1))
  }

  pong(): void {}

  closed(code: number | undefined): void {
    this.closeCode = code ?? 1005
    this.socket.end(masked(closeFrame(1000, ''), 1))
  }

  failed(code: number, reason: string): void {
    throw new Error(`the relay sent a frame that is wrong: ${code} ${reason}`)
  }

  #tell(): void {
    for (const waiting of this.#changed.splice(0)) waiting()
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#changed.push(resolve))
  }
}
