import { type Access, may } from '../../contract/access.ts'
import { MeAnswer, OwnersQuery, PeopleList, type Person } from '../../contract/api.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { accessOf } from '../../contract/evaluate.ts'
import type { Caller } from '../ground/caller.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { reached } from '../ground/reach.ts'
import type { AccessDeps } from './deps.ts'
import { addressIsShown, ownerTest, personIsShown } from './explain.ts'
import { subjectOf } from './resolved.ts'

/** Who is who (ACC-6). */
export const peopleRoutes: Plugin<AccessDeps> = (app, { store, access }) => {
  app.get(
    '/v1/me',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'getMe',
        summary: 'Who asks, with their permissions and where they hold them',
        tags: ['access'],
        response: { 200: MeAnswer },
      },
    },
    async (request) => {
      const { tenant, person, reach } = callerOf(request)
      const me = await store.read(tenant, reach).get('me', person)
      if (!me) throw new RoomkeeperError('service.failed')
      return me
    },
  )

  app.get(
    '/v1/people',
    {
      config: { access: { permission: 'incidents.view' } },
      schema: {
        operationId: 'listPeople',
        summary: 'People whom the caller may be told of',
        tags: ['access'],
        response: { 200: PeopleList },
      },
    },
    async (request) => ({ items: await peopleFor(callerOf(request)) }),
  )

  app.post(
    '/v1/people/owners',
    {
      config: { access: { permission: 'incidents.view' } },
      schema: {
        operationId: 'listOwners',
        summary: 'People who can be given incidents of all these rooms',
        tags: ['access'],
        body: OwnersQuery,
        response: { 200: PeopleList },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { rooms } = request.body
      const facts = await store.read(caller.tenant, 'wholeTenant').roomFacts()
      for (const id of rooms) reached(facts.get(id), may(caller.access, 'incidents.view', id), 'access.outOfScope')
      return { items: await peopleFor(caller, ownerTest(rooms)) }
    },
  )

  /** Those whom the caller may be told of. To give somebody an incident takes a name; addresses are for those who manage roles. */
  async function peopleFor(
    { tenant, person, reach, access: held }: Caller,
    wanted: (theirs: Access) => boolean = () => true,
  ): Promise<Person[]> {
    const resolved = await access.resolved(tenant)
    const rows = await store.read(tenant, reach).tables.person().selectAll().orderBy('name').orderBy('id').execute()
    return rows
      .map((row) => ({ row, theirs: accessOf(resolved, subjectOf(row)) }))
      .filter(({ row, theirs }) => (row.id === person || personIsShown(held, theirs)) && wanted(theirs))
      .map(({ row: { id, name, email, link: under }, theirs }) => {
        const partner = under === null ? undefined : resolved.links.get(under)
        const address = id === person || addressIsShown(held, theirs) ? email : ''
        return { id, name, email: address, ...(partner ? { organisation: partner.link.partnerName } : {}) }
      })
  }
}
