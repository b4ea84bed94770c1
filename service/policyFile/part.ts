import type { AccessDeps } from '../access/deps.ts'
import type { Part } from '../ground/part.ts'
import { policyFileCommands } from './import.ts'
import { policyFileRoutes } from './routes.ts'

/** The whole policy as a file, out and in. */
export const policyFilePart: Part<AccessDeps> = {
  name: 'policyFile',
  commands: policyFileCommands,
  plugins: [policyFileRoutes],
}
