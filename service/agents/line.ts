import type { AgentToService, ServiceToAgent } from '../../contract/agent.ts'
import type { DeviceId } from '../../contract/ids.ts'
import type { DeviceIdentity } from './session.ts'

/** What an agent says of remote sessions, and what it is told of them. */
export type SessionWord = Extract<AgentToService, { type: 'sessionAccepted' | 'sessionRefused' | 'sessionTicketWanted' | 'sessionEnded' }>
export type SessionOrder = Extract<ServiceToAgent, { type: 'session' | 'sessionTicket' | 'sessionEnd' }>

/** The agents' sockets, as the line uses them. */
export interface LineEnd {
  /** When the agent of this device was last heard (UTC ms); undefined: it is not connected. */
  heardAt(device: DeviceId): number | undefined
  /** False where the agent is not connected. */
  order(device: DeviceId, order: SessionOrder): boolean
}

/** Told what agents say of remote sessions, and that they come and go. */
export interface LineListener {
  said(from: DeviceIdentity, word: SessionWord): void
  came(device: DeviceIdentity): void
  /** `heardAt`: the last sign of life (UTC ms). */
  went(device: DeviceIdentity, heardAt: number): void
}

/** Between remote sessions and the agents that are connected; both ends attach themselves. */
export class DeviceLine {
  #hub: LineEnd | undefined
  #listener: LineListener | undefined

  attach(hub: LineEnd): void {
    this.#hub = hub
  }

  listen(listener: LineListener): void {
    this.#listener = listener
  }

  isConnected(device: DeviceId): boolean {
    return this.heardAt(device) !== undefined
  }

  heardAt(device: DeviceId): number | undefined {
    return this.#hub?.heardAt(device)
  }

  order(device: DeviceId, order: SessionOrder): boolean {
    return this.#hub?.order(device, order) ?? false
  }

  said(from: DeviceIdentity, word: SessionWord): void {
    this.#listener?.said(from, word)
  }

  came(device: DeviceIdentity): void {
    this.#listener?.came(device)
  }

  went(device: DeviceIdentity, heardAt: number): void {
    this.#listener?.went(device, heardAt)
  }
}

const words: ReadonlySet<string> = new Set<SessionWord['type']>([
  'sessionAccepted',
  'sessionRefused',
  'sessionTicketWanted',
  'sessionEnded',
])

export const isSessionWord = (message: AgentToService): message is SessionWord => words.has(message.type)
