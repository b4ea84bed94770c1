import { type Doc, type Kind, openIncidents } from '../../contract/entities.ts'
import { isGrave, type Severity, signalCodes, signals, type SignalCategory } from '../../contract/signals.ts'
import { parse, type StoredRow } from '../ground/store/documents.ts'

/**
 * Rows as consoles of version 2 of the feed know them: sixteen signals, each with its category in the incident, and of severities important
 * and warning alone. What they do not know at all is not sent to them.
 */

const lastSignal = 16
const kinds: ReadonlySet<Kind> = new Set<Kind>([
  'tenant',
  'me',
  'settings',
  'room',
  'device',
  'incident',
  'entry',
  'receipt',
  'policy',
  'request',
])

const categories: Readonly<Partial<Record<SignalCategory, string>>> = {
  account: 'connectivity',
  software: 'versioning',
  configuration: 'versioning',
  security: 'versioning',
}

/** Nothing, where such a console has no use for it. */
export function asVersion2(row: StoredRow): StoredRow[] {
  if (!kinds.has(row.kind)) return []
  if (row.body === null) return [row]
  if (row.kind === 'room') return [{ ...row, body: JSON.stringify(roomOf(parse<'room'>(row.body))) }]
  if (row.kind !== 'incident') return [row]
  const incident = parse<'incident'>(row.body)
  return signalCodes[incident.signal] > lastSignal ? [] : [{ ...row, body: JSON.stringify(incidentOf(incident)) }]
}

const severityOf = (severity: Severity): Severity => (isGrave(severity) ? 'important' : 'warning')

function incidentOf(incident: Doc<'incident'>) {
  const { category } = signals[incident.signal]
  return { ...incident, category: categories[category] ?? category, severity: severityOf(incident.severity) }
}

function roomOf(room: Doc<'room'>) {
  const { critical = 0, important, investigating } = room.incidents
  const grave = critical + important
  // What is suppressed says nothing of how it is.
  const health = room.health === 'suppressed' ? 'unknown' : room.health
  return { ...room, health, incidents: { important: grave, warning: openIncidents(room.incidents) - grave, investigating } }
}
