import { v7 } from 'uuid'
import { z } from 'zod'
import { Assignment, AssignmentChange, AssignmentList, MeAnswer, PeopleList, RoleList } from '../../../contract/api.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { AssignmentId, RoleId } from '../../../contract/ids.ts'
import { BuiltInRole, builtInRoles } from '../../../contract/permissions.ts'
import { removeAssignment, saveAssignment } from '../../access/assignments.ts'
import { assignmentOf } from '../../access/people.ts'
import type { Plugin } from '../../deps.ts'
import { callerOf } from '../routeAccess.ts'
import { auditRefusal } from '../refusals.ts'

const AssignmentPath = z.object({ assignment: AssignmentId })

/** Who is who and who may do what (ACC-2, ACC-4, ACC-6). */
export const peopleRoutes: Plugin = (app, deps) => {
  const { store } = deps

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
      const { tenant, reach } = callerOf(request)
      return { items: await store.read(tenant, reach).tables.person().select(['id', 'name', 'email']).orderBy('name').execute() }
    },
  )

  app.get(
    '/v1/roles',
    { config: { access: { permission: 'roles.view' } }, schema: { tags: ['access'], response: { 200: RoleList } } },
    async () => ({
      items: BuiltInRole.options.map((id) => ({
        id: RoleId.parse(id),
        builtIn: true,
        name: builtInRoles[id].en,
        permissions: [...builtInRoles[id].permissions],
      })),
    }),
  )

  app.get(
    '/v1/assignments',
    { config: { access: { permission: 'roles.view' } }, schema: { tags: ['access'], response: { 200: AssignmentList } } },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      const rows = await store.read(tenant, reach).tables.assignment().selectAll().orderBy('id').execute()
      return { items: rows.map(assignmentOf) }
    },
  )

  app.post(
    '/v1/assignments',
    {
      config: { access: { permission: 'roles.modify' } },
      schema: { tags: ['access'], body: AssignmentChange, response: { 201: Assignment } },
    },
    async (request, reply) => {
      const { tenant, doer } = callerOf(request)
      const assignment = { id: AssignmentId.parse(v7()), ...request.body }
      await refusalsAudited(request, () => store.write(tenant, doer, (tx) => saveAssignment(tx, assignment)))
      return reply.code(201).send(assignment)
    },
  )

  app.put(
    '/v1/assignments/:assignment',
    {
      config: { access: { permission: 'roles.modify' } },
      schema: { tags: ['access'], params: AssignmentPath, body: AssignmentChange, response: { 200: Assignment } },
    },
    async (request) => {
      const { tenant, doer } = callerOf(request)
      const assignment = { id: request.params.assignment, ...request.body }
      await refusalsAudited(request, () =>
        store.write(tenant, doer, async (tx) => {
          const known = await tx.tables.assignment().select('id').where('id', '=', assignment.id).executeTakeFirst()
          if (!known) throw new RoomkeeperError('assignment.notFound')
          await saveAssignment(tx, assignment)
        }),
      )
      return assignment
    },
  )

  app.delete(
    '/v1/assignments/:assignment',
    { config: { access: { permission: 'roles.modify' } }, schema: { tags: ['access'], params: AssignmentPath, response: { 204: z.null() } } },
    async (request, reply) => {
      const { tenant, doer } = callerOf(request)
      await refusalsAudited(request, () => store.write(tenant, doer, (tx) => removeAssignment(tx, request.params.assignment)))
      return reply.code(204).send(null)
    },
  )

  async function refusalsAudited(request: Parameters<typeof callerOf>[0], work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      await auditRefusal(deps, callerOf(request), request, error)
      throw error
    }
  }
}
