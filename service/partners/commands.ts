import type { AskDeps } from '../access/membership/asked.ts'
import { type CommandHandlers, handle, handleAsking } from '../ground/commands/commands.ts'
import type { GroundDeps } from '../ground/deps.ts'
import { accept, deny, leave, setTenantManagers } from './invitations.ts'
import { change, invite, remove } from './linkCommands.ts'
import { decide, withdraw } from './requests.ts'

/** Links of customers with their partners, from both sides, and what waits for a customer's decision (PAR-1 to PAR-6). */
export const partnerCommands = (deps: AskDeps & Pick<GroundDeps, 'commands'>): Partial<CommandHandlers> => ({
  'partner.invite': handleAsking(invite(deps)),
  'partner.change': handleAsking(change(deps)),
  'partner.remove': handleAsking(remove(deps)),
  'invitation.accept': handleAsking(accept(deps)),
  'invitation.deny': handleAsking(deny(deps)),
  'customer.leave': handle(leave),
  'tenantManagers.set': handleAsking(setTenantManagers(deps)),
  'request.decide': handleAsking(decide(deps)),
  'request.withdraw': handle(withdraw),
})
