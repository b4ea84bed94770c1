import { auditOfIncident, checkIncident, type CommandHandler, incidentOf } from '../ground/commands/handler.ts'

/** Takes an incident out of its storm until it is resolved, or lets it be a part of one again (INC-3). */
export const standAlone: CommandHandler<'incident.standAlone'> = {
  check: (command, context) => checkIncident(command.type, command.incident, context),
  async apply({ type, incident: id, alone }, context) {
    const { tx } = context
    const before = await incidentOf(id, context)
    if ((before.alone ?? false) === alone) return null
    const { alone: _, storm, ...rest } = before
    const incident = { ...rest, ...(alone ? { alone: true as const } : {}), changedAt: tx.at }
    tx.put('incident', incident)
    return auditOfIncident(incident, type, context, { alone, ...(storm ? { storm: storm.number } : {}) })
  },
}
