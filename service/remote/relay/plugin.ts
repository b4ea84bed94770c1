import { relayPath, RelayId } from '../../../contract/relay.ts'
import type { App, GroundDeps } from '../../ground/deps.ts'
import { onUpgrade } from '../../ground/http/upgrades.ts'
import { Relay, type RelayOptions } from './relay.ts'

/**
 * The relay inside the service (REM-7), under the service's own name, with its own key. Whoever starts it stops it.
 * `hooks`: what the service says and hears of its sessions.
 */
export function relayInside(
  app: App,
  { config, log, metrics, clock, random, serviceName, sessionKey }: GroundDeps,
  hooks: Pick<RelayOptions, 'admits' | 'onJoined' | 'onEnded'>,
): Relay {
  const relay = new Relay({
    id: RelayId.parse(serviceName),
    key: sessionKey,
    log,
    registry: metrics.registry,
    clock,
    random,
    behindProxy: config.behindProxy,
    ...hooks,
  })
  onUpgrade(app.server, relayPath, (request, socket, head) => relay.accept(request, socket, head))
  return relay
}
