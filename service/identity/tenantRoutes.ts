import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import { TenantId } from '../../contract/ids.ts'
import { typedName } from '../../contract/text.ts'
import { makeTenant } from '../access/setup.ts'
import { domainOf } from '../directory/domains.ts'
import { newTenantSettings } from '../ground/config.ts'
import type { Plugin } from '../ground/deps.ts'

/** Organisations of this service, for this machine's user: the first is made at the first start, the others here. */

export const NewOrganisation = z.object({
  name: typedName(),
  /** With an issuer of one's own: the id of the organisation's directory there. */
  directory: z.string().trim().min(1).max(64).optional(),
  /** Directory object id of the first Pro Manager; left out, a Global Administrator appoints one. */
  proManager: z.string().trim().min(1).max(200).optional(),
  /** With the embedded directory: a domain of the organisation, by which partners are invited. */
  domain: z.string().min(1).max(253).optional(),
})
export const Organisations = z.object({ items: z.array(z.object({ id: TenantId, name: z.string(), directory: z.string() })) })

/** How the organisations of this service sign in. */
export type TenantSource =
  /** Theirs is made in the embedded directory. */
  | { readonly embedded: string; readonly addDirectory: (organisation: { id: string; name: string; domain: string }) => Promise<void> }
  /** The name of a directory's issuer. */
  | { readonly issuerOf: (directory: string) => string }

export const tenantRoutes =
  (source: TenantSource): Plugin =>
  (app, { store, config, ids }) => {
    const list = async () => ({ items: (await store.tenants()).map(({ id, name, directory }) => ({ id, name, directory })) })

    app.get('/v1/local/tenants', { config: { access: 'admin' }, schema: { hide: true, response: { 200: Organisations } } }, list)

    app.post(
      '/v1/local/tenants',
      { config: { access: 'admin' }, schema: { hide: true, body: NewOrganisation, response: { 200: Organisations } } },
      async (request) => {
        const { name, directory: named, domain, proManager } = request.body
        const there = await store.tenants()
        if (there.some((tenant) => tenant.name.toLowerCase() === name.toLowerCase()))
          throw new RoomkeeperError('request.conflict', { field: 'name', detail: `There is an organisation ${name} already.` })
        const settings = newTenantSettings(config)
        if ('embedded' in source) {
          if (domain === undefined)
            throw new RoomkeeperError('request.invalid', { field: 'domain', detail: 'Say a domain of the organisation with --domain.' })
          if (named !== undefined || proManager !== undefined)
            throw new RoomkeeperError('request.invalid', {
              field: 'directory',
              detail: 'The embedded directory gives ids itself: leave --directory and --pro-manager out.',
            })
          const directory = ids()
          await source.addDirectory({ id: directory, name, domain: domainOf(domain) })
          await makeTenant(store, { name, issuer: source.embedded, directory, settings })
        } else {
          if (named === undefined)
            throw new RoomkeeperError('request.invalid', {
              field: 'directory',
              detail: "Say the id of the organisation's directory with --directory.",
            })
          if (domain !== undefined)
            throw new RoomkeeperError('request.invalid', {
              field: 'domain',
              detail: "The directory knows the organisation's domains: leave --domain out.",
            })
          const issuer = source.issuerOf(named)
          if (there.some((tenant) => tenant.issuer === issuer && tenant.directory === named))
            throw new RoomkeeperError('request.conflict', {
              field: 'directory',
              detail: `The directory ${named} is an organisation here already.`,
            })
          await makeTenant(store, { name, issuer, directory: named, settings, ...(proManager === undefined ? {} : { proManager }) })
        }
        return list()
      },
    )
  }
