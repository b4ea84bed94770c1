import type { Incident } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { IncidentId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { reportedByHand } from '../../contract/signals.ts'
import { checkRooms, type CommandContext, type CommandHandler, type CommandOf, personRefOf } from '../ground/commands/handler.ts'
import { roomsTouched, some } from '../ground/commands/touched.ts'
import type { IncidentDeps } from './deps.ts'
import { putEntry } from './entries.ts'
import { reportsWith } from './reports.ts'
import type { RoomState } from './state.ts'

type Report = CommandOf<'issue.report'>

/**
 * Somebody says that something is wrong in rooms (INC-4): each gets an incident of its own that needs action at once, and is unhealthy
 * until that is closed by hand.
 */
export const report = ({ rooms }: Pick<IncidentDeps, 'rooms'>): CommandHandler<'issue.report'> => ({
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply(command, context) {
    const { tx, caller } = context
    const known = await tx.getMany('incident', command.incidents)
    if (isAllThere(command, known, context)) return null
    const work = rooms.within(tx)
    await work.load(command.rooms)
    for (const room of command.rooms) checkRoom(room, work.room(room).state)
    const { rooms: ids, text, high } = command
    const first = await tx.nextIncidentNumber(ids.length)
    const made = ids.map((room, n) => {
      // Of another's incident nothing is told, not even that its id is taken.
      const wanted = command.incidents[n]
      const id = wanted === undefined || known.has(wanted) ? IncidentId.parse(tx.ids()) : wanted
      return incidentOf(command, { id, number: first + n, room }, context)
    })
    for (const incident of made) {
      tx.put('incident', incident)
      putEntry(incident, { kind: 'opened', text }, context)
      work.take(incident.room, { type: 'reports', ...reportsWith(work.room(incident.room).state, incident, 1) })
    }
    await work.flush()
    return {
      category: 'Incident',
      objectName: made.length === 1 ? `#${first}` : `#${first}–#${first + made.length - 1}`,
      operation: 'Create',
      detail: {
        action: command.type,
        report: command.report,
        incidents: some(made).map(({ id }) => id),
        ...(await roomsTouched(tx, ids)),
        text,
        high,
        by: caller.name,
      },
    }
  },
})

/** What was reported already by the same person under the same ids is not reported again. */
function isAllThere({ incidents, report: id }: Report, known: ReadonlyMap<string, Incident>, { caller }: CommandContext): boolean {
  return incidents.every((one) => {
    const there = known.get(one)?.report
    return there?.id === id && there.by.id === caller.person
  })
}

/** @throws RoomkeeperError incident.roomNotEnrolled, incident.tooManyReports */
function checkRoom(room: string, { lifecycle, reports }: RoomState): void {
  if (lifecycle !== 'enrolled') throw new RoomkeeperError('incident.roomNotEnrolled', { params: { room } })
  const { critical = 0, important = 0 } = reports ?? {}
  if (critical + important >= limits.reportsPerRoom) throw new RoomkeeperError('incident.tooManyReports', { params: { room } })
}

function incidentOf(
  { report: id, rooms, text, high }: Report,
  named: Pick<Incident, 'id' | 'number' | 'room'>,
  { tx, caller, actedAt }: CommandContext,
): Incident {
  return {
    ...named,
    signal: reportedByHand,
    severity: high ? 'critical' : 'important',
    status: 'needAction',
    value: 'unhealthy',
    since: actedAt,
    openedAt: actedAt,
    openings: 1,
    flapping: false,
    report: { id, by: personRefOf(caller), text, rooms: rooms.length },
    changedAt: tx.at,
  }
}
