import { MeAnswer, PeopleList } from '../../../contract/api.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { accessOf } from '../../../contract/evaluate.ts'
import { addressIsShown, personIsShown } from '../../access/explain.ts'
import { subjectOf } from '../../access/resolved.ts'
import type { Plugin } from '../../deps.ts'
import { callerOf } from '../routeAccess.ts'

/** Who is who (ACC-6). */
export const peopleRoutes: Plugin = (app, { store, access }) => {
  app.get('/v1/me', { config: { access: 'anyone' }, schema: { tags: ['access'], response: { 200: MeAnswer } } }, async (request) => {
    const { tenant, person, reach } = callerOf(request)
    const me = await store.read(tenant, reach).get('me', person)
    if (!me) throw new RoomkeeperError('service.failed')
    return me
  })

  app.get(
    '/v1/people',
    { config: { access: { permission: 'incidents.view' } }, schema: { tags: ['access'], response: { 200: PeopleList } } },
    async (request) => {
      const { tenant, person, reach, access: held } = callerOf(request)
      const resolved = await access.resolved(tenant)
      const rows = await store.read(tenant, reach).tables.person().selectAll().orderBy('name').orderBy('id').execute()
      const items = rows
        .map((row) => ({ row, theirs: accessOf(resolved, subjectOf(row)) }))
        .filter(({ row, theirs }) => row.id === person || personIsShown(held, theirs))
        .map(({ row: { id, name, email, link: under }, theirs }) => {
          const partner = under === null ? undefined : resolved.links.get(under)
          // To give somebody an incident takes a name; addresses are for those who manage roles.
          const address = id === person || addressIsShown(held, theirs) ? email : ''
          return { id, name, email: address, ...(partner ? { organisation: partner.link.partnerName } : {}) }
        })
      return { items }
    },
  )
}
