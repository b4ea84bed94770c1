import { EnrolmentAnswer, EnrolmentRequest } from '../../contract/agent.ts'
import { limits } from '../../contract/limits.ts'
import type { App, Plugin, ServiceDeps } from '../ground/deps.ts'
import { RateLimit } from '../ground/rateLimit.ts'
import { onUpgrade } from '../ground/http/upgrades.ts'
import type { ServiceSecrets } from '../identity/secrets.ts'
import { Timers } from '../incidents/timers.ts'
import { system } from '../ground/store/transaction.ts'
import { Enrolments, readCredential } from '../enrolment/enrolments.ts'
import { SignedWords } from './signedWords.ts'
import { AgentHub } from './hub.ts'
import { revoke } from '../enrolment/offboarding.ts'
import { leaveOverdue } from '../enrolment/onboarding.ts'

/** How often connections are looked at, as a share of the silence that counts; and how often off-boardings are. */
const sweepShare = 1 / 20
const longestSweepMs = 5_000
const offboardingEveryMs = 3_600_000

/**
 * All that devices do: enrolment, their sockets, the intake of reports, and the engine's timers. Everything ends with
 * the server, in an order in which nothing acknowledged is lost.
 */
export const agentsPart =
  ({ relayKey }: Pick<ServiceSecrets, 'relayKey'>): Plugin =>
  async (app, deps) => {
    const hub = new AgentHub(deps, new SignedWords(relayKey, deps.serviceName))
    const timers = new Timers({ ...deps, onProblem: (error) => deps.log.error({ err: error }, 'timers of incidents failed; trying again') })
    enrolmentRoute(app, deps, hub)
    onUpgrade(app.server, '/v1/agent', (request, socket, head) => hub.accept(request, socket, head))
    const unsubscribe = deps.bus.subscribe('device', ({ device, change }) => hub.tell(device, change))
    await hub.start()
    timers.start()
    const sweepMs = Math.min(longestSweepMs, Math.max(10, deps.config.timing.disconnectAfterMs * sweepShare))
    const sweep = setInterval(() => hub.sweep(), sweepMs)
    const revokeOld = () => {
      revokeOverdue(deps).catch((error: unknown) => deps.log.error({ err: error }, 'off-boarding devices could not be revoked'))
      leaveOverdue(deps).catch((error: unknown) => deps.log.error({ err: error }, 'rooms that nobody enrolled could not leave'))
    }
    const offboardings = setInterval(
      revokeOld,
      Math.min(offboardingEveryMs, deps.config.timing.offboardingMs, deps.config.timing.onboardingMs),
    )
    revokeOld()
    app.addHook('preClose', async () => {
      clearInterval(sweep)
      clearInterval(offboardings)
      unsubscribe()
      await hub.stop()
      await timers.stop()
    })
  }

function enrolmentRoute(app: App, deps: ServiceDeps, hub: AgentHub): void {
  const enrolments = new Enrolments(deps)
  const rate = new RateLimit(limits.requestsPerMinute, deps.now)
  app.post(
    '/v1/enrolments',
    { config: { access: 'device' }, schema: { tags: ['devices'], body: EnrolmentRequest, response: { 200: EnrolmentAnswer } } },
    async (request) => {
      const credential = await readCredential(deps, rate, request.headers.authorization)
      const { room, device, fresh } = await enrolments.enrol(credential, request.body)
      if (fresh) hub.expect(credential.tenant, room)
      return { room, device, service: deps.serviceName, sessionKey: deps.sessionKey }
    },
  )
}

/** Devices whose off-boarding was never finished (ENR-5). */
async function revokeOverdue({ store, now, config }: ServiceDeps): Promise<void> {
  for (;;) {
    const overdue = await store.devicesOffboardingBefore(now() - config.timing.offboardingMs, limits.listRows)
    for (const { tenant, id } of overdue) await store.write(tenant, system, (tx) => revoke(tx, id, 'overdue'))
    if (overdue.length < limits.listRows) return
  }
}
