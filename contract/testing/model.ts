import type { Subject } from '../evaluate.ts'
import type { RoomId } from '../ids.ts'
import { BuiltInRole, builtInRoles, type Permission } from '../permissions.ts'
import type { Assignment, AssignmentScope, GroupRule, Policy, RoomFacts } from '../policy.ts'

/**
 * Access by the words of the requirements, slowly: no index, no set, one question at a time. What the product answers is
 * compared with it.
 */

const letters = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().trim()

function fits(rule: GroupRule, room: RoomFacts): boolean {
  let met = 0
  for (const { field, is, value } of rule.conditions) {
    const has = letters(field === 'name' ? room.name : room.place[field])
    const wanted = letters(value)
    if (is === 'equal' && has === wanted) met += 1
    if (is === 'notEqual' && has !== wanted) met += 1
    if (is === 'contains' && has.indexOf(wanted) >= 0) met += 1
    if (is === 'startsWith' && has.indexOf(wanted) === 0) met += 1
  }
  return rule.match === 'all' ? met === rule.conditions.length : met > 0
}

function covers(policy: Policy, scope: AssignmentScope, room: RoomFacts): boolean {
  if (scope === 'all') return true
  if (scope.rooms.includes(room.id)) return true
  for (const id of scope.groups) {
    for (const group of policy.groups) {
      if (group.id === id && (group.rooms.includes(room.id) || (group.rule !== null && fits(group.rule, room)))) return true
    }
  }
  return false
}

function names(assignment: Assignment, subject: Subject): boolean {
  if (subject.removed) return false
  for (const { kind, id } of assignment.members) {
    if (kind === 'person' && (id === subject.id || id === subject.objectId)) return true
    if (kind === 'group' && subject.groups.includes(id)) return true
  }
  return false
}

function permits(policy: Policy, assignment: Assignment, permission: Permission): boolean {
  const builtIn = BuiltInRole.options.find((role) => role === assignment.role)
  if (assignment.link === null) {
    if (builtIn) return builtIn !== 'primaryAdmin' && builtInRoles[builtIn].permissions.includes(permission)
    return policy.roles.some((role) => role.id === assignment.role && role.link === null && role.permissions.includes(permission))
  }
  const link = policy.links.find(({ id }) => id === assignment.link)
  if (link?.status !== 'active') return false
  const remote = permission === 'remoteAccess.view' || permission === 'remoteAccess.modify'
  if (remote ? !link.remoteAccess : !builtInRoles.primaryAdmin.permissions.includes(permission)) return false
  if (builtIn) return builtIn === 'primaryAdmin' && builtInRoles.primaryAdmin.permissions.includes(permission)
  return policy.roles.some((role) => role.id === assignment.role && role.link === assignment.link && role.permissions.includes(permission))
}

function reaches(policy: Policy, assignment: Assignment, room: RoomFacts): boolean {
  if (assignment.link === null) return assignment.role === 'proManager' || covers(policy, assignment.scope, room)
  const link = policy.links.find(({ id }) => id === assignment.link)
  if (!link || !covers(policy, link.scope, room)) return false
  return assignment.builtIn || covers(policy, assignment.scope, room)
}

/** May this person use the permission on this room; without a room: at all? */
export function modelMay(policy: Policy, rooms: readonly RoomFacts[], subject: Subject, permission: Permission, room?: RoomId): boolean {
  if (
    subject.link === null &&
    subject.globalAdministrator &&
    !subject.removed &&
    permission !== 'remoteAccess.view' &&
    permission !== 'remoteAccess.modify'
  )
    return true
  const facts = rooms.find(({ id }) => id === room)
  for (const assignment of policy.assignments) {
    if (assignment.link !== subject.link || !names(assignment, subject) || !permits(policy, assignment, permission)) continue
    if (room === undefined || (facts !== undefined && reaches(policy, assignment, facts))) return true
  }
  return false
}

/** May this person use the permission over the whole of their own tenant, rooms to come included? */
export function modelEverywhere(policy: Policy, subject: Subject, permission: Permission): boolean {
  if (subject.link !== null) return false
  if (subject.globalAdministrator && !subject.removed && permission !== 'remoteAccess.view' && permission !== 'remoteAccess.modify')
    return true
  return policy.assignments.some((assignment) => {
    const whole = assignment.role === 'proManager' || assignment.scope === 'all'
    return assignment.link === null && whole && names(assignment, subject) && permits(policy, assignment, permission)
  })
}

/** Is this a Pro Manager or a Global Administrator of the tenant itself? */
export function modelManages(policy: Policy, subject: Subject): boolean {
  if (subject.link !== null) return false
  return (
    (subject.globalAdministrator && !subject.removed) ||
    policy.assignments.some((assignment) => assignment.link === null && assignment.role === 'proManager' && names(assignment, subject))
  )
}
