import { RoomkeeperError } from '../../contract/errors.ts'
import { putEntry } from './entries.ts'
import { auditOfIncident, checkIncident, type CommandHandler, incidentOf } from './handler.ts'

/** Gives an incident an owner, or none (INC-5). */
export const assign: CommandHandler<'incident.assign'> = {
  check: (command, context) => checkIncident(command.type, command.incident, context),
  async apply({ incident: id, owner: person }, context) {
    const { tx } = context
    const { owner: _, ...rest } = await incidentOf(id, context)
    const owner = person === null ? undefined : await tx.tables.person().select(['id', 'name']).where('id', '=', person).executeTakeFirst()
    if (person !== null && !owner) throw new RoomkeeperError('incident.ownerUnknown')
    const incident = { ...rest, ...(owner ? { owner } : {}), changedAt: tx.at }
    tx.put('incident', incident)
    putEntry(incident, { kind: 'assigned', ...(owner ? { owner } : {}) }, context)
    return auditOfIncident(incident, 'assign', { owner: person })
  },
}
