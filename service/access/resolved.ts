import { type ResolvedPolicy, resolvePolicy, type Subject } from '../../contract/evaluate.ts'
import type { RoomId } from '../../contract/ids.ts'
import type { Permission } from '../../contract/permissions.ts'
import type { Assignment, AssignmentScope, CustomRole, GroupRule, Member, Policy, RoomFacts, RoomGroup } from '../../contract/policy.ts'
import type { AssignmentTable, PersonTable, RoleTable, RoomGroupTable } from '../ground/store/tables.ts'
import type { TenantSelects } from '../ground/store/tenantTables.ts'
import { linkOf } from './links.ts'

/** A tenant's policy as it is stored, and looked up for decisions (ACC-6). What is in these columns, only this service wrote. */

/** A transaction, or a reader of the whole tenant. */
export interface PolicySource {
  readonly tables: TenantSelects
  roomFacts(): Promise<ReadonlyMap<RoomId, RoomFacts>>
}

export function assignmentOf({ tenant: _, members: names, scope: over, notify, builtIn, ...row }: AssignmentTable): Assignment {
  const members: Member[] = JSON.parse(names)
  const scope: AssignmentScope = JSON.parse(over)
  return { ...row, notify: notify === 1, members, scope, builtIn: builtIn === 1 }
}

export function roleRowOf({ tenant: _, permissions: held, ...row }: RoleTable): CustomRole {
  const permissions: Permission[] = JSON.parse(held)
  return { ...row, permissions }
}

export function groupOf({ tenant: _, rooms: named, rule: found, ...row }: RoomGroupTable): RoomGroup {
  const rooms: RoomId[] = JSON.parse(named)
  const rule: GroupRule | null = found === null ? null : JSON.parse(found)
  return { ...row, rooms, rule }
}

/** Groups that rooms come into by what they are called and where they are; most tenants have few. */
export const groupsByRule = async (tables: TenantSelects): Promise<RoomGroup[]> =>
  (await tables.roomGroup().selectAll().where('rule', 'is not', null).execute()).map(groupOf)

/** All of a tenant's policy. The scope of "Assigned admins" is its link's, which is the one place where it is kept. */
export async function policyOf(tables: TenantSelects): Promise<Policy> {
  const roles = (await tables.role().selectAll().orderBy('id').execute()).map(roleRowOf)
  const groups = (await tables.roomGroup().selectAll().orderBy('id').execute()).map(groupOf)
  const links = (await tables.link().selectAll().orderBy('id').execute()).map(linkOf)
  const scopes = new Map(links.map(({ id, scope }) => [id, scope]))
  const assignments = (await tables.assignment().selectAll().orderBy('id').execute()).map(assignmentOf).map((assignment) => {
    const scope = assignment.builtIn && assignment.link !== null ? scopes.get(assignment.link) : undefined
    return scope ? { ...assignment, scope } : assignment
  })
  return { roles, groups, assignments, links }
}

/** The same, looked up. Rooms are only read where some group has a rule. */
export async function resolvedOf(source: PolicySource): Promise<ResolvedPolicy> {
  const policy = await policyOf(source.tables)
  const ruled = policy.groups.some(({ rule }) => rule !== null)
  return resolvePolicy(policy, ruled ? (await source.roomFacts()).values() : [])
}

export function groupsOfPerson({ groups }: Pick<PersonTable, 'groups'>): string[] {
  const ids: string[] = JSON.parse(groups)
  return ids
}

export const subjectOf = (row: PersonTable): Subject => ({
  id: row.id,
  objectId: row.objectId,
  globalAdministrator: row.globalAdministrator === 1,
  groups: groupsOfPerson(row),
  link: row.link,
  removed: row.removedAt !== null,
})
