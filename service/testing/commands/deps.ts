import { accessCommands } from '../../access/commands.ts'
import type { AskDeps } from '../../access/membership/asked.ts'
import { callerWithin } from '../../access/service.ts'
import { Commands } from '../../ground/commands/commands.ts'
import type { GroundDeps } from '../../ground/deps.ts'
import { incidentCommands } from '../../incidents/commands.ts'
import type { IncidentDeps } from '../../incidents/deps.ts'
import { notificationCommands } from '../../notifications/commands.ts'
import { approvals } from '../../partners/approvals.ts'
import { partnerCommands } from '../../partners/commands.ts'
import { policyFileCommands } from '../../policyFile/import.ts'
import { roomCommands } from '../../rooms/commands.ts'
import { suppressionCommands } from '../../suppression/commands.ts'

export type GivenForCommands = AskDeps & Pick<GroundDeps, 'metrics' | 'refusals'> & Pick<IncidentDeps, 'rooms'>
export type CommandDeps = GivenForCommands & Pick<GroundDeps, 'commands' | 'approvals' | 'access'>

/** What commands go through, with every command of the service; nobody signs in. */
export function commandDeps(given: GivenForCommands): CommandDeps {
  const access = {
    within: callerWithin,
    authenticate: async () => {
      throw new Error('Nobody signs in here.')
    },
  }
  const deps = { ...given, commands: new Commands(), approvals, access }
  for (const handlers of [accessCommands, incidentCommands, roomCommands, suppressionCommands, partnerCommands, policyFileCommands])
    deps.commands.add(handlers(deps))
  deps.commands.add(notificationCommands({ store: deps.store, tester: async () => ({ ok: true, status: 204 }) }))
  return deps
}
