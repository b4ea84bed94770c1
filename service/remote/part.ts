import type { AgentDeps } from '../agents/deps.ts'
import type { Part } from '../ground/part.ts'
import { sessionLogRoutes } from './logRoutes.ts'
import { remoteSessions } from './plugin.ts'
import { pruneRecordings, pruneSessions } from './recordings/retention.ts'
import { recordingRoutes } from './recordings/routes.ts'

/** Remote sessions with their log and recordings, and the relay. */
export const remotePart: Part<AgentDeps> = {
  name: 'remote',
  plugins: [remoteSessions, sessionLogRoutes, recordingRoutes],
  prune: async ({ store, clock }) => ({
    recordings: await pruneRecordings(store, clock.now()),
    sessions: await pruneSessions(store, clock.now()),
  }),
}
