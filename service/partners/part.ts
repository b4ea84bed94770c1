import type { AccessDeps } from '../access/deps.ts'
import type { Part } from '../ground/part.ts'
import { partnerCommands } from './commands.ts'
import { requestExpiry } from './expiry.ts'
import { partnerRoutes } from './routes.ts'

/** Customers and their partners: links, invitations, and what waits for approval. */
export const partnersPart: Part<AccessDeps> = {
  name: 'partners',
  commands: partnerCommands,
  plugins: [partnerRoutes, requestExpiry],
}
