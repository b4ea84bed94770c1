import { auditOfIncident, checkIncident, type CommandHandler, incidentOf, personRefOf } from '../ground/commands/handler.ts'
import { attend } from './actions.ts'
import type { IncidentDeps } from './deps.ts'
import { putEntry } from './entries.ts'

/** Somebody is on it (INC-5). Says nothing about the signal: it clears when the incident resolves. */
export const acknowledge = ({ rooms }: Pick<IncidentDeps, 'rooms'>): CommandHandler<'incident.acknowledge'> => ({
  check: (command, context) => checkIncident(command.type, command.incident, context),
  async apply({ type, incident: id, note }, context) {
    const text = note === undefined ? {} : { note }
    const incident = await attend(rooms, context.tx, id, { by: personRefOf(context.caller), at: context.actedAt, ...text })
    putEntry(
      incident,
      { kind: 'acknowledged', ...(note === undefined ? {} : { text: note }) },
      { ...context, actedAt: incident.acknowledged?.at ?? context.actedAt },
    )
    return auditOfIncident(incident, type, context, text)
  },
})

/** Takes the acknowledgement back, so that a warning ages again. */
export const unacknowledge = ({ rooms }: Pick<IncidentDeps, 'rooms'>): CommandHandler<'incident.unacknowledge'> => ({
  check: (command, context) => checkIncident(command.type, command.incident, context),
  async apply({ type, incident: id }, context) {
    const before = await incidentOf(id, context)
    if (!before.acknowledged && before.status !== 'resolved') return null
    const incident = await attend(rooms, context.tx, id, null)
    putEntry(incident, { kind: 'unacknowledged' }, context)
    return auditOfIncident(incident, type, context)
  },
})
