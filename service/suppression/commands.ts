import { type CommandHandlers, handle } from '../ground/commands/commands.ts'
import { confirm } from './confirm.ts'
import type { SettleDeps } from './deps.ts'
import { end } from './end.ts'
import { save } from './save.ts'

export const suppressionCommands = (deps: SettleDeps): Partial<CommandHandlers> => ({
  'suppression.save': handle(save(deps)),
  'suppression.end': handle(end(deps)),
  'suppression.confirm': handle(confirm(deps)),
})
