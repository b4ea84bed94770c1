import type { Part } from '../ground/part.ts'
import { incidentCommands } from './commands.ts'
import type { IncidentDeps } from './deps.ts'
import { prunePast } from './past.ts'

/** What is wrong in rooms, and who is on it. Its timers run beside the sockets of devices (service/agents/plugin.ts). */
export const incidentsPart: Part<IncidentDeps> = { name: 'incidents', commands: incidentCommands, prune: prunePast }
