import type { Agent as HttpAgent } from 'node:http'
import { WebSocket, type RawData } from 'ws'
import { limits } from '../../contract/limits.ts'
import type { Timers } from '../../contract/system.ts'

/** One try of a connection, as the agent uses it. */
export interface Socket {
  send(text: string): void
  /** Asks the other end for a sign of life. */
  ping(): void
  /** Closes in good order, once all that was sent has left; resolves when that is done, or was given up. */
  close(): Promise<void>
  /** Ends at once, as a lost network does. */
  drop(): void
}

/** What a socket tells. After `closed` nothing more comes. */
export interface SocketEvents {
  open(): void
  message(text: string): void
  /** The other end answered a ping. */
  alive(): void
  closed(reason: string): void
}

/** How long the other end may take to close, in ms; then the socket is dropped. */
const closeMs = 2_000

/** What somebody answers who knows no upgrade, or has heard no word of one. */
const noUpgrade: ReadonlySet<number> = new Set([200, 204, 400, 403, 404, 405, 411, 426, 501])

export type Dial = (url: string, events: SocketEvents) => Socket

/** Opens WebSockets with `ws`; `agent` leads them through a proxy or trusts a deployment's own certificate. */
export function webSocketDial(timers: Timers, agent?: HttpAgent): Dial {
  return (url, events) => {
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      handshakeTimeout: limits.agentRequestMs,
      maxPayload: limits.agentMessageBytes,
      ...(agent ? { agent } : {}),
    })
    let problem = ''
    socket.on('open', () => {
      events.open()
    })
    socket.on('message', (data: RawData, isBinary) => {
      if (isBinary) socket.close(1003)
      else events.message(rawText(data))
    })
    socket.on('pong', () => {
      events.alive()
    })
    socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
      problem = noUpgrade.has(statusCode)
        ? `the answer to a WebSocket is ${statusCode}: something on the way, such as a proxy, lets none through`
        : `the answer to a WebSocket is ${statusCode}`
      socket.terminate()
    })
    // An error is always followed by the close; it only says why.
    socket.on('error', (error) => {
      problem ||= error.message
    })
    socket.on('close', (code, reason) => {
      events.closed(problem || reason.toString() || `closed (${code})`)
    })
    return {
      send: (text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text)
      },
      ping: () => {
        if (socket.readyState === WebSocket.OPEN) socket.ping()
      },
      close: () =>
        new Promise((done) => {
          if (socket.readyState === WebSocket.CLOSED) {
            done()
            return
          }
          const undo = timers.after(closeMs, () => {
            socket.terminate()
          })
          socket.once('close', () => {
            undo()
            done()
          })
          socket.close(1000)
        }),
      drop: () => {
        socket.terminate()
      },
    }
  }
}

function rawText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return data instanceof ArrayBuffer ? Buffer.from(data).toString('utf8') : data.toString('utf8')
}
