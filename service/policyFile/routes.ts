import { policyOf } from '../access/policies.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { exportPolicy } from './export.ts'

/** The customer's own policy as a file; it comes back in as the command `policy.import`, so nothing of it is cut away. */
export const policyFileRoutes: Plugin = (app, { store }) => {
  app.get(
    '/v1/policy',
    {
      config: { access: { permission: 'roles.view', everywhere: true } },
      schema: {
        operationId: 'exportPolicy',
        summary: 'Roles, assignments, groups and partners as a file',
        produces: ['text/yaml'],
        tags: ['access'],
      },
    },
    async (request, reply) => {
      const { tenant } = callerOf(request)
      const read = store.read(tenant, 'wholeTenant')
      const own = (await store.tenants()).find(({ id }) => id === tenant)
      const members = new Map<string, string>()
      const people = await read.tables.person().select(['id', 'objectId', 'name']).where('link', 'is', null).execute()
      for (const { id, objectId, name } of people) members.set(id, name).set(objectId, name)
      const groups = await read.tables
        .securityGroup()
        .select(['id', 'name'])
        .where('directory', '=', own?.directory ?? '')
        .execute()
      for (const { id, name } of groups) members.set(id, name)
      const text = exportPolicy(await policyOf(read.tables), { tenant: own?.name ?? '', rooms: await read.roomFacts(), members })
      return reply
        .type('text/yaml; charset=utf-8')
        .header('content-disposition', 'attachment; filename="policy.yaml"')
        .header('cache-control', 'no-store')
        .send(text)
    },
  )
}
