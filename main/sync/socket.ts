import WebSocket from 'ws'
import { limits } from '../../contract/limits.ts'

/** What happens on a feed socket. `code` is the WebSocket's close code. */
export interface FeedHandlers {
  open(): void
  message(bytes: Uint8Array): void
  /** Once, whatever ended it. `status`: the HTTP status where the service refused the upgrade. */
  closed(end: { code: number; status?: number }): void
}

export interface FeedSocket {
  send(text: string): void
  /** Reading stops (TCP back-pressure) until `resume`. */
  pause(): void
  resume(): void
  /** Ends it at once; `closed` is not called any more. */
  drop(): void
}

export type OpenFeed = (token: string, handlers: FeedHandlers) => FeedSocket

/** Opens the feed of a service (`http…` root) over `ws`; text and binary frames are taken alike. */
export const feedOf =
  (service: string): OpenFeed =>
  (token, handlers) => {
    const socket = new WebSocket(`${service.replace(/^http/, 'ws').replace(/\/+$/, '')}/v1/feed`, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: limits.consoleRequestMs,
      maxPayload: limits.feedMessageBytes,
      perMessageDeflate: false,
      followRedirects: false,
    })
    let over = false
    let status: number | undefined
    const end = (code: number): void => {
      if (over) return
      over = true
      handlers.closed({ code, ...(status === undefined ? {} : { status }) })
    }
    socket.on('open', () => {
      if (!over) handlers.open()
    })
    socket.on('message', (data: Buffer) => {
      // A copy of its own, which can move to the cache's thread.
      if (!over) handlers.message(Uint8Array.from(data))
    })
    socket.on('unexpected-response', (_request, response) => {
      status = response.statusCode
      response.destroy()
      socket.terminate()
      end(1006)
    })
    socket.on('close', end)
    socket.on('error', () => socket.terminate())
    return {
      send(text) {
        if (socket.readyState === WebSocket.OPEN) socket.send(text)
      },
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      drop() {
        over = true
        socket.terminate()
      },
    }
  }
