import type { RawData, WebSocket } from 'ws'
import { z } from 'zod'
import { packBytes, unpackBytes } from '../../../contract/byteStream.ts'
import type { Timers } from '../../../contract/system.ts'
import { every } from '../../../contract/timing.ts'
import type { BridgeServer } from '../../core.ts'
import type { Log } from '../../log.ts'

/** How often a window is asked whether it is still there. Two silences: it is not. */
const usualBeatMs = 30_000

const SignOut = z.object({ type: z.literal('call'), name: z.literal('session.signOut') })

export interface SocketOptions {
  log: Log
  timers: Timers
  beatMs?: number
  /** Called before a window's wish to sign out is handed on. */
  onSignOut: () => void
}

/** Serves one window over its socket until that closes. What is neither JSON text nor bytes of a stream ends it with 1007. */
export function serveSocket(socket: WebSocket, bridge: BridgeServer, options: SocketOptions): void {
  const { log, timers, beatMs = usualBeatMs, onSignOut } = options
  let alive = true
  const rest = every(timers, beatMs, () => {
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
  })
  socket.on('pong', () => (alive = true))
  socket.on('error', (error) => log.warn({ code: 'code' in error ? error.code : error.name }, 'a window sent what it must not'))

  const undo = bridge.serve({
    send: (message) => {
      if (socket.readyState === socket.OPEN)
        socket.send(message.type === 'bytes' ? packBytes(message.id, message.bytes) : JSON.stringify(message))
    },
    onMessage: (listener) => {
      const take = (data: RawData, binary: boolean): void => {
        const message = binary ? unpack(data) : parse(data)
        if (message === undefined) return socket.close(1007)
        if (!binary && SignOut.safeParse(message).success) onSignOut()
        listener(message)
      }
      socket.on('message', take)
      return () => void socket.off('message', take)
    },
    waiting: () => socket.bufferedAmount,
  })
  socket.once('close', () => {
    rest()
    undo()
  })
}

function parse(data: RawData): unknown {
  try {
    return JSON.parse(data.toString())
  } catch {
    return undefined
  }
}

function unpack(data: RawData): unknown {
  return data instanceof Buffer ? unpackBytes(data) : undefined
}
