import { relayPath, RelayId } from '../../contract/relay.ts'
import type { Plugin } from '../deps.ts'
import { onUpgrade } from '../http/upgrades.ts'
import type { ServiceSecrets } from '../identity/secrets.ts'
import { publicPartOf, RelayPublicKey } from './keys.ts'
import { Relay } from './relay.ts'

/**
 * The relay inside the service (REM-7), under the service's own name, with its own key. Anybody may have the public key:
 * a relay that runs alone is started with it.
 */
export const relayPart =
  ({ serviceName, relayKey }: Pick<ServiceSecrets, 'serviceName' | 'relayKey'>): Plugin =>
  (app, { config, log, metrics, now }) => {
    const key = publicPartOf(relayKey)
    const relay = new Relay({ id: RelayId.parse(serviceName), key, log, registry: metrics.registry, now, behindProxy: config.behindProxy })
    app.get('/v1/relay/key', { config: { access: 'public' }, schema: { tags: ['service'], security: [], response: { 200: RelayPublicKey } } }, async () => key)
    onUpgrade(app.server, relayPath, (request, socket, head) => relay.accept(request, socket, head))
    app.addHook('preClose', () => relay.stop())
  }
