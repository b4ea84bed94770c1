import type { Lifecycle } from '../../contract/entities.ts'
import type { ErrorCode } from '../../contract/errors.ts'

/** Where a connection is. Times are of the device's clock. */
export type ConnectionState =
  /** Nothing is tried: not started yet, or the network of the device is cut. */
  | { state: 'idle' }
  /** `unwanted`: who answered says that the service does not know this device, or not like this. It is tried again all the same. */
  | { state: 'waiting'; until: number; why: string; unwanted: boolean }
  | { state: 'connecting'; since: number }
  /** The socket is open; the service's challenge or its welcome is awaited. */
  | { state: 'proving'; since: number }
  | { state: 'connected'; since: number; lifecycle: Lifecycle }
  /** The service asked the agent to go; only the farewell is sent. */
  | { state: 'offboarding' }
  /** For good: trying again cannot help, or is not wanted. */
  | { state: 'stopped'; why: string; code?: ErrorCode }
