import { AgentToService, type ServiceToAgent } from '../../contract/agent.ts'
import type { Dial, SocketEvents } from '../agent/socket.ts'

/** One try of a connection, as a test sees it from the service's end. */
export interface FakeSocket {
  events: SocketEvents
  sent: AgentToService[]
  pings: number
  ended: 'close' | 'drop' | undefined
  /** The service says something. */
  say(message: ServiceToAgent): void
}

/** A dial without a network; every socket that was opened is in the list. */
/** The connection of the newest dial. Throws when nothing was dialled. */
export function newestOf(sockets: readonly FakeSocket[]): FakeSocket {
  const socket = sockets.at(-1)
  if (!socket) throw new Error('nothing was dialled')
  return socket
}

export function fakeDial(): { dial: Dial; sockets: FakeSocket[] } {
  const sockets: FakeSocket[] = []
  const dial: Dial = (_url, events) => {
    const socket: FakeSocket = {
      events,
      sent: [],
      pings: 0,
      ended: undefined,
      say: (message) => {
        events.message(JSON.stringify(message))
      },
    }
    sockets.push(socket)
    return {
      send: (text) => {
        socket.sent.push(AgentToService.parse(JSON.parse(text)))
      },
      ping: () => {
        socket.pings += 1
      },
      close: () => {
        socket.ended = 'close'
        return Promise.resolve()
      },
      drop: () => {
        socket.ended = 'drop'
      },
    }
  }
  return { dial, sockets }
}
