import type { Entry, EntryKind, Incident } from '../../contract/entities.ts'
import type { PersonId } from '../../contract/ids.ts'
import type { NotifyEvent } from '../../contract/notifications.ts'
import { signals, type Severity } from '../../contract/signals.ts'
import { type Happening, subjectOf } from './judge.ts'
import { mentions } from './mentions.ts'

/** What entries of incidents' histories tell, in the words of rules. */

const events: Readonly<Partial<Record<EntryKind, NotifyEvent>>> = {
  opened: 'opened',
  aged: 'raised',
  resolved: 'resolved',
  closed: 'resolved',
  assigned: 'assigned',
  comment: 'mentioned',
}

/** What an entry tells of, if anything. */
export const eventOf = ({ kind, owner }: Entry): NotifyEvent | undefined =>
  kind === 'assigned' && owner === undefined ? undefined : events[kind]

/**
 * `episode`: the entry that opened the opening at hand. `people`: who may be mentioned. What somebody reported is resolved when it is
 * closed, and they are told that it was.
 */
export function happeningsOf(
  entry: Entry,
  incident: Incident,
  episode: string,
  people: Iterable<{ readonly id: PersonId; readonly name: string }>,
): Happening[] {
  const event = eventOf(entry)
  if (event === undefined) return []
  const found = happeningOf(event, entry, incident, episode, people)
  const closed = entry.kind === 'closed' && incident.report ? happeningOf('closed', entry, incident, episode, people) : undefined
  return [found, closed].filter((one) => one !== undefined)
}

function happeningOf(
  event: NotifyEvent,
  entry: Entry,
  incident: Incident,
  episode: string,
  people: Iterable<{ readonly id: PersonId; readonly name: string }>,
): Happening | undefined {
  const about = aboutOf(event, entry, incident, people)
  if (event === 'mentioned' && about.size === 0) return undefined
  return {
    event,
    entry: entry.id,
    incident: incident.id,
    subject: subjectOf(incident),
    episode,
    room: incident.room,
    receivedAt: entry.receivedAt,
    severity: severityThen(event, incident),
    actor: entry.actor.kind === 'person' ? entry.actor.id : null,
    owner: incident.owner?.id ?? null,
    about,
  }
}

function aboutOf(
  event: NotifyEvent,
  { owner, text = '' }: Entry,
  { report }: Incident,
  people: Iterable<{ id: PersonId; name: string }>,
): Set<PersonId> {
  if (event === 'closed') return new Set(report ? [report.by.id] : [])
  if (event === 'assigned') return new Set(owner ? [owner.id] : [])
  if (event !== 'mentioned' || !text.includes('@')) return new Set()
  return new Set([...people].filter(({ name }) => mentions(text, name)).map(({ id }) => id))
}

/** An incident opens with the severity of its signal; what it counts for later is told as `raised`. */
function severityThen(event: NotifyEvent, { signal, severity, agedAt }: Incident): Severity {
  return event === 'opened' && agedAt !== undefined ? signals[signal].severity : severity
}
