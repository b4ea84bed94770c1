import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { readJson } from '../../contract/answer.ts'
import { Problem } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { relayPath } from '../../contract/relay.ts'
import type { LinkDial, LinkSocket } from '../../contract/sealed/interfaces.ts'
import type { Timers } from '../../contract/system.ts'
import { wayOut } from '../wayOut.ts'

/** The answer of a relay that refuses is read up to this, in bytes. */
const problemBytes = 8 * 1024

/**
 * Dials relays (REM-7), with the same trust as everything else here: at the service's own address, or where a ticket says; that
 * must be https or on this machine. One message is 16 MiB at most, and control 1 KiB; more is a drop.
 */
export function relayDial(service: string, timers: Timers): LinkDial {
  return (relay, authorization, events) => {
    const url = relayAddress(relay, service)
    if (url === undefined) {
      queueMicrotask(() => events.closed({}))
      return nowhere
    }
    const socket = new WebSocket(url, {
      agent: wayOut(url),
      headers: { authorization },
      perMessageDeflate: false,
      followRedirects: false,
      handshakeTimeout: limits.consoleRequestMs,
      maxPayload: limits.relayFrameBytes,
      // What it carries is ciphertext: a mask of zeros saves the work at both ends.
      generateMask: (mask) => mask.fill(0),
    })
    socket.binaryType = 'nodebuffer'
    let refusal: { status?: number; problem?: string } | undefined
    let over = false
    const closed = (code: number): void => {
      if (over) return
      over = true
      events.closed(refusal ?? { code })
    }
    socket.on('open', () => events.open())
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) events.bytes(data)
      else if (data.byteLength > limits.relayControlBytes) socket.terminate()
      else events.text(data.toString('utf8'))
    })
    socket.on('unexpected-response', (_request, answer) => {
      void problemIn(answer).then((problem) => {
        refusal = {
          ...(answer.statusCode === undefined ? {} : { status: answer.statusCode }),
          ...(problem === undefined ? {} : { problem }),
        }
        socket.terminate()
        closed(1006)
      })
    })
    // The close follows.
    socket.on('error', () => socket.terminate())
    socket.on('close', closed)
    return linkSocket(socket, timers, () => events.drained())
  }
}

function linkSocket(socket: WebSocket, timers: Timers, drained: () => void): LinkSocket {
  const sent = (): void => {
    if (socket.bufferedAmount === 0) drained()
  }
  const isOpen = (): boolean => socket.readyState === WebSocket.OPEN
  return {
    send(bytes) {
      if (isOpen()) socket.send(bytes, { binary: true }, sent)
    },
    sendText(text) {
      if (isOpen()) socket.send(text, sent)
    },
    get waiting() {
      return socket.bufferedAmount
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close(code) {
      socket.resume()
      socket.once(
        'close',
        timers.after(limits.relayCloseMs, () => socket.terminate()),
      )
      socket.close(code)
    },
    drop: () => socket.terminate(),
  }
}

const nothing = (): void => undefined
const nowhere: LinkSocket = { send: nothing, sendText: nothing, waiting: 0, pause: nothing, resume: nothing, close: nothing, drop: nothing }

const loopback = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** Where to dial; undefined: what a ticket says is nothing that may be dialled. */
function relayAddress(relay: string | undefined, service: string): URL | undefined {
  const named = relay ?? service
  if (!URL.canParse(named)) return undefined
  const { protocol, host, hostname, username, password } = new URL(named)
  const isSecure = protocol === 'https:' || protocol === 'wss:'
  if (username !== '' || password !== '' || !(isSecure || protocol === 'http:' || protocol === 'ws:')) return undefined
  // The service's own address is the operator's choice; one that a ticket names is not.
  if (relay !== undefined && !isSecure && !loopback.has(hostname)) return undefined
  return new URL(`${isSecure ? 'wss' : 'ws'}://${host}${relayPath}`)
}

/** The code of the problem document that a relay refuses with; undefined where somebody else answered, or not in time. */
async function problemIn(answer: IncomingMessage): Promise<string | undefined> {
  answer.setTimeout(limits.consoleRequestMs, () => answer.destroy())
  try {
    return Problem.safeParse(await readJson(answer, problemBytes)).data?.code
  } catch {
    return undefined
  }
}
