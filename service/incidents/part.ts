import type { Part } from '../ground/part.ts'
import { incidentCommands } from './commands.ts'
import type { IncidentDeps } from './deps.ts'
import { checkpointRooms } from './nights.ts'
import { prunePast } from './past.ts'
import { incidentRoutes } from './routes.ts'

/** What is wrong in rooms, and who is on it. Its timers run beside the sockets of devices (service/agents/plugin.ts). */
export const incidentsPart: Part<IncidentDeps> = {
  name: 'incidents',
  commands: incidentCommands,
  plugins: [incidentRoutes],
  prune: async (deps) => ({ ...(await prunePast(deps)), ...(await checkpointRooms(deps)) }),
}
