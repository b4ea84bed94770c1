import { RoomkeeperError } from '../../contract/errors.ts'
import { permissionBeyond, roleIsBeyond } from '../../contract/escalation.ts'
import { mayHold, type ResolvedPolicy } from '../../contract/evaluate.ts'
import { type LinkId, RoleId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { CustomRole } from '../../contract/policy.ts'
import { type AskingHandler, checkPermitted, type CommandContext } from '../ground/commands/handler.ts'
import { assignmentTouched } from '../ground/commands/touched.ts'
import { reached } from '../ground/reach.ts'
import { putAssignment, sameAssignment } from './assignmentCommands.ts'
import { roleIsShown } from './explain.ts'
import { type AskDeps, asksDirectory, membersAsked } from './membership/asked.ts'
import type { Asked } from './membership/members.ts'
import { builtInNames, checkCount, checkName, isBuiltInRole, sameSide } from './names.ts'
import { changePolicy, checkTaken } from './policies.ts'

/**
 * Makes or changes a custom role, with its first assignment if there is one (ACC-5); a partner's person makes one of their own link
 * (PAR-4).
 */
export const saveRole = (deps: AskDeps): AskingHandler<'role.save', Asked> => ({
  ...asksDirectory(deps, async ({ first }, asker) => ({
    domains: [],
    ...(await membersAsked(deps, asker, asker.link ?? null, first?.members ?? [])),
  })),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, role: named, name, description, permissions: wanted, first }, context) {
    const { tx, caller } = context
    const permissions = [...new Set(wanted)]
    const {
      before,
      after,
      result: { id, assigned },
    } = await changePolicy(tx, caller.access, async (policy) => {
      const { id, known } = roleToSave(policy, named, context)
      const link = caller.link ?? null
      checkRole({ id, link, name, description, permissions }, policy, known, context)
      const beyond = permissionBeyond(
        policy,
        caller.access,
        permissions.filter((permission) => known?.permissions.includes(permission) !== true),
      )
      if (beyond) throw new RoomkeeperError('policy.escalation', { params: { permission: beyond } })
      const columns = { name, description, permissions: JSON.stringify(permissions) }
      if (known) {
        if (!sameRole(known, { name, description, permissions })) {
          checkUses(policy, id, context)
          await tx.update.role().where('id', '=', id).set(columns).execute()
        }
      } else await tx.insert.role({ id, link, ...columns }).execute()
      const assigned =
        first &&
        (await putAssignment(
          context,
          { ...first, role: id },
          {
            ...policy.policy,
            roles: [...policy.policy.roles.filter((role) => role.id !== id), { id, link, name, description, permissions }],
          },
          policy,
        ))
      return { id, assigned }
    })
    checkTaken({ before, after }, caller.access)
    const known = before.policy.roles.find((role) => role.id === id)
    const had = assigned && before.policy.assignments.find((assignment) => assignment.id === assigned.id)
    const sameFirst = assigned === undefined || (had !== undefined && sameAssignment(had, assigned))
    if (known && sameFirst && sameRole(known, { name, description, permissions })) return null
    const was = known ? { before: { name: known.name, description: known.description, permissions: known.permissions } } : {}
    const detail = {
      action: type,
      role: id,
      description,
      permissions,
      ...was,
      ...(assigned ? { first: await assignmentTouched(tx, assigned) } : {}),
    }
    return { category: 'Role', objectName: name, operation: known ? 'Update' : 'Create', detail }
  },
})

/** Deletes a custom role; its assignments go with it. */
export const deleteRole = (deps: AskDeps): AskingHandler<'role.delete', Asked> => ({
  ...asksDirectory(deps),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, role: id }, context) {
    const { tx, caller } = context
    const {
      before,
      after,
      result: role,
    } = await changePolicy(tx, caller.access, async (policy) => {
      const known = ownRole(policy, id, context)
      checkUses(policy, id, context)
      await tx.delete.assignment().where('role', '=', id).execute()
      await tx.delete.role().where('id', '=', id).execute()
      return known
    })
    checkTaken({ before, after }, caller.access)
    const assignments = []
    for (const one of before.policy.assignments) if (one.role === id) assignments.push(await assignmentTouched(tx, one))
    return {
      category: 'Role',
      objectName: role.name,
      operation: 'Delete',
      detail: { action: type, role: id, permissions: role.permissions, assignments },
    }
  },
})

/** In which order the permissions stand says nothing. */
const sameRole = (one: Pick<CustomRole, 'name' | 'description' | 'permissions'>, other: typeof one): boolean =>
  one.name === other.name &&
  one.description === other.description &&
  [...one.permissions].sort().join() === [...other.permissions].sort().join()

/**
 * The custom role that is the caller's to change.
 * @throws RoomkeeperError role.builtIn; role.notFound where there is none that they see; access.denied for a partner's, which
 * the customer sees and does not change.
 */
function ownRole(resolved: ResolvedPolicy, id: RoleId, { caller }: CommandContext): CustomRole {
  if (isBuiltInRole(id)) throw new RoomkeeperError('role.builtIn')
  const role = reached(
    resolved.policy.roles.find((one) => one.id === id),
    (one) => roleIsShown(caller.access, one, resolved),
    'role.notFound',
  )
  if (role.link !== (caller.link ?? null)) throw new RoomkeeperError('access.denied')
  return role
}

/**
 * A role is the same wherever it is given: it is changed and deleted by who manages roles in every room that it is assigned over.
 * @throws RoomkeeperError access.denied
 */
function checkUses(resolved: ResolvedPolicy, id: RoleId, { caller }: CommandContext): void {
  if (roleIsBeyond(resolved, id, caller.access)) throw new RoomkeeperError('access.denied')
}

/**
 * The role that is changed, or under which id a new one is kept: another one where the id given is of a role that the caller cannot see.
 */
function roleToSave(resolved: ResolvedPolicy, id: RoleId, context: CommandContext): { id: RoleId; known: CustomRole | undefined } {
  const there = resolved.policy.roles.find((role) => role.id === id)
  if (there && !roleIsShown(context.caller.access, there, resolved)) return { id: RoleId.parse(context.tx.ids()), known: undefined }
  return { id, known: there || isBuiltInRole(id) ? ownRole(resolved, id, context) : undefined }
}

/** @throws RoomkeeperError role.invalid, policy.tooMany */
function checkRole(role: CustomRole, resolved: ResolvedPolicy, known: CustomRole | undefined, { caller }: CommandContext): void {
  const { policy, links } = resolved
  const shown = sameSide(policy.roles, role.link).filter((one) => roleIsShown(caller.access, one, resolved))
  checkName('role.invalid', role, known, [...builtInNames, ...shown])
  checkCount(known !== undefined, policy.roles.length, limits.rolesPerTenant)
  const beyond = role.link === null ? undefined : beyondLink(role.link, role, links)
  if (beyond !== undefined)
    throw new RoomkeeperError('role.invalid', { field: 'permissions', detail: `A partner cannot hold ${beyond} here.` })
}

function beyondLink(id: LinkId, { permissions }: CustomRole, links: ResolvedPolicy['links']): string | undefined {
  const link = links.get(id)?.link
  return link && permissions.find((permission) => !mayHold(link, permission))
}
