import type { Server } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import { relayPath, RelaySide, SideToRelay, type RelayToSide } from '../../contract/relay.ts'
import { someBytes } from '../../contract/testing/chance.ts'

interface Side {
  socket: WebSocket | undefined
  secret: string
  epoch: number
  /** What comes from it is thrown away until it has answered `back`. */
  restarting: boolean
}

interface Pair {
  operator?: Side
  device?: Side
}

/**
 * A relay for tests (docs/relay.md), as small as it can be: tickets are `SESSION.SIDE` and count as often as they come. It
 * forwards, pairs, resumes, and forgets sessions when told.
 */
export class TinyRelay {
  readonly #pairs = new Map<string, Pair>()
  /** All payload that passed, for tests that look for what must not be readable. */
  readonly passed: Buffer[] = []
  dials = 0

  /** Takes the relay's address on a server. */
  attach(server: Server): void {
    const sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== relayPath) return
      this.dials += 1
      const [kind = '', text = ''] = (request.headers.authorization ?? '').split(' ')
      const [session = '', name, secret = ''] = text.split('.')
      const side = RelaySide.safeParse(name).data
      const pair = this.#pairs.get(session) ?? {}
      const known = side && pair[side]
      if (!side || (kind === 'Resume' && known?.secret !== secret)) {
        socket.end('HTTP/1.1 410 Gone\r\n\r\n')
        return
      }
      this.#pairs.set(session, pair)
      sockets.handleUpgrade(request, socket, head, (opened) => {
        this.#join(session, pair, side, opened)
      })
    })
  }

  /** Ends a session, as a relay does that the service told to. */
  end(session: string): void {
    this.#end(session, { type: 'ended', reason: 'withdrawn' })
  }

  /** Cuts the connection of a side without a word. */
  drop(session: string, side: RelaySide): void {
    this.#pairs.get(session)?.[side]?.socket?.terminate()
  }

  /** As a relay that was killed: sessions and secrets are gone. */
  forget(): void {
    const pairs = [...this.#pairs.values()]
    this.#pairs.clear()
    for (const { operator, device } of pairs) for (const side of [operator, device]) side?.socket?.terminate()
  }

  #join(session: string, pair: Pair, side: RelaySide, socket: WebSocket): void {
    const other: RelaySide = side === 'operator' ? 'device' : 'operator'
    const was = pair[side]
    const mine: Side = { socket, secret: someBytes(32).toString('base64url'), epoch: 0, restarting: false }
    pair[side] = mine
    const peer = pair[other]
    say(socket, { type: 'open', secret: mine.secret, graceMs: 30_000, peer: !peer ? 'waiting' : peer.socket ? 'here' : 'dropped' })
    if (peer?.socket) {
      if (was) {
        peer.epoch += 1
        peer.restarting = true
        say(peer.socket, { type: 'back', epoch: peer.epoch })
      } else say(peer.socket, { type: 'joined' })
    }
    socket.on('error', () => undefined)
    socket.on('message', (data, isBinary) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data
      if (isBinary) {
        const to = pair[other]?.socket
        if (mine.restarting || !to) return
        this.passed.push(Buffer.from(bytes))
        to.send(bytes)
        return
      }
      const control = SideToRelay.parse(JSON.parse(bytes.toString('utf8')))
      if (control.type === 'restart' && control.epoch === mine.epoch) mine.restarting = false
      if (control.type === 'end') this.#end(session, { type: 'ended', reason: 'ended', by: side })
    })
    socket.on('close', (code) => {
      if (mine.socket !== socket || this.#pairs.get(session) !== pair) return
      mine.socket = undefined
      if (code === 1000) this.#end(session, { type: 'ended', reason: 'ended', by: side })
      else if (pair[other]?.socket) say(pair[other].socket, { type: 'dropped', graceMs: 30_000 })
    })
  }

  #end(session: string, message: RelayToSide): void {
    const pair = this.#pairs.get(session)
    if (!pair) return
    this.#pairs.delete(session)
    for (const { socket } of [pair.operator, pair.device].filter((side) => side !== undefined)) {
      if (!socket) continue
      say(socket, message)
      socket.close(1000)
    }
  }
}

function say(socket: WebSocket, message: RelayToSide): void {
  socket.send(JSON.stringify(message))
}
