import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { relayPath } from '../../../contract/relay.ts'
import type { LinkDial, LinkOptions, LinkSocket, LinkState } from '../../../contract/sealed/interfaces.ts'
import { SealedLink } from '../../../contract/sealed/link.ts'
import type { Timers } from '../../../contract/system.ts'
import { chance } from '../../../contract/testing/chance.ts'

const Coded = z.object({ code: z.string() })

const timers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Zeros: what is sent is ciphertext already. */
const noMask = (mask: Buffer): void => {
  mask.fill(0)
}

/** For tests: an end of a sealed session over `ws`, which keeps what came. */
export class TestEnd {
  readonly link: SealedLink
  readonly states: LinkState[] = []
  readonly frames: { channel: number; bytes: Uint8Array }[] = []
  /** Payload that came, in bytes. */
  bytes = 0
  /** Sockets that were opened, and tickets asked for. */
  dialled = 0
  asked = 0
  url: string
  #socket: WebSocket | undefined
  #changed: (() => void)[] = []
  onFrame: (channel: number, bytes: Uint8Array) => void = (channel, bytes) => this.frames.push({ channel, bytes })
  onRoom: () => void = () => {}

  constructor(url: string, options: Pick<LinkOptions, 'side' | 'keys'> & { ticket: string; freshTicket?: () => Promise<string> }) {
    this.url = url
    this.link = new SealedLink({
      side: options.side,
      keys: options.keys,
      dial: this.#dial,
      first: { ticket: options.ticket },
      freshTicket: async () => {
        this.asked += 1
        if (!options.freshTicket) throw new Error('no fresh ticket was expected')
        return { ticket: await options.freshTicket() }
      },
      timers,
      now: () => Date.now(),
      random: chance('end', options.side),
      onFrame: (channel, bytes) => {
        this.bytes += bytes.length
        this.onFrame(channel, bytes)
        this.#tell()
      },
      onState: (state) => {
        this.states.push(state)
        this.#tell()
      },
      onRoom: () => this.onRoom(),
    })
  }

  /** As a lost network would. */
  cut(): void {
    this.#socket?.terminate()
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#changed.push(resolve))
  }

  untilState = (state: LinkState['state']): Promise<void> => this.until(() => this.link.state.state === state)

  /** Sends as fast as the link takes it. */
  async flood(channel: number, pieces: Iterable<Uint8Array>): Promise<void> {
    for (const piece of pieces) {
      if (this.link.state.state === 'ended') return
      if (this.link.send(channel, piece)) continue
      await new Promise<void>((resolve) => {
        this.onRoom = resolve
      })
    }
  }

  #tell(): void {
    for (const run of this.#changed.splice(0)) run()
  }

  readonly #dial: LinkDial = (_relay, authorization, events): LinkSocket => {
    this.dialled += 1
    const address = new URL(relayPath, this.url.replace(/^http/, 'ws'))
    const socket = new WebSocket(address, { headers: { authorization }, perMessageDeflate: false, generateMask: noMask, maxPayload: 0 })
    this.#socket = socket
    let refusal: { status: number; problem?: string } | undefined
    socket.on('open', () => events.open())
    socket.on('message', (data, isBinary) => {
      if (!Buffer.isBuffer(data)) throw new TypeError('not a buffer')
      if (isBinary) events.bytes(data)
      else events.text(data.toString())
    })
    socket.on('error', () => {})
    socket.on('unexpected-response', (request, response) => {
      text(response)
        .then((body) => {
          refusal = { status: response.statusCode ?? 0, problem: Coded.parse(JSON.parse(body)).code }
        })
        .finally(() => {
          request.destroy()
          socket.terminate()
        })
        .catch(() => {})
    })
    socket.on('close', (code) => events.closed(refusal ?? { code }))
    return {
      send: (bytes) =>
        socket.send(bytes, () => {
          if (socket.bufferedAmount === 0) events.drained()
        }),
      sendText: (said) => socket.send(said),
      get waiting() {
        return socket.bufferedAmount
      },
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: (code) => socket.close(code),
      drop: () => socket.terminate(),
    }
  }
}
