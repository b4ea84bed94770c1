import type { Command } from '../../../contract/commands.ts'
import { incidentOf, keyOf, organisations, type Organisation, people, rooms } from './cast.ts'
import { type Assignment, type Facts, holds, subjectOf, type TenantFacts } from './facts.ts'
import { isLasting, lastingPeople } from './laws.ts'

/** What the service may do by itself: keep the last Pro Manager or primary admin (ACC-3, PAR-3). */

/** Whether an assignment differs by nothing but people who were named because nobody else would have been left. */
function isKept(was: Assignment | undefined, now: Assignment | undefined, allowed: readonly string[]): boolean {
  if (!was || !now || !isLasting(now)) return false
  const { members: before, ...rest } = was
  const { members: after, ...others } = now
  if (JSON.stringify(rest) !== JSON.stringify(others)) return false
  const had = before.map(({ kind, id }) => `${kind}/${id}`)
  const has = after.map(({ kind, id }) => `${kind}/${id}`)
  return (
    had.every((member) => has.includes(member)) &&
    has.every((member) => had.includes(member) || allowed.some((id) => member === `person/${id}`))
  )
}

type Part = 'rooms' | 'owners' | 'roles' | 'groups' | 'assignments' | 'link'
const everything: readonly Part[] = ['rooms', 'owners', 'roles', 'groups', 'assignments', 'link']

/** Which part of a tenant a command may change, and of which id; without one: any. */
function partsOf(command: Command, { assignments }: TenantFacts): readonly (readonly [Part, string?])[] {
  switch (command.type) {
    case 'rooms.rename':
    case 'rooms.move':
    case 'rooms.replace':
      return command.rooms.map((id) => ['rooms', id])
    case 'incident.assign':
      return [['owners', command.incident]]
    case 'role.save':
      return [['roles', command.role]]
    case 'role.delete':
      return [
        ['roles', command.role],
        ...Object.keys(assignments).flatMap((id) => (assignments[id]?.role === command.role ? [['assignments', id] as const] : [])),
      ]
    case 'assignment.save':
      return assignments[command.assignment]?.builtIn
        ? [['assignments', command.assignment], ['link']]
        : [['assignments', command.assignment]]
    case 'assignment.delete':
      return [['assignments', command.assignment]]
    case 'group.save':
    case 'group.delete':
      return [['groups', command.group]]
    case 'tenantManagers.set':
      return [['assignments']]
    case 'policy.import':
      return everything.filter((part) => part !== 'rooms' && part !== 'owners').map((part) => [part])
    case 'partner.invite':
    case 'partner.change':
      return [['link']]
    case 'partner.remove':
    case 'invitation.accept':
    case 'invitation.deny':
    case 'customer.leave':
      return [['link'], ['roles'], ['assignments']]
    default:
      return []
  }
}

/** A command, and whether what it saves is made anew, since what has its id is hidden from its sender. */
export interface Changing {
  readonly command: Command
  readonly isNew: boolean
}

/** What became otherwise that none of these commands changes; without any: nothing may. */
export function otherwise(
  before: Facts,
  after: Facts,
  known: Facts['directories'],
  commands: readonly Changing[] = [],
): string | undefined {
  for (const at of organisations) {
    const [was, now] = [before.tenants[at], after.tenants[at]]
    const touched = commands.flatMap(({ command, isNew }) => partsOf(command, was).map(([part, id]) => ({ part, id, isNew })))
    for (const part of everything) {
      if (touched.some((one) => one.part === part && one.id === undefined)) continue
      if (part === 'link') {
        if (JSON.stringify(was.link) !== JSON.stringify(now.link)) return `the link of ${at} is another one`
        continue
      }
      for (const id of new Set([...Object.keys(was[part]), ...Object.keys(now[part])])) {
        if (touched.some((one) => one.part === part && (one.isNew ? !(id in was[part]) : one.id === id))) continue
        if (JSON.stringify(was[part][id]) === JSON.stringify(now[part][id])) continue
        if (part === 'owners' && now.owners[id] === undefined && isOutOfSight({ after, known }, at, id, was.owners[id])) continue
        if (part === 'assignments' && isKept(was.assignments[id], now.assignments[id], keptOf(before, at, was.assignments[id]))) continue
        return `${part} ${id} of ${at} became ${JSON.stringify(now[part][id])}`
      }
    }
  }
  return undefined
}

/** Whether the owner of an incident does not see its room any more, by the directories as they are or as they are known. */
const isOutOfSight = (
  { after, known }: { after: Facts; known: Facts['directories'] },
  at: Organisation,
  id: string,
  owner: string | undefined,
): boolean => [after, { ...after, directories: known }].some((facts) => !seesIncident(facts, at, id, owner))

/** Whether somebody, by key, sees an incident. */
export function seesIncident(facts: Facts, at: Organisation, id: string, key: string | undefined): boolean {
  const person = people.find((one) => keyOf(one) === key)
  const subject = person && subjectOf(person, facts)
  const room = rooms[at].find((one) => incidentOf(one) === id)
  const place = room && facts.tenants[at].rooms[room.id]
  return subject !== undefined && place !== undefined && holds(facts, at, subject, 'incidents.view', place)
}

/** Who may be named so: people who are in the directory of that side. */
const keptOf = ({ directories }: Facts, at: Organisation, assignment: Assignment | undefined): readonly string[] =>
  directories[assignment?.link == null ? at : 'fabrikam'].people

/** After directories were read: nothing else changed, and nobody is locked out who could be kept in. */
export function checkLasting(before: Facts, after: Facts, known: Facts['directories']): string | undefined {
  const changed = otherwise(before, after, known)
  if (changed !== undefined) return changed
  for (const at of organisations) {
    const { link } = after.tenants[at]
    for (const side of [null, ...(link?.active ? [link.id] : [])]) {
      const home = side === null ? at : 'fabrikam'
      const there = Object.values(after.tenants[at].assignments).some((assignment) => assignment.link === side && isLasting(assignment))
      // Of whom nobody is in the directory any more, a Global Administrator or the partner's own managers take over.
      if (there && lastingPeople(after, at, side).length === 0 && after.directories[home].people.length > 0 && side !== null) {
        if (lastingPeople(after, home, null).length > 0) return `the link of ${at} has no primary admin`
      }
    }
  }
  return undefined
}
