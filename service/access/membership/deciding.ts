import type { Command } from '../../../contract/commands.ts'
import type { AssignmentId, LinkId, TenantId } from '../../../contract/ids.ts'
import type { Assignment, AssignmentScope, Policy } from '../../../contract/policy.ts'
import { system } from '../../ground/store/transaction.ts'
import type { AccessDeps } from '../deps.ts'
import { isLasting } from '../lastOnes.ts'
import { policyOf } from '../policies.ts'
import { keepReading, readInTime } from './reading.ts'
import { someSourcesOf } from './sources.ts'

/**
 * Before a command on the policy is decided, and before its effect is shown, what it is decided by is read from the
 * directory, and kept by itself: whoever has left a security group, or was removed, counts no more. What cannot be read in
 * time is marked so; who decides looks at that. `byFile`: the assignments that the command's policy file touches.
 */
export async function readDeciding(
  { store, directory, clock }: Pick<AccessDeps, 'store' | 'directory' | 'clock'>,
  tenant: TenantId,
  side: LinkId | null,
  command: Command,
  byFile: ReadonlySet<AssignmentId> = new Set(),
): Promise<void> {
  if (!decides.has(command.type)) return
  const deciding = decidingOf(command, side, await policyOf(store.read(tenant, 'wholeTenant').tables), byFile)
  for (const source of await someSourcesOf(store, tenant, deciding)) {
    const reading = await readInTime({ directory, clock }, source)
    await store.write(tenant, system, (tx) => keepReading(tx, reading))
  }
}

const decides: ReadonlySet<Command['type']> = new Set<Command['type']>([
  'role.save',
  'role.delete',
  'assignment.save',
  'assignment.delete',
  'group.save',
  'group.delete',
  'partner.change',
  'partner.remove',
  'policy.import',
])

/** The assignments that it changes, and those of which somebody must stay. */
function decidingOf(
  command: Command,
  side: LinkId | null,
  { assignments: all, links }: Policy,
  byFile: ReadonlySet<AssignmentId>,
): readonly Assignment[] {
  // A partner changes nothing but its own: what is hidden from it takes no longer than what is missing.
  const assignments = side === null ? all : all.filter(({ link }) => link === side)
  switch (command.type) {
    case 'assignment.save':
    case 'assignment.delete':
      return assignments.filter((one) => one.id === command.assignment || (one.link === side && isLasting(one)))
    case 'role.save': {
      const { role, first } = command
      // The first assignment may take the place of one that somebody must hold.
      const replaced = (one: Assignment): boolean => one.id === first?.assignment || (one.link === side && isLasting(one))
      return assignments.filter((one) => one.role === role || (first !== undefined && replaced(one)))
    }
    case 'role.delete':
      return assignments.filter((one) => one.role === command.role)
    case 'group.save':
    case 'group.delete': {
      const names = (scope: AssignmentScope): boolean => scope !== 'all' && scope.groups.includes(command.group)
      const over = new Set(links.filter(({ scope }) => names(scope)).map(({ id }) => id))
      return assignments.filter(({ scope, link }) => names(scope) || (link !== null && over.has(link)))
    }
    case 'partner.change':
    case 'partner.remove':
      return assignments.filter(({ link }) => link === command.link)
    default:
      return assignments.filter((one) => (one.link === side && isLasting(one)) || byFile.has(one.id))
  }
}
