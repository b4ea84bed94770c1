import { RelayId } from '../../contract/relay.ts'
import type { AgentDeps } from '../agents/deps.ts'
import type { Plugin } from '../ground/deps.ts'
import { Signer } from './grants.ts'
import { RelayPublicKey } from './relay/keys.ts'
import { relayInside } from './relay/plugin.ts'
import { remoteRoutes } from './routes.ts'
import { RemoteSessions } from './sessions.ts'

/**
 * Remote sessions (REM-3, REM-7), with the relay inside the service where the configuration names no other. Comes before
 * the agents' part, so that devices hear of the end of a session before what ended it, and before a stop cuts them off.
 */
export const remoteSessions: Plugin<AgentDeps> = async (app, deps) => {
  const { config, line, clock, ids, relayKey, serviceName, sessionKey } = deps
  const relay = config.relay ?? { id: RelayId.parse(serviceName) }
  const signer = new Signer({ serviceName, key: relayKey, relay, clock, ids, idleMs: config.timing.sessionIdleMs })
  const sessions = new RemoteSessions(deps, signer)
  line.listen(sessions)
  const inside = config.relay
    ? undefined
    : relayInside(app, deps, {
        admits: (session, device) => sessions.admits(session, device),
        onJoined: (session) => sessions.joined(session),
        onEnded: (session, how) => sessions.relayEnded(session, how),
      })
  sessions.relay = inside
  await sessions.recover()
  app.get(
    '/v1/relay/key',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getRelayKey',
        summary: 'The public key that signs grants of remote sessions',
        tags: ['service'],
        security: [],
        response: { 200: RelayPublicKey },
      },
    },
    async () => sessionKey,
  )
  remoteRoutes(app, deps, sessions)
  app.addHook('preClose', async () => {
    await sessions.stop()
    await inside?.stop()
  })
}
