import type { AgentDeps } from '../agents/deps.ts'
import type { Part } from '../ground/part.ts'
import type { ServiceSecrets } from '../ground/secrets.ts'
import { sessionLogRoutes } from './logRoutes.ts'
import { remoteSessions } from './plugin.ts'
import { pruneRecordings } from './recordings/retention.ts'
import { recordingRoutes } from './recordings/routes.ts'

/** Remote sessions with their log and recordings, and the relay. */
export const remotePart = (secrets: Pick<ServiceSecrets, 'relayKey'>): Part<AgentDeps> => ({
  name: 'remote',
  plugins: [remoteSessions(secrets), sessionLogRoutes, recordingRoutes],
  prune: async ({ store, now }) => ({ recordings: await pruneRecordings(store, now()) }),
})
