import type { Entry, Incident } from '../../contract/entities.ts'
import { EntryId } from '../../contract/ids.ts'
import { type CommandContext, personRefOf } from '../ground/commands/handler.ts'

/** Adds what a person did to an incident's history; it stands at the moment they did it. */
export function putEntry(incident: Incident, what: Pick<Entry, 'kind' | 'text' | 'owner'>, { tx, caller, actedAt }: CommandContext): void {
  tx.put('entry', {
    id: EntryId.parse(tx.ids()),
    incident: incident.id,
    room: incident.room,
    actor: { kind: 'person', ...personRefOf(caller) },
    at: actedAt,
    receivedAt: tx.at,
    ...what,
  })
}
