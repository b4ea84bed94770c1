import type { Part } from '../ground/part.ts'
import { suppressionCommands } from './commands.ts'
import type { SuppressionDeps } from './deps.ts'
import { pruneSuppressions } from './past.ts'
import { suppressionTimers } from './plugin.ts'
import { suppressionRoutes } from './routes.ts'

/** What keeps incidents from beginning for a while (ROM-3): suppressions and maintenance windows. */
export const suppressionPart: Part<SuppressionDeps> = {
  name: 'suppression',
  commands: suppressionCommands,
  plugins: [suppressionTimers, suppressionRoutes],
  prune: async (deps) => ({ suppressions: await pruneSuppressions(deps) }),
}
