import type { Part } from '../ground/part.ts'
import { accessCommands } from './commands.ts'
import type { AccessDeps } from './deps.ts'
import { directoryRoutes } from './directoryRoutes.ts'
import { explainRoutes } from './explainRoutes.ts'
import { directorySync } from './membership/sync.ts'
import { peopleRoutes } from './peopleRoutes.ts'
import { previewRoutes } from './previewRoutes.ts'
import { roleRoutes } from './roleRoutes.ts'

/** People, roles, assignments, groups of rooms, and why somebody may do something. */
export const accessPart: Part<AccessDeps> = {
  name: 'access',
  commands: accessCommands,
  plugins: [peopleRoutes, roleRoutes, explainRoutes, previewRoutes, directoryRoutes, directorySync],
}
