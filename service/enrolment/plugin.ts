import { EnrolmentAnswer, EnrolmentRequest } from '../../contract/agent.ts'
import { limits } from '../../contract/limits.ts'
import { every } from '../../contract/timing.ts'
import type { App, Plugin } from '../ground/deps.ts'
import { RateLimit } from '../ground/rateLimit.ts'
import { system } from '../ground/store/transaction.ts'
import type { IncidentDeps } from '../incidents/deps.ts'
import { Enrolments, readCredential } from './enrolments.ts'
import { revoke } from './offboarding.ts'
import { leaveOverdue } from './onboarding.ts'

const offboardingEveryMs = 3_600_000

/** How devices come, and how those leave that were never enrolled, or never finished leaving. */
export const devicesComeAndLeave: Plugin<IncidentDeps> = (app, deps) => {
  enrolmentRoute(app, deps)
  const { offboardingMs, onboardingMs } = deps.config.timing
  const leave = (): void => {
    revokeOverdue(deps).catch((error: unknown) => deps.log.error({ err: error }, 'off-boarding devices could not be revoked'))
    leaveOverdue(deps).catch((error: unknown) => deps.log.error({ err: error }, 'rooms that nobody enrolled could not leave'))
  }
  const end = every(deps.clock, Math.min(offboardingEveryMs, offboardingMs, onboardingMs), leave)
  app.addHook('onReady', async () => leave())
  app.addHook('preClose', async () => end())
}

function enrolmentRoute(app: App, deps: IncidentDeps): void {
  const enrolments = new Enrolments(deps)
  const rate = new RateLimit(limits.requestsPerMinute, deps.clock)
  app.post(
    '/v1/enrolments',
    {
      config: { access: 'device' },
      schema: {
        operationId: 'enrol',
        summary: 'A device enrols, with a key or a room’s account, or comes back with its own key',
        tags: ['devices'],
        body: EnrolmentRequest,
        response: { 200: EnrolmentAnswer },
      },
    },
    async (request) => {
      const credential = await readCredential(deps, rate, request.headers.authorization)
      const { room, device, fresh } = await enrolments.enrol(credential, request.body)
      if (fresh) deps.bus.publish('enrolled', { tenant: credential.tenant, room })
      return { room, device, service: deps.serviceName, sessionKey: deps.sessionKey }
    },
  )
}

/** Devices whose off-boarding was never finished (ENR-5). */
async function revokeOverdue({ store, clock, config }: Pick<IncidentDeps, 'store' | 'clock' | 'config'>): Promise<void> {
  for (;;) {
    const overdue = await store.devicesOffboardingBefore(clock.now() - config.timing.offboardingMs, limits.listRows)
    for (const { tenant, id } of overdue) await store.write(tenant, system, (tx) => revoke(tx, id, 'overdue'))
    if (overdue.length < limits.listRows) return
  }
}
