import { z } from 'zod'
import { mayRuleOthers } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { IncidentId } from '../../contract/ids.ts'
import { EndpointList, NoticesRead, NotifyRuleList, TryAnswer, TryRequest, WhyAnswer } from '../../contract/notifications.ts'
import type { AccessDeps } from '../access/deps.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { reached } from '../ground/reach.ts'
import { endpointOf, ruleOf, rulesOf } from './rules.ts'
import { tryRule } from './tried.ts'
import { whyOf } from './why.ts'

/** Rules and endpoints as they are, and what somebody has read (INC-6). */
export const notificationRoutes: Plugin<AccessDeps> = (app, { store, config, access: people, clock }) => {
  app.get(
    '/v1/notifications/rules',
    {
      config: { access: { permission: 'incidents.view' } },
      schema: {
        operationId: 'listNotificationRules',
        summary: "The caller's own rules of who is told what, and the tenant's where they may change those",
        tags: ['notifications'],
        response: { 200: NotifyRuleList },
      },
    },
    async (request) => {
      const { tenant, reach, person, access } = callerOf(request)
      const rows = await store.read(tenant, reach).tables.notifyRule().selectAll().orderBy('id').execute()
      const seen = rows.filter(({ owner }) => owner === person || (owner === null && mayRuleOthers(access)))
      return { items: seen.flatMap((row) => ruleOf(row) ?? []), mail: config.smtp !== undefined }
    },
  )

  app.get(
    '/v1/notifications/endpoints',
    {
      config: { access: { permission: 'settings.modify', everywhere: true } },
      schema: {
        operationId: 'listEndpoints',
        summary: 'Where others are told, and how that goes; without secrets',
        tags: ['notifications'],
        response: { 200: EndpointList },
      },
    },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      return { items: (await store.read(tenant, reach).tables.endpoint().selectAll().orderBy('id').execute()).map(endpointOf) }
    },
  )

  const now = () => ({ now: clock.now(), waitMs: config.timing.notifyWaitMs, mail: config.smtp !== undefined })

  app.get(
    '/v1/incidents/:incident/notifications',
    {
      config: { access: { permission: 'incidents.view' } },
      schema: {
        operationId: 'explainNotifications',
        summary: 'Why the caller was, or was not, told of an incident; and others, for who may change their rules',
        tags: ['notifications'],
        params: z.object({ incident: IncidentId }),
        response: { 200: WhyAnswer },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const read = store.read(caller.tenant, caller.reach)
      const incident = reached(await read.get('incident', request.params.incident), true, 'incident.notFound')
      const rules = await rulesOf(read.tables, await people.resolved(caller.tenant))
      return { items: await whyOf(incident, { read, caller, rules, others: mayRuleOthers(caller.access), ...now() }) }
    },
  )

  app.post(
    '/v1/notifications/try',
    {
      config: { access: { permission: 'incidents.view' } },
      schema: {
        operationId: 'tryNotificationRule',
        summary: 'What a rule would have told of what is kept',
        tags: ['notifications'],
        body: TryRequest,
        response: { 200: TryAnswer },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { rule } = request.body
      if (rule.to.kind === 'others' && !mayRuleOthers(caller.access)) throw new RoomkeeperError('access.denied')
      const read = store.read(caller.tenant, caller.reach)
      const rules = await rulesOf(read.tables, await people.resolved(caller.tenant))
      return tryRule(rule, { read, caller, rules, ...now() })
    },
  )

  app.post(
    '/v1/notifications/read',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'readNotices',
        summary: "Marks notices of the caller's own list as read",
        tags: ['notifications'],
        body: NoticesRead,
        response: { 200: z.object({ read: z.int() }) },
      },
    },
    async (request) => {
      const { tenant, person, doer } = callerOf(request)
      // Reading changes nothing of the tenant's, and leaves no record.
      return store.write(tenant, doer, async (tx) => {
        const found = [...(await tx.getMany('notice', request.body.notices)).values()]
        const unread = found.filter((notice) => notice.person === person && notice.readAt === undefined)
        for (const notice of unread) tx.put('notice', { ...notice, readAt: tx.at }, notice)
        return { read: unread.length }
      })
    },
  )
}
