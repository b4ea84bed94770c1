import { z } from 'zod'
import { SetupAnswer, SetupRequest } from '../../contract/api.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { makeTenant } from '../access/setup.ts'
import { type Directory, embeddedIssuerName } from '../directory/accounts.ts'
import { isLoopback, newTenantSettings } from '../ground/config.ts'
import type { Plugin } from '../ground/deps.ts'
import { LocalToken, LocalUsers } from '../ground/ops/runtime.ts'
import type { EmbeddedIssuer } from './issuer.ts'
import { rolesOf } from './people.ts'

/**
 * For the embedded issuer only, so for loopback only: the first tenant of an empty service, and the `token` command of
 * whoever may read this machine's data folder.
 */
export const localRoutes =
  (issuer: EmbeddedIssuer, directory: Directory): Plugin =>
  (app, { store, config, ids }) => {
    let settingUp = false

    app.post(
      '/v1/setup',
      {
        config: { access: 'public' },
        schema: {
          operationId: 'setUp',
          summary: 'Make the first organisation and its administrator',
          tags: ['service'],
          security: [],
          body: SetupRequest,
          response: { 201: SetupAnswer },
        },
      },
      async (request, reply) => {
        if (!isLoopback(request.ip.replace('::ffff:', ''))) throw new RoomkeeperError('access.denied')
        // A page of another site could send this form; it cannot say that it is ours.
        const site = request.headers['sec-fetch-site']
        if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new RoomkeeperError('access.denied')
        if (settingUp || (await store.tenants()).length > 0) throw new RoomkeeperError('setup.done')
        settingUp = true
        try {
          const { tenant: name, name: person, email, password } = request.body
          const account = { id: ids(), directory: ids() }
          // An account of a setup that was cut off before its tenant was made is not known to any tenant; its address is free again.
          await directory.replaceAll({
            tenants: [{ id: account.directory, name, domains: [email.slice(email.lastIndexOf('@') + 1)] }],
            accounts: [{ ...account, kind: 'person', email, name: person, password, globalAdministrator: true }],
          })
          const tenant = await makeTenant(store, {
            name,
            issuer: embeddedIssuerName,
            directory: account.directory,
            settings: newTenantSettings(config),
            proManager: account.id,
          })
          return reply.code(201).send({ tenant })
        } finally {
          settingUp = false
        }
      },
    )

    app.get('/v1/local/users', { config: { access: 'admin' }, schema: { hide: true, response: { 200: LocalUsers } } }, async () => {
      const people = (await directory.accounts()).filter(({ kind }) => kind === 'person')
      const roles = await rolesOf(store)
      const names = new Map((await store.tenants()).map((tenant) => [tenant.directory, tenant.name]))
      return people.map(({ id, email, directory: tenant }) => ({ email, role: roles.get(id) ?? 'none', tenant: names.get(tenant) ?? '' }))
    })

    app.post(
      '/v1/local/token',
      {
        config: { access: 'admin' },
        schema: { hide: true, body: z.object({ email: z.string().max(254) }), response: { 200: LocalToken } },
      },
      async (request) => {
        const account = await directory.byEmail(request.body.email)
        if (!account) throw new RoomkeeperError('request.notFound', { detail: `There is no account ${request.body.email}.` })
        return { token: await issuer.tokenFor(account) }
      },
    )
  }
