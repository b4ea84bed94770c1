import type { LinkId } from '../../contract/ids.ts'
import type { Member } from '../../contract/policy.ts'
import type { Principal } from '../../contract/policyApi.ts'
import type { TenantSelects } from '../store/tenantTables.ts'

/** Members of one side (`link`; null: the tenant's own) by name, as far as they are known here. */
export async function namesOf(tables: TenantSelects, members: readonly Member[], link: LinkId | null): Promise<Principal[]> {
  if (members.length === 0) return []
  const people = await tables.person().select(['id', 'objectId', 'name', 'email']).where('link', link === null ? 'is' : '=', link).execute()
  const groups = await tables.securityGroup().select(['id', 'name']).execute()
  const byId = new Map(people.flatMap((row) => [[String(row.id), row] as const, [row.objectId, row] as const]))
  const groupNames = new Map(groups.map(({ id, name }) => [id, name]))
  return members.map((member) => {
    const person = member.kind === 'person' ? byId.get(member.id) : undefined
    const group = member.kind === 'group' ? groupNames.get(member.id) : undefined
    const name = person?.name ?? group
    return { ...member, name: name || member.id, email: person?.email ?? '', known: name !== undefined }
  })
}
