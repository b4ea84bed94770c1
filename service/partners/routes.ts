import { CustomerList, PartnerList } from '../../contract/policyApi.ts'
import type { AccessDeps } from '../access/deps.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { customersOf, partnersOf } from './views.ts'

/** Partners, from the customer's side and from theirs (PAR-1, PAR-2, PAR-8). */
export const partnerRoutes: Plugin<AccessDeps> = (app, deps) => {
  app.get(
    '/v1/partners',
    {
      config: { access: { permission: ['settings.view', 'roles.view'] } },
      schema: { operationId: 'listPartners', summary: 'Partners of this customer', tags: ['partners'], response: { 200: PartnerList } },
    },
    async (request) => ({ items: await partnersOf(deps, callerOf(request)) }),
  )

  app.get(
    '/v1/customers',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'listCustomers',
        summary: 'Tenants in which the caller has something',
        tags: ['partners'],
        response: { 200: CustomerList },
      },
    },
    async (request) => customersOf(deps, callerOf(request)),
  )
}
