import { every } from '../../contract/timing.ts'
import type { Plugin } from '../ground/deps.ts'
import { onUpgrade } from '../ground/http/upgrades.ts'
import { Timers } from '../incidents/timers.ts'
import type { AgentDeps } from './deps.ts'
import { AgentHub } from './hub.ts'
import { SignedWords } from './signedWords.ts'

/** How often connections are looked at, as a share of the silence that counts. */
const sweepShare = 1 / 20
const longestSweepMs = 5_000

/**
 * The sockets of devices, the intake of reports, and the engine's timers. Everything ends with the server, in an order in which
 * nothing acknowledged is lost.
 */
export const agentSockets: Plugin<AgentDeps> = async (app, deps) => {
  const hub = new AgentHub(deps, new SignedWords(deps.relayKey, deps.serviceName))
  const timers = new Timers({ ...deps, onProblem: (error) => deps.log.error({ err: error }, 'timers of incidents failed; trying again') })
  onUpgrade(app.server, '/v1/agent', (request, socket, head) => hub.accept(request, socket, head))
  const undo = [
    deps.bus.subscribe('device', ({ device, change }) => hub.tell(device, change)),
    deps.bus.subscribe('enrolled', ({ tenant, room }) => hub.expect(tenant, room)),
  ]
  await hub.start()
  timers.start()
  const sweepMs = Math.min(longestSweepMs, Math.max(10, deps.config.timing.disconnectAfterMs * sweepShare))
  const endSweeps = every(deps.clock, sweepMs, () => hub.sweep())
  app.addHook('preClose', async () => {
    endSweeps()
    undo.forEach((end) => end())
    await hub.stop()
    await timers.stop()
  })
}
