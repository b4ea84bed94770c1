import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { v7 } from 'uuid'
import { DeviceId, SessionId } from '../../contract/ids.ts'
import { RelayId, relayPath, type RelaySide } from '../../contract/relay.ts'
import { type FrameHandler, FrameReader, masked, payloadFrame } from '../../service/remote/relay/frames.ts'
import { signTicket, ticketAuthorization } from '../../service/remote/relay/tickets.ts'
import type { Candidate } from './job.ts'

/**
 * Sides that cost as little as they can, so that what is measured is what lies between them: no messages, no
 * allocation for what is read, what is sent made beforehand.
 */
export interface Side {
  readonly socket: Socket
  /** Told of payload; the bytes are good until it returns. */
  onPayload: (bytes: Buffer, from: number, to: number) => void
}

/** Shared by all sides of the process: what is read is looked at before the next read. */
const readInto = Buffer.allocUnsafeSlow(256 * 1024)

const nothing = (): void => {}

/** One side; resolves when its peer is there too. */
function openSide(candidate: Candidate, name: string, authorization: string): Promise<Side> {
  const { hostname, port } = new URL(candidate.url)
  return new Promise((resolve, reject) => {
    let phase: 'handshake' | 'waiting' | 'open' = candidate.kind === 'pipe' ? 'waiting' : 'handshake'
    let head = ''
    const opened = (): void => {
      phase = 'open'
      resolve(side)
    }
    const handler: FrameHandler = {
      payload: (bytes, from, to) => side.onPayload(bytes, from, to),
      text: (text) => {
        if (phase === 'waiting' && (text === 'k' || text.includes('"here"') || text.includes('"joined"'))) opened()
      },
      ping: nothing,
      pong: nothing,
      closed: () => reject(new Error('closed')),
      failed: (_, reason) => reject(new Error(reason)),
    }
    const reader = new FrameReader(handler, { masked: false, frameBytes: 2 ** 40, textBytes: 10_000 })
    const read = (length: number, buffer: Uint8Array): boolean => {
      const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length)
      if (phase === 'handshake') {
        head += bytes.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end === -1) return true
        if (!head.startsWith('HTTP/1.1 101')) reject(new Error(head))
        phase = 'waiting'
        reader.read(Buffer.from(head.slice(end + 4), 'latin1'))
      } else if (candidate.kind !== 'pipe') {
        reader.read(bytes)
      } else if (phase === 'waiting') {
        opened()
        if (length > 1) side.onPayload(bytes, 1, length)
      } else {
        side.onPayload(bytes, 0, length)
      }
      return true
    }
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer: readInto, callback: read } })
    const side: Side = { socket, onPayload: nothing }
    socket.once('error', reject)
    socket.once('connect', () => {
      if (candidate.kind === 'pipe') socket.write(name)
      else {
        const path = candidate.kind === 'relay' ? relayPath : `/${name}`
        const lines = [
          `GET ${path} HTTP/1.1`,
          `Host: ${hostname}`,
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
        ]
        socket.write(
          [...lines, `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, `Authorization: ${authorization}`, '', ''].join('\r\n'),
        )
      }
    })
  })
}

export type Pair = Readonly<Record<RelaySide, Side>>

async function openPair(candidate: Candidate, index: number): Promise<Pair> {
  const name = String(index).padStart(8, '0')
  const bound = {
    aud: RelayId.parse(candidate.id),
    sid: SessionId.parse(v7()),
    device: DeviceId.parse(v7()),
    lifeMs: 30_000,
    idleMs: 600_000,
    maximumMs: 600_000,
  }
  const authorization = async (side: RelaySide): Promise<string> =>
    candidate.kind === 'relay' ? ticketAuthorization(await signTicket(candidate.key, { ...bound, side, jti: v7() }, Date.now())) : ''
  const first = openSide(candidate, name, await authorization('device'))
  const second = openSide(candidate, name, await authorization('operator'))
  const [device, operator] = await Promise.all([first, second])
  return { device, operator }
}

const openTogether = 20

/** Opens so many pairs, a few at a time. */
export async function openPairs(candidate: Candidate, count: number): Promise<Pair[]> {
  const pairs: Pair[] = []
  while (pairs.length < count) {
    const more = Math.min(openTogether, count - pairs.length)
    pairs.push(...(await Promise.all(Array.from({ length: more }, (_, index) => openPair(candidate, pairs.length + index)))))
  }
  return pairs
}

/** Frames of `size` bytes, `count` of them in one piece; for the pipe, as many bytes without frames. */
export function block(candidate: Candidate, size: number, count: number, mask: number): Buffer {
  const data = randomBytes(size)
  return Buffer.concat(Array.from({ length: count }, () => (candidate.kind === 'pipe' ? data : masked(payloadFrame(data), mask))))
}
