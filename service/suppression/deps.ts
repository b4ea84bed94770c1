import type { GroundDeps } from '../ground/deps.ts'
import type { IncidentDeps } from '../incidents/deps.ts'

export type SuppressionDeps = IncidentDeps

/** What bringing rooms in line takes: their engine, and what somebody may do now. */
export type SettleDeps = Pick<IncidentDeps, 'rooms'> & { readonly access: Pick<GroundDeps['access'], 'within'> }
