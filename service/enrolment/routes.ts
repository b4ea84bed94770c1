import { EnrolmentKey } from '../../contract/api.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import type { IncidentDeps } from '../incidents/deps.ts'
import { packInstaller } from './installer.ts'
import { downloadKey, resetKey } from './keys.ts'

/** What Settings → General → Enrol a room offers (ENR-1). */
export const enrolmentRoutes: Plugin<IncidentDeps> = (app, { store, publicUrl, random }) => {
  /** Packed at the first download; the files do not change while the service runs. */
  let packed: Buffer | undefined
  app.get(
    '/v1/enrolment/key',
    {
      config: { access: { permission: 'rooms.downloadKey' } },
      schema: { operationId: 'getEnrolmentKey', summary: 'The self-enrolment key', tags: ['enrolment'], response: { 200: EnrolmentKey } },
    },
    async (request) => {
      const { tenant, doer } = callerOf(request)
      return store.write(tenant, doer, (tx) => downloadKey(tx, random))
    },
  )

  app.post(
    '/v1/enrolment/key/reset',
    {
      config: { access: { permission: 'rooms.resetKey', everywhere: true } },
      schema: {
        operationId: 'resetEnrolmentKey',
        summary: 'Replace the self-enrolment key',
        tags: ['enrolment'],
        response: { 200: EnrolmentKey },
      },
    },
    async (request) => {
      const { tenant, doer } = callerOf(request)
      return store.write(tenant, doer, (tx) => resetKey(tx, random))
    },
  )

  app.get(
    '/v1/enrolment/installer',
    {
      config: { access: { permission: ['rooms.create', 'settings.view'] } },
      schema: { operationId: 'getInstaller', summary: 'The installer of the agent', produces: ['application/zip'], tags: ['enrolment'] },
    },
    async (request, reply) => {
      const { tenant, doer } = callerOf(request)
      packed ??= Buffer.from(packInstaller(publicUrl))
      await store.write(tenant, doer, async (tx) =>
        tx.audit({ category: 'Installer', objectName: 'Agent installer', operation: 'Update', detail: { action: 'installer.download' } }),
      )
      return reply.type('application/zip').header('content-disposition', 'attachment; filename="RoomkeeperAgent.zip"').send(packed)
    },
  )
}
