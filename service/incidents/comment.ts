import { auditOfIncident, checkIncident, type CommandHandler, incidentOf, personRefOf } from '../ground/commands/handler.ts'
import { putEntry } from './entries.ts'

/** A message in an incident's history (INC-2, INC-5); resolved ones can be commented too. */
export const comment: CommandHandler<'incident.comment'> = {
  check: (command, context) => checkIncident(command.type, command.incident, context),
  async apply({ type, incident: id, text }, context) {
    const { tx, caller, actedAt } = context
    const before = await incidentOf(id, context)
    // A comment that waited in an outbox may arrive behind one that was written later.
    const isNewest = (before.lastComment?.at ?? 0) <= actedAt
    const incident = {
      ...before,
      ...(isNewest ? { lastComment: { by: personRefOf(caller), at: actedAt, text } } : {}),
      changedAt: tx.at,
    }
    tx.put('incident', incident)
    putEntry(incident, { kind: 'comment', text }, context)
    return auditOfIncident(incident, type, context, { text })
  },
}
