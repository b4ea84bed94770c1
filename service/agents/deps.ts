import type { IncidentDeps } from '../incidents/deps.ts'
import type { DeviceLine } from './line.ts'

/** What parts are given that speak with devices. */
export interface AgentDeps extends IncidentDeps {
  /** What remote sessions say to agents, and hear of them (`new DeviceLine()`). */
  readonly line: DeviceLine
}
