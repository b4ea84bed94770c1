import type { Incident } from '../../../contract/entities.ts'
import type { GroupId, PersonId, RoleId, RoomId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { Assignment, AssignmentScope, Member } from '../../../contract/policy.ts'
import type { TenantTransaction } from '../store/transaction.ts'

/**
 * What a record of the audit says of the things that a command touched (AUD-1): their ids, and the names that they have now,
 * of the first `limits.peopleNamed` of each kind. It is read when the things are called otherwise, or are gone.
 */

/** Those that are named; of more only the ids are kept. */
export const some = <T>(all: readonly T[]): readonly T[] => all.slice(0, limits.peopleNamed)

export async function roomsTouched(
  tx: TenantTransaction,
  ids: readonly RoomId[],
): Promise<{ rooms: readonly RoomId[]; roomNames: readonly string[] }> {
  const found = await tx.getMany('room', some(ids))
  return { rooms: ids, roomNames: some(ids).flatMap((id) => found.get(id)?.name ?? []) }
}

export async function incidentTouched(tx: TenantTransaction, { id, number, room, signal }: Incident): Promise<Record<string, unknown>> {
  return { incident: id, number, signal, room, roomName: (await tx.get('room', room))?.name }
}

/** People by their directory's id or by the one here, and security groups, each with its name where it is known here. */
export async function membersTouched(tx: TenantTransaction, members: readonly Member[]): Promise<(Member & { name?: string })[]> {
  const ids = members.map(({ id }) => id)
  const people = await tx.tables.person().select(['objectId', 'name']).where('objectId', 'in', ids).execute()
  const groups = await tx.tables.securityGroup().select(['id', 'name']).where('id', 'in', ids).execute()
  const names = new Map([
    ...people.map(({ objectId, name }) => [objectId, name] as const),
    ...groups.map(({ id, name }) => [id, name] as const),
  ])
  return members.map((member) => {
    const name = names.get(member.id)
    return name === undefined || name === '' ? member : { ...member, name }
  })
}

export const personTouched = async (tx: TenantTransaction, id: PersonId): Promise<string | undefined> =>
  (await tx.tables.person().select('name').where('id', '=', id).executeTakeFirst())?.name

type ScopeTouched =
  | 'all'
  | { rooms: readonly RoomId[]; roomNames: readonly string[]; groups: readonly GroupId[]; groupNames: readonly string[] }

export async function scopeTouched(tx: TenantTransaction, scope: AssignmentScope): Promise<ScopeTouched> {
  if (scope === 'all') return scope
  const groups = await tx.tables.roomGroup().select(['id', 'name']).where('id', 'in', some(scope.groups)).execute()
  return { ...(await roomsTouched(tx, scope.rooms)), groups: scope.groups, groupNames: groups.map(({ name }) => name) }
}

/** An assignment as it is, for the record of whatever made, changed or deleted it. */
export async function assignmentTouched(
  tx: TenantTransaction,
  { id, link, role, name, description, notify, members, scope }: Assignment,
): Promise<Record<string, unknown>> {
  const side = link === null ? {} : { link }
  const roleName = await roleTouched(tx, role)
  return {
    assignment: id,
    name,
    description,
    notify,
    role,
    ...(roleName === undefined ? {} : { roleName }),
    ...side,
    members: await membersTouched(tx, members),
    scope: await scopeTouched(tx, scope),
  }
}

/** The name of a custom role; undefined for a built-in one, whose id says it. */
const roleTouched = async (tx: TenantTransaction, id: RoleId): Promise<string | undefined> =>
  (await tx.tables.role().select('name').where('id', '=', id).executeTakeFirst())?.name
