import { z } from 'zod'
import { mayRuleOthers } from '../../contract/commands.ts'
import { EndpointList, NoticesRead, NotifyRuleList } from '../../contract/notifications.ts'
import type { AccessDeps } from '../access/deps.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { endpointOf, ruleOf } from './rules.ts'

/** Rules and endpoints as they are, and what somebody has read (INC-6). */
export const notificationRoutes: Plugin<AccessDeps> = (app, { store, config }) => {
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
