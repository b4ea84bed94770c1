import type { LinkId, TenantId } from '../../contract/ids.ts'
import { assignmentOf } from '../access/people.ts'
import type { Store } from '../store/store.ts'
import type { TenantSelects } from '../store/tenantTables.ts'

/**
 * A directory that a tenant's assignments name people and groups of: its own, or a partner's, under the link. The
 * same partner's directory is one source per link.
 */
export interface Source {
  readonly link: LinkId | null
  readonly issuer: string
  readonly directory: string
  /** Security groups that assignments name. */
  readonly groups: ReadonlySet<string>
  /** People whom assignments name one by one: by object id, or by their id here. */
  readonly people: ReadonlySet<string>
}

/** The directories of a tenant's assignments; links that are not accepted have none. Undefined: there is no such tenant. */
export async function sourcesOf(store: Store, tenant: TenantId): Promise<Source[] | undefined> {
  const tenants = new Map((await store.tenants()).map((row) => [row.id, row]))
  const own = tenants.get(tenant)
  if (!own) return undefined
  const { tables } = store.read(tenant, 'wholeTenant')
  const sources = new Map<LinkId | null, Source & { groups: Set<string>; people: Set<string> }>()
  const add = (link: LinkId | null, { issuer, directory }: { issuer: string; directory: string }): void =>
    void sources.set(link, { link, issuer, directory, groups: new Set(), people: new Set() })
  add(null, own)
  for (const { id, partner } of await activeLinks(tables)) {
    const other = partner === null ? undefined : tenants.get(partner)
    if (other) add(id, other)
  }
  for (const { link, members } of (await tables.assignment().selectAll().execute()).map(assignmentOf)) {
    for (const { kind, id } of members) sources.get(link)?.[kind === 'group' ? 'groups' : 'people'].add(id)
  }
  return [...sources.values()]
}

const activeLinks = (tables: TenantSelects) => tables.link().select(['id', 'partner']).where('status', '=', 'active').execute()

/** Whether the source still is one of the tenant's: a link may have ended while its directory was read. */
export async function isStillSource(tables: TenantSelects, { link }: Source): Promise<boolean> {
  return link === null || (await activeLinks(tables)).some(({ id }) => id === link)
}
