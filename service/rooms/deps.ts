import type { IncidentDeps } from '../incidents/deps.ts'

export type RoomDeps = Pick<IncidentDeps, 'rooms'>
