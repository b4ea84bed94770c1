/**
 * What the product keeps, for how long, and what happens then: every kind of data has its end here, and what is deleted is deleted by
 * these numbers. A test on either side fails for a table or a kind that is not named (`service/retention.test.ts`,
 * `main/cache/retention.test.ts`); `docs/retention.md` is made from it.
 */

export const dayMs = 24 * 3_600_000

/** Days, unless the name says otherwise. */
export const kept = {
  /** Audit records (AUD-1). */
  auditDays: 180,
  /** Rows of the log of remote sessions, and recordings at most (REM-8). */
  sessionDays: 180,
  /** Stored outcomes of commands, with their receipts: longer than a command may be old (`commandMaxAgeMs`). */
  outcomeDays: 60,
  /** A decided request of a partner, after it would have expired. The audit log keeps it longer. */
  requestDays: 30,
  /** Generations of a tenant's data, the newest: one for each run of the service that wrote to it. A cursor from before gets a snapshot. */
  generations: 500,
  /** A resolved incident to which nothing happens, in the change log; an entry of a finished opening, too. Then they are asked for. */
  resolvedDays: 7,
  /** An entry that has left the change log. */
  pastEntryDays: 90,
  /** What somebody was told, in their list; and a delivery, after it was made or given up (INC-6). */
  noticeDays: 30,
  deliveryDays: 90,
  /** That a document is gone: a console that was away for longer compares its whole copy. */
  removalDays: 30,
  /** Transitions of rooms, at least: they go by whole months. */
  transitionDays: 90,
  /** Transitions of rooms that an operator opened, in a console. */
  windowDays: 14,
  /** Rooms of which a console keeps them; the one not looked at for longest goes. */
  windowRooms: 200,
  /** A suppression that has ended, and what it hid. */
  suppressionDays: 90,
  /** Rejected reports of one device, the newest. */
  rejectedReports: 100,
} as const

/** How long: so many days, so many of the newest, or as long as what it belongs to. */
type Span = { readonly days: number; readonly after?: string } | { readonly newest: number } | { readonly asLongAs: string }

export interface Retention {
  /** What it is, in a few words. */
  readonly what: string
  readonly kept: Span
  /** What happens at the end; left out: it is deleted. */
  readonly end?: string
}

/** A document: how long the service has it, and a console its copy. */
interface SyncedRetention extends Retention {
  /** Left out: as long as the service, and as the person may see it. */
  readonly console?: Span
}

const tenant: Span = { asLongAs: 'the tenant' }
const room: Span = { asLongAs: 'the room' }
const person: Span = { asLongAs: 'the person has something to do with the tenant' }

/** What is synced to consoles. */
export const documents = {
  tenant: { what: "the organisation's name", kept: tenant },
  me: { what: 'a person with their access', kept: person },
  settings: { what: 'settings', kept: tenant },
  room: { what: 'a room: its name and place, its state and its signals', kept: room },
  device: { what: "a room's device, and what its good signals say of their parts", kept: room },
  incident: { what: 'an incident', kept: room, console: { days: kept.resolvedDays, after: 'it was resolved' } },
  entry: {
    what: "an entry of an incident's history",
    kept: { days: kept.pastEntryDays, after: 'consoles have let it go' },
    console: { days: kept.resolvedDays, after: 'what it is about was resolved' },
  },
  receipt: { what: 'that a command was applied', kept: { days: kept.outcomeDays } },
  policy: { what: 'that roles, groups or links changed', kept: tenant },
  request: { what: "a partner's request that was decided", kept: { days: kept.requestDays }, end: 'deleted; the audit log has it' },
  notice: {
    what: 'what a person was told',
    kept: { days: kept.noticeDays },
    end: 'deleted; of more than 200 of one person the oldest, too',
  },
} as const satisfies Readonly<Record<string, SyncedRetention>>

/** The tables of the service. */
export const serviceTables = {
  tenant: { what: 'organisations', kept: tenant },
  document: {
    what: 'what is synced to consoles, by its kind, and what was removed of it',
    kept: { asLongAs: `its kind, above; what was removed, ${kept.removalDays} days` },
  },
  pastDocument: {
    what: 'incidents that were resolved and their entries, when consoles have let them go',
    kept: { asLongAs: 'their kind, above' },
  },
  transition: {
    what: 'what happened to rooms, and when: the history of each',
    kept: { days: kept.transitionDays },
    end: 'deleted by whole months, so at most a month later',
  },
  person: { what: 'people who were seen or given something', kept: tenant, end: 'stays known by name, for what they did' },
  assignment: { what: 'assignments', kept: { asLongAs: 'nobody deletes them' } },
  role: { what: 'custom roles', kept: { asLongAs: 'nobody deletes them' } },
  roomGroup: { what: 'groups of rooms', kept: { asLongAs: 'nobody deletes them' } },
  link: { what: 'links to partners', kept: { asLongAs: 'nobody ends them' } },
  request: { what: 'requests of partners', kept: { days: kept.requestDays }, end: 'deleted; the audit log has them' },
  securityGroup: { what: 'security groups that assignments name', kept: { asLongAs: 'an assignment names them' } },
  generation: { what: "generations of a tenant's data", kept: { newest: kept.generations } },
  auditChain: { what: 'where the audit log starts and ends', kept: tenant },
  audit: { what: 'the audit log', kept: { days: kept.auditDays }, end: 'deleted, the oldest first; a record says so' },
  device: { what: 'devices with their keys', kept: tenant, end: 'a revoked key stays known, so that it is refused' },
  deviceProgress: { what: 'how far a device has reported', kept: { asLongAs: 'the device has not enrolled anew' } },
  roomState: { what: 'what the rules remember of a room', kept: room },
  checkpoint: {
    what: 'what the rules remembered of a room at moments: each night that it changed, and when its history does not tell all',
    kept: { days: kept.transitionDays },
    end: 'deleted; the last one from before stays',
  },
  rejectedReport: { what: 'reports of a device that were rejected', kept: { newest: kept.rejectedReports } },
  notifyRule: { what: 'rules of who is told what', kept: { asLongAs: 'nobody deletes them, and the person is there' } },
  endpoint: { what: 'where others are told, with its secret', kept: { asLongAs: 'nobody deletes it' } },
  delivery: { what: 'what was told whom, or is to be', kept: { days: kept.deliveryDays } },
  notifyCursor: { what: 'how far what happened has been told', kept: tenant },
  notifyEpisode: { what: 'the opening of an incident that was last to be told', kept: { asLongAs: 'the incident' } },
  suppression: { what: 'suppressions and maintenance windows', kept: { days: kept.suppressionDays, after: 'they ended' } },
  suppressionRoom: { what: 'the rooms that a suppression is over', kept: { asLongAs: 'the suppression' } },
  hiddenFault: { what: 'what a suppression hid', kept: { asLongAs: 'the suppression' } },
  enrolmentKey: { what: 'the self-enrolment key', kept: { asLongAs: 'nobody resets it' } },
  commandOutcome: { what: 'outcomes of commands', kept: { days: kept.outcomeDays } },
  settingsHistory: { what: 'settings from when to when', kept: tenant },
  remoteSession: { what: 'the log of remote sessions', kept: { days: kept.sessionDays } },
  recordingChunk: {
    what: 'recordings of remote sessions',
    kept: { days: kept.sessionDays },
    end: 'deleted; a tenant may set fewer days; the log of sessions says so',
  },
  serviceValue: { what: "the service's own name and keys", kept: { asLongAs: 'the service' } },
  issuerState: { what: 'sign-ins of the embedded issuer', kept: { asLongAs: 'they are valid' } },
  directoryTenant: { what: 'organisations of the embedded directory', kept: { asLongAs: 'nobody deletes them' } },
  directoryAccount: { what: 'accounts of the embedded directory', kept: { asLongAs: 'nobody deletes them' } },
  directoryGroup: { what: 'security groups of the embedded directory', kept: { asLongAs: 'nobody deletes them' } },
  schemaVersion: { what: 'versions of the database', kept: { asLongAs: 'the service' } },
} as const satisfies Readonly<Record<string, Retention>>

const copy: Span = { asLongAs: 'the document' }

/** The tables of a console: of its copy, which goes as a whole when the offline lease ends (ACC-8), and of what was not sent yet. */
export const consoleTables = {
  meta: { what: 'how far the copy goes', kept: { asLongAs: 'the copy' } },
  document: { what: 'the copy of what the person may see', kept: { asLongAs: 'the service has it and the person may see it' } },
  room_list: { what: 'rooms, for lists', kept: copy },
  room_words: { what: 'words of rooms, for search', kept: copy },
  incident_list: { what: 'incidents, for lists', kept: copy },
  room_total: { what: 'how many rooms are in each state', kept: copy },
  incident_total: { what: 'how many incidents are in each state', kept: copy },
  flow_total: { what: 'how many incidents opened, were acknowledged and resolved in each hour, and how long that took', kept: copy },
  incident_words: { what: 'words of incidents, for search', kept: copy },
  room_names: { what: 'names of rooms, for the palette', kept: copy },
  entry_list: { what: 'entries of incidents, by time', kept: copy },
  room_window: {
    what: 'of which rooms the history is here: those that the operator opened, the latest',
    kept: { newest: kept.windowRooms },
  },
  transition: { what: 'the history of those rooms', kept: { days: kept.windowDays }, end: 'deleted here; the service is asked for it' },
  command: {
    what: 'what the operator did, in a file of its own',
    kept: { asLongAs: 'the service has not confirmed it' },
    end: 'a refused one stays until the operator discards it',
  },
} as const satisfies Readonly<Record<string, Retention>>
