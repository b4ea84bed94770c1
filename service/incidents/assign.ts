import type { PersonRef } from '../../contract/entities.ts'
import type { PersonId, RoomId } from '../../contract/ids.ts'
import { ownerTest, personIsShown } from '../access/explain.ts'
import { auditOfIncident, checkIncident, type CommandContext, type CommandHandler, incidentOf } from '../ground/commands/handler.ts'
import { reached } from '../ground/reach.ts'
import { putEntry } from './entries.ts'

/** Gives an incident an owner, or none (INC-5). */
export const assign: CommandHandler<'incident.assign'> = {
  check: (command, context) => checkIncident(command.type, command.incident, context),
  async apply({ type, incident: id, owner: person }, context) {
    const { tx } = context
    const { owner: before, ...rest } = await incidentOf(id, context)
    const owner = person === null ? undefined : await ownerOf(person, rest.room, context)
    if (owner?.id === before?.id) return null
    const incident = { ...rest, ...(owner ? { owner } : {}), changedAt: tx.at }
    tx.put('incident', incident)
    putEntry(incident, { kind: 'assigned', ...(owner ? { owner } : {}) }, context)
    return auditOfIncident(incident, type, context, {
      owner: person,
      ...(owner ? { ownerName: owner.name } : {}),
      ...(before ? { before: { owner: before.id, ownerName: before.name } } : {}),
    })
  },
}

/**
 * Nobody has work that they cannot see. Who does not see the room is answered like who is not known.
 * @throws RoomkeeperError incident.ownerUnknown for who is not among the people that `/v1/people/owners` names to the caller.
 */
async function ownerOf(id: PersonId, room: RoomId, { tx, caller }: CommandContext): Promise<PersonRef> {
  const me = await tx.get('me', id)
  const there = await tx.tables
    .person()
    .select(['id', 'name', 'link'])
    .where('id', '=', id)
    .where('removedAt', 'is', null)
    .executeTakeFirst()
  const isShown = me !== undefined && (id === caller.person || personIsShown(caller.access, me.access)) && ownerTest([room])(me.access)
  const row = reached(there, isShown, 'incident.ownerUnknown')
  const partner = row.link === null ? undefined : await tx.tables.link().select('partnerName').where('id', '=', row.link).executeTakeFirst()
  return { id: row.id, name: row.name, ...(partner ? { organisation: partner.partnerName } : {}) }
}
