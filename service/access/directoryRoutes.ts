import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { DirectoryQuery, PrincipalList } from '../../contract/policyApi.ts'
import { embeddedIssuerName } from '../directory/accounts.ts'
import { DirectoryEdit, DirectoryListing, editDirectory, listDirectory } from '../directory/edits.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { system } from '../ground/store/transaction.ts'
import type { AccessDeps } from './deps.ts'
import { setRemoved } from './people.ts'

/** People and security groups to name in assignments (ACC-4): of the caller's own organisation, in a customer's tenant too. */
export const directoryRoutes: Plugin<AccessDeps> = (app, { directory }) => {
  app.get(
    '/v1/directory',
    {
      config: { access: 'directory' },
      schema: {
        operationId: 'searchDirectory',
        summary: 'Search people and security groups of one’s own organisation',
        tags: ['access'],
        querystring: DirectoryQuery,
        response: { 200: PrincipalList },
      },
    },
    async (request) => {
      const { doer } = callerOf(request)
      if (doer.kind !== 'person') throw new RoomkeeperError('access.denied')
      const { text, kind } = request.query
      const { items, more } = await directory.search(doer.userTenantId, text, kind, limits.directoryMatches)
      return { items: items.map((item) => ({ ...item, known: true })), more }
    },
  )
}

/** The embedded directory, for the `directory` command of whoever may read this machine's data folder. */
export const directoryEdits: Plugin = (app, { store, bus, random }) => {
  app.get('/v1/local/directory', { config: { access: 'admin' }, schema: { hide: true, response: { 200: DirectoryListing } } }, () =>
    listDirectory(store),
  )

  app.post(
    '/v1/local/directory',
    { config: { access: 'admin' }, schema: { hide: true, body: DirectoryEdit, response: { 200: DirectoryListing } } },
    async (request) => {
      const { directory, id, name, operation } = await editDirectory({ store, random }, request.body)
      const tenant = await store.tenantOfDirectory(embeddedIssuerName, directory)
      if (tenant) {
        await store.write(tenant.id, system, async (tx) => {
          tx.audit({
            category: 'User',
            objectName: name,
            operation,
            detail: { action: 'directory.change', change: request.body.type, object: id },
          })
          // Not when it is read the next time: nothing is done in their name from here on.
          if (request.body.type === 'removePerson') await setRemoved(tx, tenant, [id], true, tx.at)
        })
      }
      bus.publish('directory', { directory })
      return listDirectory(store)
    },
  )
}
