import type { Part } from '../ground/part.ts'
import type { IncidentDeps } from '../incidents/deps.ts'
import { roomCommands } from './commands.ts'
import { roomRoutes } from './routes.ts'

/** What is done to rooms, and the tenant's settings. */
export const roomsPart: Part<IncidentDeps> = { name: 'rooms', commands: roomCommands, plugins: [roomRoutes] }
