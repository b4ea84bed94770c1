import { type CommandHandlers, handle } from '../ground/commands/commands.ts'
import { acknowledge, unacknowledge } from './acknowledge.ts'
import { assign } from './assign.ts'
import { close } from './close.ts'
import { comment } from './comment.ts'
import type { IncidentDeps } from './deps.ts'
import { report } from './report.ts'

/** What operators do with incidents (INC-4, INC-5). */
export const incidentCommands = (deps: Pick<IncidentDeps, 'rooms'>): Partial<CommandHandlers> => ({
  'incident.acknowledge': handle(acknowledge(deps)),
  'incident.unacknowledge': handle(unacknowledge(deps)),
  'incident.assign': handle(assign),
  'incident.comment': handle(comment),
  'issue.report': handle(report(deps)),
  'issue.close': handle(close(deps)),
})
