import type { Command } from '../../../contract/commands.ts'
import type { Assignment, CustomRole, Policy, RoomGroup } from '../../../contract/policy.ts'
import { policyOf } from '../../access/policies.ts'
import type { TenantReader } from '../../ground/store/reader.ts'
import { exportPolicy } from '../../policyFile/export.ts'

/** A policy file as somebody writes it who takes today's and edits it by hand. */

/** With what this command would save, and without what it would delete. */
export async function editedFile(read: TenantReader, edit: Command): Promise<string> {
  const policy = edited(await policyOf(read.tables), edit)
  return exportPolicy(policy, { tenant: 'contoso', rooms: await read.roomFacts(), members: new Map() })
}

function edited(policy: Policy, edit: Command): Policy {
  switch (edit.type) {
    case 'role.save': {
      const { role: id, name, description, permissions } = edit
      return { ...policy, roles: withOne<CustomRole>(policy.roles, { id, link: null, name, description, permissions }) }
    }
    case 'role.delete': {
      const assignments = policy.assignments.filter(({ role }) => role !== edit.role)
      return { ...policy, roles: policy.roles.filter(({ id }) => id !== edit.role), assignments }
    }
    case 'assignment.save': {
      const { type: _, assignment: id, ...rest } = edit
      return { ...policy, assignments: withOne<Assignment>(policy.assignments, { id, link: null, builtIn: false, ...rest }) }
    }
    case 'assignment.delete':
      return { ...policy, assignments: policy.assignments.filter(({ id }) => id !== edit.assignment) }
    case 'group.save': {
      const { group: id, name, description, rooms, rule } = edit
      return { ...policy, groups: withOne<RoomGroup>(policy.groups, { id, name, description, rooms, rule }) }
    }
    case 'group.delete':
      return { ...policy, groups: policy.groups.filter(({ id }) => id !== edit.group) }
    case 'partner.change': {
      const { changeControl, remoteAccess, multiFactor } = edit
      return { ...policy, links: policy.links.map((link) => ({ ...link, changeControl, remoteAccess, multiFactor })) }
    }
    case 'partner.remove':
      return { ...policy, links: [] }
    default:
      return policy
  }
}

const withOne = <T extends { readonly id: string }>(items: readonly T[], one: T): T[] => [...items.filter(({ id }) => id !== one.id), one]
