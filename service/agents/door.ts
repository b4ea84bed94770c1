import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { addressOf } from '../ground/http/address.ts'
import { refuse } from '../ground/http/upgrades.ts'
import type { AgentDeps } from './deps.ts'
import { type AgentSession, AgentSocket } from './session.ts'
import { Strangers } from './strangers.ts'

type Deps = Pick<AgentDeps, 'config' | 'turnedAway' | 'clock'>

/** Where agents' sockets come in: so many of an address at a time, until each has said whose it is. */
export class Door {
  readonly #deps: Deps
  readonly #strangers: Strangers
  readonly #sockets: InstanceType<typeof WebSocketServer<typeof AgentSocket>>
  #shut = false

  constructor(deps: Deps) {
    this.#deps = deps
    this.#strangers = new Strangers(deps.clock)
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: limits.agentMessageBytes,
      perMessageDeflate: false,
      WebSocket: AgentSocket,
    })
  }

  /** An upgrade. One that may be becomes a session by `enter`, with the address that it came from. */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    enter: (accepted: AgentSocket, address: string | undefined) => void,
  ): void {
    const address = addressOf(request, this.#deps.config.behindProxy)
    try {
      if (this.#shut) throw new RoomkeeperError('service.unavailable')
      if (address !== undefined) this.#strangers.come(address)
    } catch (error) {
      if (!(error instanceof RoomkeeperError)) throw error
      this.#deps.turnedAway.note(error, 'agent')
      refuse(socket, error)
      return
    }
    // One whose handshake fails is gone before it has a session.
    const failed = () => address !== undefined && this.#strangers.leave(address)
    socket.once('close', failed)
    this.#sockets.handleUpgrade(request, socket, head, (accepted) => {
      socket.off('close', failed)
      enter(accepted, address)
    })
  }

  /** It counts as one of its device from here on, or is gone. */
  known(session: AgentSession): void {
    const { strangerFrom } = session
    session.strangerFrom = undefined
    if (strangerFrom !== undefined) this.#strangers.leave(strangerFrom)
  }

  /** Nobody comes in any more. */
  shut(): void {
    this.#shut = true
  }

  close(): void {
    this.#sockets.close()
  }
}
