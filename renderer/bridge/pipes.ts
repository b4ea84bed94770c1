import type { BridgePipe, BridgeRequest } from '../../contract/bridge.ts'
import { alone, packBytes, unpackBytes } from '../../contract/byteStream.ts'
import { limits } from '../../contract/limits.ts'
import { protocolsOf, Renewed, signedOutClose } from '../../contract/tab.ts'
import { forgetTabSecret, keepTabSecret, tabSecret, takeTokenFromAddress } from './tab.ts'

/** A pipe that says when it is open: a message sent before is lost. */
export interface StatefulPipe extends BridgePipe {
  /** Tells the present state at once and every change of it. Returns its undo. */
  onOpen(listener: (open: boolean) => void): () => void
}

/** The longest pause before the next try: the host is on this machine, so trying costs nothing. */
const longestPauseMs = 3_000

/** The preload's pipe, which is open as long as the window is. */
export function electronPipe(pipe: BridgePipe): StatefulPipe {
  return {
    send: (message) => pipe.send(message.type === 'bytes' ? { ...message, bytes: alone(message.bytes) } : message),
    onMessage: (listener) => pipe.onMessage(listener),
    onOpen(listener) {
      listener(true)
      return () => undefined
    },
  }
}

/**
 * A WebSocket that is opened again whenever it closes, after a pause that doubles up to three seconds. A tab without a
 * secret opens none.
 */
export function socketPipe(address: URL, Socket: typeof WebSocket = WebSocket): StatefulPipe {
  const messages = new Set<(message: unknown) => void>()
  const states = new Set<(open: boolean) => void>()
  let socket: WebSocket | undefined
  let open = false
  let pause: number = limits.retryFirstMs

  const becomes = (next: boolean): void => {
    if (next === open) return
    open = next
    for (const listener of states) listener(open)
  }

  const connect = (): void => {
    const secret = tabSecret()
    if (secret === undefined) return
    socket = new Socket(address, protocolsOf(secret))
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      pause = limits.retryFirstMs
      becomes(true)
    })
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      const message = decode(event.data)
      const renewed = typeof event.data === 'string' ? Renewed.safeParse(message) : undefined
      if (renewed?.success) return keepTabSecret(renewed.data.secret)
      for (const listener of messages) listener(message)
    })
    socket.addEventListener('close', ({ code }) => {
      becomes(false)
      if (code === signedOutClose) {
        forgetTabSecret()
        // What this tab shows is of somebody who is not signed in any more.
        return location.reload()
      }
      setTimeout(connect, pause)
      pause = Math.min(pause * 2, longestPauseMs)
    })
  }
  connect()

  return {
    send(message: BridgeRequest) {
      if (open) socket?.send(message.type === 'bytes' ? packBytes(message.id, message.bytes) : JSON.stringify(message))
    },
    onMessage(listener) {
      messages.add(listener)
      return () => messages.delete(listener)
    },
    onOpen(listener) {
      states.add(listener)
      listener(open)
      return () => states.delete(listener)
    },
  }
}

function decode(data: unknown): unknown {
  if (data instanceof ArrayBuffer) return unpackBytes(new Uint8Array(data))
  if (typeof data !== 'string') return undefined
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

/** The pipe of the host that this page runs in. */
export async function openPipe(): Promise<StatefulPipe> {
  if (window.roomkeeper) return electronPipe(window.roomkeeper)
  await takeTokenFromAddress()
  const address = new URL('/bridge', location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  return socketPipe(address)
}
