import type { AccessDeps } from '../access/deps.ts'
import type { Plugin } from '../ground/deps.ts'
import { Deliveries } from './deliveries.ts'
import { NotificationFollower } from './follower.ts'
import { mailChannel } from './mail/channel.ts'
import { webhookChannel, type WebhookOptions } from './webhook.ts'

export const webhookOptions = ({ config, clock, ids, publicUrl }: AccessDeps): WebhookOptions => ({
  clock,
  ids,
  publicUrl,
  allowHttp: config.endpoints.allowHttp,
  allowPrivate: config.endpoints.allowPrivate,
  proxied: config.outgoing?.proxy !== undefined,
})

/** Follows what happens, and tells it (INC-6). */
export const notifications: Plugin<AccessDeps> = (app, deps) => {
  const { store, bus, clock, access, log, metrics, config } = deps
  const onProblem = (error: unknown): void => log.error({ err: error }, 'what happened could not be told; trying again')
  const waitMs = config.timing.notifyWaitMs
  const deliveries = new Deliveries({
    ...{ store, clock, access, waitMs, onProblem },
    channels: { email: config.smtp ? mailChannel({ smtp: config.smtp, clock }) : null, webhook: webhookChannel(webhookOptions(deps)) },
    onOutcome: (channel, outcome) => {
      metrics.deliveries.inc({ channel, outcome: outcome.ok ? 'told' : outcome.problem })
      if (!outcome.ok) log.warn({ channel, problem: outcome.problem, status: outcome.status }, 'a delivery failed')
    },
  })
  const follower = new NotificationFollower({
    ...{ store, bus, clock, access, waitMs, onProblem },
    onDeliveries: (dueAt) => deliveries.wakeAt(dueAt),
  })
  app.addHook('onReady', async () => {
    await follower.start()
    deliveries.start()
  })
  app.addHook('preClose', async () => {
    await follower.stop()
    await deliveries.stop()
  })
}
