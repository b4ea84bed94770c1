import { scopeOf } from '../../contract/access.ts'
import { assignmentsOf, type ResolvedPolicy } from '../../contract/evaluate.ts'
import type { AssignmentId, LinkId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Assignment, AssignmentScope, Member, RoomFacts } from '../../contract/policy.ts'
import type { AssignmentView, Principal } from '../../contract/policyApi.ts'
import type { Caller } from '../ground/caller.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import type { PersonTable, SecurityGroupTable } from '../ground/store/tables.ts'
import { visibleScope } from './assignmentCommands.ts'
import { subjectOf } from './resolved.ts'

/** Assignments with names, for screens: cut to the caller's rooms. `read`: of the whole tenant. */
export async function assignmentViews(
  read: TenantReader,
  resolved: ResolvedPolicy,
  caller: Caller,
  assignments: readonly Assignment[],
): Promise<AssignmentView[]> {
  const facts = await read.roomFacts()
  const people = await read.tables.person().selectAll().execute()
  const groups = await read.tables.securityGroup().selectAll().execute()
  const names = new Names(people, groups)
  const reached = peopleReached(resolved, people)
  const mine = scopeOf(caller.access, 'roles.view')
  return assignments.map((assignment) => {
    const over = resolved.assignments.get(assignment.id)?.scope ?? []
    const scope = visibleScope(assignment.scope, { caller }, resolved)
    const security = assignment.members.flatMap(({ kind, id }) => (kind === 'group' ? [names.group(assignment.link, id)] : []))
    const readAt = security.map((group) => group?.readAt ?? null)
    const rooms =
      over === 'all'
        ? mine === 'all'
          ? facts.size
          : mine.size
        : mine === 'all'
          ? over.length
          : over.filter((room) => mine.has(room)).length
    return {
      ...assignment,
      scope,
      members: assignment.members.map((member) => names.principal(assignment.link, member)),
      rooms: roomsOf(scope, facts),
      groups: groupsOf(scope, resolved, mine),
      reaches: { people: reached.get(assignment.id) ?? 0, rooms },
      groupsReadAt: readAt.length === 0 || readAt.includes(null) ? null : Math.min(...readAt.map(Number)),
      directoryDown: security.some((group) => group !== undefined && group.failedAt !== null),
    }
  })
}

/**
 * Names of members, as far as they are known here on the side that names them: a partner's assignment never gives the name
 * or address of a person of the customer or of another partner, nor the customer's of a partner's, whatever ids it holds.
 */
export class Names {
  readonly #people = new Map<string, PersonTable>()
  readonly #groups = new Map<string, SecurityGroupTable>()

  constructor(people: readonly PersonTable[], groups: readonly SecurityGroupTable[]) {
    const sides = new Map<string, Set<LinkId | null>>()
    for (const row of people) {
      this.#people.set(keyOf(row.link, row.id), row).set(keyOf(row.link, row.objectId), row)
      sides.set(row.directory, (sides.get(row.directory) ?? new Set()).add(row.link))
    }
    for (const row of groups) for (const link of sides.get(row.directory) ?? []) this.#groups.set(keyOf(link, row.id), row)
  }

  group(link: LinkId | null, id: string): SecurityGroupTable | undefined {
    return this.#groups.get(keyOf(link, id))
  }

  /** Who was removed is named, and counts as unknown. */
  principal(link: LinkId | null, { kind, id }: Member): Principal {
    if (kind === 'group') {
      const group = this.group(link, id)
      return { kind, id, name: group?.name ?? id, email: '', known: group !== undefined }
    }
    const person = this.#people.get(keyOf(link, id))
    return { kind, id, name: person?.name ?? id, email: person?.email ?? '', known: person?.removedAt === null }
  }
}

const keyOf = (link: LinkId | null, id: string): string => `${link ?? ''}/${id}`

function peopleReached(resolved: ResolvedPolicy, people: readonly PersonTable[]): Map<AssignmentId, number> {
  const reached = new Map<AssignmentId, number>()
  for (const row of people) {
    for (const { assignment } of assignmentsOf(resolved, subjectOf(row))) reached.set(assignment.id, (reached.get(assignment.id) ?? 0) + 1)
  }
  return reached
}

const roomsOf = (scope: AssignmentScope, facts: ReadonlyMap<RoomId, RoomFacts>): AssignmentView['rooms'] =>
  scope === 'all'
    ? []
    : scope.rooms.slice(0, limits.listRows).flatMap((id) => {
        const room = facts.get(id)
        return room ? [{ id, name: room.name, building: room.place.building }] : []
      })

function groupsOf(scope: AssignmentScope, { policy, groups }: ResolvedPolicy, mine: 'all' | ReadonlySet<RoomId>): AssignmentView['groups'] {
  if (scope === 'all') return []
  const named = new Set(scope.groups)
  return policy.groups
    .filter(({ id }) => named.has(id))
    .map(({ id, name }) => {
      const rooms = groups.get(id) ?? []
      return { id, name, rooms: mine === 'all' ? rooms.length : rooms.filter((room) => mine.has(room)).length }
    })
}
