import { RoomkeeperError } from '../../contract/errors.ts'
import { isReportedByHand } from '../../contract/signals.ts'
import { auditOfIncident, checkIncident, type CommandHandler, incidentOf } from '../ground/commands/handler.ts'
import type { IncidentDeps } from './deps.ts'
import { putEntry } from './entries.ts'
import { closedReport, reportsWith } from './reports.ts'

/** What people reported is over, and why (INC-4). Its reporter is told (service/notifications); others resolve by themselves. */
export const close = ({ rooms }: Pick<IncidentDeps, 'rooms'>): CommandHandler<'issue.close'> => ({
  check: (command, context) => checkIncident(command.type, command.incident, context),
  async apply({ type, incident: id, reason }, context) {
    const { tx, actedAt } = context
    const before = await incidentOf(id, context)
    if (!isReportedByHand(before)) throw new RoomkeeperError('incident.notByHand')
    if (before.status === 'resolved') throw new RoomkeeperError('incident.resolved')
    const incident = closedReport(before, actedAt, tx.at)
    tx.put('incident', incident, before)
    putEntry(incident, { kind: 'closed', text: reason }, { ...context, actedAt: incident.resolvedAt ?? actedAt })
    const work = rooms.within(tx)
    await work.load([incident.room])
    work.take(incident.room, { type: 'reports', ...reportsWith(work.room(incident.room).state, incident, -1) })
    await work.flush()
    return auditOfIncident(incident, type, context, { reason })
  },
})
