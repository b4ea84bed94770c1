import type { IncomingMessage } from 'node:http'
import WebSocket from 'ws'
import { readJson } from '../../contract/answer.ts'
import { type ErrorCode, Problem } from '../../contract/errors.ts'
import type { TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { tenantHeader } from '../../contract/policyApi.ts'
import { wayOut } from '../wayOut.ts'

/** What happens on a feed socket. `code` is the WebSocket's close code. */
export interface FeedHandlers {
  open(): void
  message(bytes: Uint8Array): void
  /**
   * Once, whatever ended it. Where the upgrade was refused, `status` is the HTTP status and `problem` the service's own
   * code: a proxy's refusal has none.
   */
  closed(end: { code: number; status?: number; problem?: ErrorCode }): void
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

/** Opens the feed of a service (`http…` root) over `ws`; text and binary frames are taken alike. `tenant`: a customer. */
export const feedOf =
  (service: string, tenant?: TenantId): OpenFeed =>
  (token, handlers) => {
    const socket = new WebSocket(`${service.replace(/^http/, 'ws').replace(/\/+$/, '')}/v1/feed`, {
      agent: wayOut(service),
      headers: { authorization: `Bearer ${token}`, ...(tenant === undefined ? {} : { [tenantHeader]: tenant }) },
      handshakeTimeout: limits.consoleRequestMs,
      maxPayload: limits.feedMessageBytes,
      perMessageDeflate: false,
      followRedirects: false,
    })
    let over = false
    let refused: { status?: number; problem?: ErrorCode } = {}
    const end = (code: number): void => {
      if (over) return
      over = true
      handlers.closed({ code, ...refused })
    }
    socket.on('open', () => {
      if (!over) handlers.open()
    })
    socket.on('message', (data: Buffer) => {
      // A copy of its own, which can move to the cache's thread.
      if (!over) handlers.message(Uint8Array.from(data))
    })
    socket.on('unexpected-response', (_request, response) => {
      void problemOf(response).then((problem) => {
        refused = {
          ...(response.statusCode === undefined ? {} : { status: response.statusCode }),
          ...(problem === undefined ? {} : { problem }),
        }
        socket.terminate()
        end(1006)
      })
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

const problemBytes = 64 * 1024

/** The service's own code in a refusal; undefined where somebody else answered, or not in time. */
async function problemOf(response: IncomingMessage): Promise<ErrorCode | undefined> {
  response.setTimeout(limits.consoleRequestMs, () => response.destroy())
  try {
    return Problem.parse(await readJson(response, problemBytes)).code
  } catch {
    return undefined
  }
}
