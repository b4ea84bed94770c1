import type { AgentToService, ServiceToAgent, SessionKey } from '../../contract/agent.ts'
import type { BootId, DeviceId } from '../../contract/ids.ts'
import type { Random, Timers } from '../../contract/system.ts'
import type { ConnectionState } from './connection-state.ts'
import type { DeviceKey } from './identity.ts'
import type { Journal } from './journal.ts'
import type { Dial } from './socket.ts'

/** What the service says about remote sessions (REM-7). */
export type SessionMessage = Extract<ServiceToAgent, { type: 'session' | 'sessionTicket' | 'sessionEnd' }>
/** What the device says about them. */
export type SessionWord = Extract<AgentToService, { type: 'sessionAccepted' | 'sessionRefused' | 'sessionTicketWanted' | 'sessionEnded' }>

export interface ConnectionOptions {
  /** Address of the agents' socket, ws: or wss:. */
  url: string
  device: DeviceId
  /** The name of the service that the device enrolled with; it signs for no other. */
  service: string
  /**
   * The key that the service gave at the enrolment: nothing else can welcome or end the agent. Undefined: it kept none, and nothing
   * can end it.
   */
  serviceKey: SessionKey | undefined
  boot: BootId
  key: DeviceKey
  journal: Journal
  dial: Dial
  now: () => number
  /** The machine's clock (UTC ms), which the service is told of. */
  wall: () => number
  timers: Timers
  random: Random
  onState: (state: ConnectionState) => void
  /** A line for the logs of the device. */
  onNote: (level: 'info' | 'warn', text: string) => void
  /** The service has welcomed the device: put the full report in the journal now. */
  onWelcome: () => void
  /** The service wants the device off-boarded. When that is done, call `farewell`. */
  onOffboard: () => void
  /** The service said something about remote sessions. */
  onSession: (message: SessionMessage) => void
}
