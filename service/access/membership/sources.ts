import type { LinkId, TenantId } from '../../../contract/ids.ts'
import type { Assignment, Member } from '../../../contract/policy.ts'
import type { Store } from '../../ground/store/store.ts'
import type { PersonTable, TenantTable } from '../../ground/store/tables.ts'
import type { TenantSelects } from '../../ground/store/tenantTables.ts'
import { assignmentOf } from '../people.ts'

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
  /** People by object id: those whom assignments name one by one. */
  readonly named: ReadonlySet<string>
  /** Everyone known of this directory, who may have been removed. */
  readonly known: ReadonlySet<string>
  /** All that assignments name is here; else only what something is decided by. */
  readonly whole: boolean
}

type Known = Pick<PersonTable, 'id' | 'objectId' | 'link'>

/** What these assignments name of one directory. `people`: of the tenant, to look up whom they name by their id here. */
export function sourceOf(
  link: LinkId | null,
  { issuer, directory }: Pick<TenantTable, 'issuer' | 'directory'>,
  assignments: readonly { readonly link: LinkId | null; readonly members: readonly Member[] }[],
  people: readonly Known[],
  whole: boolean,
): Source {
  const objectIds = new Map(people.filter((row) => row.link === link).map(({ id, objectId }) => [String(id), objectId]))
  const members = assignments.filter((assignment) => assignment.link === link).flatMap((assignment) => assignment.members)
  const ids = (kind: 'person' | 'group') => members.flatMap((member) => (member.kind === kind ? [member.id] : []))
  return {
    link,
    issuer,
    directory,
    groups: new Set(ids('group')),
    named: new Set(ids('person').map((id) => objectIds.get(id) ?? id)),
    known: new Set(whole ? objectIds.values() : []),
    whole,
  }
}

/** The directories of a tenant's assignments; links that are not accepted have none. Undefined: there is no such tenant. */
export async function sourcesOf(store: Store, tenant: TenantId): Promise<Source[] | undefined> {
  const directories = await directoriesOf(store, tenant)
  if (!directories) return undefined
  const { tables } = store.read(tenant, 'wholeTenant')
  const people = await tables.person().select(['id', 'objectId', 'link']).execute()
  const assignments = (await tables.assignment().selectAll().execute()).map(assignmentOf)
  return [...directories].map(([link, row]) => sourceOf(link, row, assignments, people, true))
}

/** The same for these assignments only. */
export async function someSourcesOf(store: Store, tenant: TenantId, assignments: readonly Assignment[]): Promise<Source[]> {
  const directories = assignments.length === 0 ? undefined : await directoriesOf(store, tenant)
  if (!directories) return []
  const people = await store.read(tenant, 'wholeTenant').tables.person().select(['id', 'objectId', 'link']).execute()
  return [...directories]
    .map(([link, row]) => sourceOf(link, row, assignments, people, false))
    .filter(({ groups, named }) => groups.size + named.size > 0)
}

/** Whose directory it is, by link; null: the tenant's own. */
async function directoriesOf(store: Store, tenant: TenantId): Promise<Map<LinkId | null, TenantTable> | undefined> {
  const tenants = new Map((await store.tenants()).map((row) => [row.id, row]))
  const own = tenants.get(tenant)
  if (!own) return undefined
  const found = new Map<LinkId | null, TenantTable>([[null, own]])
  for (const { id, partner } of await activeLinks(store.read(tenant, 'wholeTenant').tables)) {
    const other = partner === null ? undefined : tenants.get(partner)
    if (other) found.set(id, other)
  }
  return found
}

const activeLinks = (tables: TenantSelects) => tables.link().select(['id', 'partner']).where('status', '=', 'active').execute()

/** Whether the source still is one of the tenant's: a link may have ended while its directory was read. */
export async function isStillSource(tables: TenantSelects, { link }: Source): Promise<boolean> {
  return link === null || (await activeLinks(tables)).some(({ id }) => id === link)
}
