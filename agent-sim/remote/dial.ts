import type { Agent as HttpAgent, IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { readJson } from '../../contract/answer.ts'
import { Problem } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { relayPath } from '../../contract/relay.ts'
import type { LinkDial } from '../../contract/sealed/interfaces.ts'
import type { Timers } from '../../contract/system.ts'
import { serviceAddress } from '../agent/service-address.ts'

/** The answer of a relay that refuses is read up to this, in bytes. */
const problemBytes = 8 * 1024

/**
 * Dials relays with `ws` (REM-7). `service`: where the relay is unless told otherwise; `agentTo` gives the agent that
 * leads to an address through the device's proxy and with its certificates. A relay that is not on this machine must be
 * https. Text must be UTF-8; a message is 16 MiB at most, control 1 KiB; more is a drop.
 */
export function relayDial(service: URL, agentTo: (url: URL) => HttpAgent, timers: Timers): LinkDial {
  return (relay, authorization, events) => {
    let url: URL
    try {
      url = relay === undefined ? new URL(relayPath, service) : relayAddress(relay)
    } catch {
      queueMicrotask(() => {
        events.closed({})
      })
      return nowhere
    }
    const socket = new WebSocket(url, {
      headers: { authorization },
      agent: agentTo(url),
      perMessageDeflate: false,
      handshakeTimeout: limits.agentRequestMs,
      maxPayload: limits.relayFrameBytes,
      // What it carries is ciphertext: a mask of zeros saves the work at both ends.
      generateMask: (mask) => {
        mask.fill(0)
      },
    })
    socket.binaryType = 'nodebuffer'
    let refusal: { status: number; problem?: string } | undefined
    socket.on('open', () => {
      events.open()
    })
    socket.on('message', (data, isBinary) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data
      if (isBinary) events.bytes(bytes)
      else if (bytes.length > limits.relayControlBytes) socket.terminate()
      else events.text(bytes.toString('utf8'))
    })
    socket.on('unexpected-response', (_request, answer) => {
      void problemIn(answer).then((problem) => {
        refusal = { status: answer.statusCode ?? 0, ...(problem === undefined ? {} : { problem }) }
        socket.terminate()
      })
    })
    // Always followed by the close.
    socket.on('error', () => undefined)
    socket.on('close', (code) => {
      events.closed(refusal ?? { code })
    })
    const sent = () => {
      if (socket.bufferedAmount === 0) events.drained()
    }
    const isOpen = () => socket.readyState === WebSocket.OPEN
    return {
      send: (bytes) => {
        if (isOpen()) socket.send(bytes, { binary: true }, sent)
      },
      sendText: (text) => {
        if (isOpen()) socket.send(text, sent)
      },
      get waiting() {
        return socket.bufferedAmount
      },
      pause: () => {
        socket.pause()
      },
      resume: () => {
        socket.resume()
      },
      close: (code) => {
        socket.resume()
        socket.once(
          'close',
          timers.after(limits.relayCloseMs, () => {
            socket.terminate()
          }),
        )
        socket.close(code)
      },
      drop: () => {
        socket.terminate()
      },
    }
  }
}

const nowhere = { send() {}, sendText() {}, waiting: 0, pause() {}, resume() {}, close() {}, drop() {} }

/** @throws ServiceAddressError where it is neither https nor on this machine. */
function relayAddress(relay: string): URL {
  const { origin } = serviceAddress(relay.replace(/^ws/u, 'http'))
  return new URL(relayPath, origin)
}

/** The code of the problem document that a relay refuses with. */
async function problemIn(answer: IncomingMessage): Promise<string | undefined> {
  answer.setTimeout(limits.agentRequestMs, () => answer.destroy())
  try {
    return Problem.safeParse(await readJson(answer, problemBytes)).data?.code
  } catch {
    return undefined
  }
}
