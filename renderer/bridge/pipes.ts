import type { BridgePipe, BridgeRequest } from '../../contract/bridge.ts'
import { alone, packBytes, unpackBytes } from '../../contract/byteStream.ts'
import { limits } from '../../contract/limits.ts'

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

/** A WebSocket that is opened again whenever it closes, after a pause that doubles up to three seconds. */
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
    socket = new Socket(address)
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      pause = limits.retryFirstMs
      becomes(true)
    })
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      const message = decode(event.data)
      for (const listener of messages) listener(message)
    })
    socket.addEventListener('close', () => {
      becomes(false)
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

const tokenIn = (address: string): string | null => new URLSearchParams(new URL(address).hash.slice(1)).get('token')

/** The browser host's way in: a link's token becomes a cookie. */
async function enter(token: string): Promise<void> {
  try {
    await fetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      credentials: 'same-origin',
    })
  } catch {
    // The socket is refused without the cookie, and the screen says how to come in again.
  }
}

/**
 * Takes the one-time token out of the address, so that it is neither copied nor kept in the history. A link that is
 * opened in a tab which shows the console already changes only the fragment: the page is loaded anew then.
 */
async function takeTokenFromAddress(): Promise<void> {
  window.addEventListener('hashchange', (event) => {
    const later = tokenIn(event.newURL)
    if (later === null) return
    history.replaceState(null, '', `${location.pathname}${location.search}`)
    void enter(later).then(() => location.reload())
  })
  const token = tokenIn(location.href)
  if (token === null) return
  history.replaceState(null, '', `${location.pathname}${location.search}`)
  await enter(token)
}

/** The pipe of the host that this page runs in. */
export async function openPipe(): Promise<StatefulPipe> {
  if (window.roomkeeper) return electronPipe(window.roomkeeper)
  await takeTokenFromAddress()
  const address = new URL('/bridge', location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  return socketPipe(address)
}
