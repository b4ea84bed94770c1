import { z } from 'zod'
import { Access } from './access.ts'
import {
  CommandKey,
  DeviceId,
  EntryId,
  IncidentId,
  LinkId,
  Millis,
  PersonId,
  ReportId,
  RequestId,
  RoomId,
  SuppressionId,
  TenantId,
} from './ids.ts'
import { limits } from './limits.ts'
import { Notice } from './notifications.ts'
import { type Permission } from './permissions.ts'
import { RemoteFacts } from './remoteFacts.ts'
import { kept } from './retention.ts'
import { DeviceKind, Severity, SignalId, SignalValue } from './signals.ts'
import { HoldPreset, Holds, Switches } from './signalSettings.ts'
import { Storm } from './storms.ts'

/**
 * The documents that the service keeps per tenant and that consoles hold a copy of. Each has a kind, an id, the room
 * it belongs to (or none), the permission that reads it, and a revision that grows by one with each change: an older
 * revision never overwrites a newer one.
 */

const name = z.string().max(limits.nameChars)
const comment = z.string().max(limits.commentChars)
const deviceTextOut = z.string().max(limits.deviceTextChars)

export const Lifecycle = z.enum(['onboarding', 'enrolled', 'unenrolled'])
export type Lifecycle = z.infer<typeof Lifecycle>

/** By precedence: suppressed, disconnected, unhealthy, unknown, healthy (ROM-1). A new one comes last: checkpoints count them. */
export const Health = z.enum(['disconnected', 'unhealthy', 'unknown', 'healthy', 'suppressed'])
export type Health = z.infer<typeof Health>

export const Place = z.object({
  country: name,
  city: name,
  building: name,
  floor: name,
  /** IANA time zone of the room. */
  timeZone: z.string().max(64),
})
export type Place = z.infer<typeof Place>

export const DeviceProfile = z.enum(['windows-mtr', 'generic'])
export type DeviceProfile = z.infer<typeof DeviceProfile>

/** Where the device's private key lives (ENR-3), by the device's own word: a program that is not the agent can say "tpm" of any key. */
export const KeyProtection = z.enum(['tpm', 'software'])
export type KeyProtection = z.infer<typeof KeyProtection>

export const SignalState = z.object({
  value: SignalValue,
  /** When the device saw it become so, by the service's clock. */
  since: Millis,
  /** The last observation. */
  observedAt: Millis,
  /** What the device says of it ("Logitech Rally Bar not found"); hostile text, cleaned. */
  detail: deviceTextOut.optional(),
})
export type SignalState = z.infer<typeof SignalState>

export const RoomDevice = z.object({
  id: DeviceId,
  profile: DeviceProfile,
  /** Absent: by its profile (`kindOf`). */
  kind: DeviceKind.optional(),
  keyProtection: KeyProtection,
  /** What `keyProtection` rests on: the device says so, and nothing has proved it. Absent: as well. */
  keyEvidence: z.literal('claimed').optional(),
  platform: deviceTextOut,
  os: deviceTextOut,
  manufacturer: deviceTextOut,
  model: deviceTextOut,
  serial: deviceTextOut,
  agentVersion: deviceTextOut,
  appVersion: deviceTextOut,
  address: deviceTextOut,
  /**
   * By how much its clock was ahead of the service's when it last connected (ms; less than 0: it is slow). Absent: it is right
   * (`wrongClockMs`).
   */
  clockAheadMs: z.int().optional(),
  /** What it offers to remote sessions; absent: nothing (REM-3). */
  remote: RemoteFacts.optional(),
})
export type RoomDevice = z.infer<typeof RoomDevice>

export const Licence = z.enum(['pro', 'basic'])
export type Licence = z.infer<typeof Licence>

/** `organisation`: the partner's name, where the person is a partner's. */
export const PersonRef = z.object({ id: PersonId, name, organisation: name.optional() })
export type PersonRef = z.infer<typeof PersonRef>

/**
 * What keeps incidents of the room from beginning now (ROM-3), as whoever sees the room may know it: nothing of other rooms that it is
 * over. `over`: the room is in it through a group, or where it is.
 */
export const RoomSuppression = z.object({
  id: SuppressionId,
  /** Absent: all of the room. */
  signals: z.array(SignalId).min(1).optional(),
  over: z.enum(['group', 'place']).optional(),
  reason: z.string().max(limits.commentChars),
  owner: PersonRef,
  /** When it began, and ends; absent: somebody ends it. Of a window that comes again: those of this time. */
  from: Millis,
  until: Millis.optional(),
})
export type RoomSuppression = z.infer<typeof RoomSuppression>

/** A room with its device, as readers see it. It is kept and synced as two documents (`roomDocuments.ts`). */
export const Room = z.object({
  id: RoomId,
  name,
  place: Place,
  lifecycle: Lifecycle,
  health: Health,
  healthSince: Millis,
  connected: z.boolean(),
  /** The last sign of life that was stored; while connected it is at most some minutes old. */
  lastContactAt: Millis,
  onboardedAt: Millis,
  inCall: z.boolean(),
  signals: z.partialRecord(SignalId, SignalState),
  /** By what they count for: open ones by severity, those investigated, and of the open those that people reported. Absent: none. */
  incidents: z.object({
    critical: z.int().optional(),
    important: z.int(),
    warning: z.int(),
    recommended: z.int().optional(),
    investigating: z.int(),
    reported: z.int().optional(),
  }),
  device: RoomDevice,
  /** Its update ring; absent: the default one (`ringOf`). */
  ring: z.string().min(1).max(limits.nameChars).optional(),
  /** Absent: pro (`hasProLicence`). One without it cannot be enrolled (ROM-5), nor reached remotely (REM-3). */
  licence: Licence.optional(),
  /** Absent: nothing of it is suppressed. */
  suppressions: z.array(RoomSuppression).max(limits.suppressionsPerRoom).optional(),
})
export type Room = z.infer<typeof Room>

/** By the number of a signal: since when it is so, where it was last observed when most were; `[since]`: when it became so; else both. */
const SinceBySignal = z.record(z.string().regex(/^\d{1,3}$/u), z.union([Millis, z.tuple([Millis]), z.tuple([Millis, Millis])]))

/** What changes of a room. Its `signals` are those that are not good, in full. */
export const RoomDocument = Room.omit({ device: true }).extend({
  /** The good ones, by their value. `observedAt`: when most of them were observed last. */
  good: z.object({
    observedAt: Millis,
    healthy: SinceBySignal.optional(),
    notPresent: SinceBySignal.optional(),
    notApplicable: SinceBySignal.optional(),
  }),
})
export type RoomDocument = z.infer<typeof RoomDocument>

/** What rarely changes of a room: its device, and what good signals say of their part ("Logitech Rally Bar"). */
export const DeviceDocument = z.object({
  /** The room's. */
  id: RoomId,
  device: RoomDevice,
  /** Of a signal that is not good any more: what it said when it was. */
  parts: z.partialRecord(SignalId, deviceTextOut),
})
export type DeviceDocument = z.infer<typeof DeviceDocument>

/** INC-1: investigating while within the hold time, then need action, then resolved. */
export const IncidentStatus = z.enum(['needAction', 'investigating', 'resolved'])
export type IncidentStatus = z.infer<typeof IncidentStatus>

export const Actor = z.union([
  z.object({ kind: z.literal('person'), id: PersonId, name, organisation: name.optional() }),
  z.object({ kind: z.literal('system') }),
])
export type Actor = z.infer<typeof Actor>

export const Incident = z.object({
  id: IncidentId,
  /** One number for life (INC-2), unique in the tenant. */
  number: z.int().min(1),
  room: RoomId,
  signal: SignalId,
  /** As it counts now: a warning that aged is important. */
  severity: Severity,
  status: IncidentStatus,
  /** The value that was last seen for the signal, and what the device said of it. */
  value: SignalValue,
  detail: deviceTextOut.optional(),
  /** When the signal went bad, for the opening at hand. */
  since: Millis,
  /** When it needed action for the first time in this opening; absent while it never did. */
  openedAt: Millis.optional(),
  resolvedAt: Millis.optional(),
  /** When a warning became important because nobody attended to it. */
  agedAt: Millis.optional(),
  /** How many times it has needed action; 0 = it only ever flickered within its hold time. */
  openings: z.int().min(0),
  flapping: z.boolean(),
  acknowledged: z.object({ by: PersonRef, at: Millis, note: comment.optional() }).optional(),
  /** Of this opening. */
  storm: Storm.optional(),
  /** Somebody took it out of its storm: it stands alone until it is resolved. */
  alone: z.literal(true).optional(),
  owner: PersonRef.optional(),
  /** The newest comment, for lists. */
  lastComment: z.object({ by: PersonRef, at: Millis, text: z.string().max(limits.commentChars) }).optional(),
  /** Of one that somebody reported by hand (INC-4): in so many rooms, an incident in each. */
  report: z.object({ id: ReportId, by: PersonRef, text: comment, rooms: z.int().min(1).max(limits.roomsPerReport) }).optional(),
  changedAt: Millis,
})
export type Incident = z.infer<typeof Incident>

export const EntryKind = z.enum([
  'investigating',
  'opened',
  'recovering',
  'resolved',
  'dismissed',
  'aged',
  'flapping',
  'steady',
  'acknowledged',
  'unacknowledged',
  'assigned',
  'comment',
  'closed',
])
export type EntryKind = z.infer<typeof EntryKind>

/** One line of an incident's history: what the engine did, or what a person did. Never changed afterwards. */
export const Entry = z.object({
  id: EntryId,
  incident: IncidentId,
  room: RoomId,
  kind: EntryKind,
  actor: Actor,
  /** When it happened: for signals as observed by the device (corrected), for people when they acted. */
  at: Millis,
  /** When the service took it in. */
  receivedAt: Millis,
  value: SignalValue.optional(),
  text: z.string().max(limits.commentChars).optional(),
  owner: PersonRef.optional(),
  /** Of `assigned` by the system to nobody: whose it was, who does not see the room any more. */
  from: PersonRef.optional(),
})
export type Entry = z.infer<typeof Entry>

export const Settings = z.object({
  id: TenantId,
  /** How long a signal must be bad before its incident needs action, and good before it resolves (INC-3). */
  openHoldMs: z.int().min(0).max(3_600_000),
  resolveHoldMs: z.int().min(0).max(3_600_000),
  /** Where the first of the two comes from; absent: `same`. */
  holdPreset: HoldPreset.optional(),
  /** Signals that have an own time before they open, whatever the preset says. */
  holds: Holds.optional(),
  /** Signals that are switched on or off by kind of device (ROM-4), where that is other than by default. */
  switches: Switches.optional(),
  /** A warning that nobody attends to becomes important after this (INC-1), at most 90 days. */
  warningAgesMs: z.int().min(0).max(7_776_000_000),
  /** This many openings within the window (at most 7 days) is called flapping. */
  flapCount: z.int().min(2).max(100),
  flapWindowMs: z.int().min(0).max(604_800_000),
  /** Devices with keys in software may enrol (ENR-3). */
  allowSoftwareKeys: z.boolean(),
  /** Days that a console's copy stays readable without contact (ACC-8); absent: the default; 0: no limit. */
  offlineLeaseDays: z.int().min(0).max(limits.offlineLeaseDaysAtMost).optional(),
  /** Remote sessions are allowed (REM-1); absent: off. With it goes a contact for the audit. */
  remoteAccess: z.boolean().optional(),
  remoteContact: z.email().max(254).optional(),
  /** Remote sessions are recorded; absent: off. */
  recordSessions: z.boolean().optional(),
  /** Days that recordings are kept; absent: `defaultSettings`. */
  recordingDays: z.int().min(1).max(kept.sessionDays).optional(),
})
export type Settings = z.infer<typeof Settings>

/** What everyone of a tenant may know of it. */
export const Tenant = z.object({
  id: TenantId,
  name,
  /** Days that cached data stays readable without contact (ACC-8); absent: the default; 0: no limit. */
  offlineLeaseDays: z.int().min(0).max(limits.offlineLeaseDaysAtMost).optional(),
  /** Whether remote sessions are allowed, and recorded; absent: neither. */
  remote: z.object({ on: z.boolean(), record: z.boolean() }).optional(),
})
export type Tenant = z.infer<typeof Tenant>

/** The signed-in person, with all that a console needs to mirror access. Synced to that person only. */
export const Me = z.object({
  id: PersonId,
  tenant: TenantId,
  name,
  email: z.string().max(254),
  access: Access,
  /** In one's own tenant: the customers whose rooms one may see (PAR-8), by name. */
  customers: z.array(z.object({ tenant: TenantId, link: LinkId, name })).optional(),
})
export type Me = z.infer<typeof Me>

/** Says that roles, assignments, groups or links changed: what is shown of them is read again. `id`: tenant or link. */
export const PolicyMark = z.object({ id: z.union([TenantId, LinkId]), at: Millis })
export type PolicyMark = z.infer<typeof PolicyMark>

export const ChangeKind = z.enum(['rooms', 'rings', 'incidents', 'roles'])
/** The kinds of a partner's actions that a customer may want to approve (PAR-1). */
export type ChangeKind = z.infer<typeof ChangeKind>

/** A partner's action that waits for the customer's decision (PAR-5), or did. Seen by who decides (`mayDecide`), and by who asked. */
export const ApprovalRequest = z.object({
  id: RequestId,
  link: LinkId,
  /** The partner's name. */
  partner: name,
  by: PersonRef,
  kind: ChangeKind,
  /** The command's type, and how many rooms it is about. */
  command: z.string().max(64),
  /** Names of what it is about (rooms, an incident's number, a role), the first few. */
  subjects: z.array(z.string().max(limits.nameChars)).max(20),
  subjectCount: z.int().min(0),
  /** The rooms that it touches; 'all', or absent: what is about no room. Who decides it holds what it takes over all of them. */
  rooms: z.union([z.literal('all'), z.array(RoomId).max(limits.roomsPerCommand)]).optional(),
  /** What it says, where it says something: a comment, a ring, a role's name. */
  text: z.string().max(limits.commentChars).optional(),
  at: Millis,
  expiresAt: Millis,
  status: z.enum(['waiting', 'approved', 'rejected', 'expired', 'failed', 'withdrawn']),
  decidedBy: PersonRef.optional(),
  decidedAt: Millis.optional(),
  note: z.string().max(limits.commentChars).optional(),
  /** Why it could not be done when it was approved. */
  code: z.string().max(64).optional(),
})
export type ApprovalRequest = z.infer<typeof ApprovalRequest>

/** Says that a command of this person was applied: all that it changed lies at or before it in the feed. */
export const Receipt = z.object({ id: CommandKey, person: PersonId, at: Millis })
export type Receipt = z.infer<typeof Receipt>

/**
 * Every synced kind: its schema, its id, and the permission that reads it (`none`: whoever belongs to the tenant). Of
 * `policy` a partner's person sees only their own link's; a `request` is seen by whoever asked, too.
 */
export const kinds = {
  tenant: { schema: Tenant, reads: 'none' },
  me: { schema: Me, reads: 'self' },
  settings: { schema: Settings, reads: 'settings.view' },
  room: { schema: RoomDocument, reads: 'rooms.view' },
  device: { schema: DeviceDocument, reads: 'rooms.view' },
  incident: { schema: Incident, reads: 'incidents.view' },
  entry: { schema: Entry, reads: 'incidents.view' },
  receipt: { schema: Receipt, reads: 'self' },
  policy: { schema: PolicyMark, reads: 'roles.view' },
  request: { schema: ApprovalRequest, reads: 'settings.modify' },
  notice: { schema: Notice, reads: 'self' },
} as const satisfies Record<string, { schema: z.ZodType; reads: Permission | 'none' | 'self' }>

export const Kind = z.enum(['tenant', 'me', 'settings', 'room', 'device', 'incident', 'entry', 'receipt', 'policy', 'request', 'notice'])
export type Kind = z.infer<typeof Kind>
export type Doc<K extends Kind> = z.infer<(typeof kinds)[K]['schema']>
export type AnyDoc = { [K in Kind]: { kind: K; doc: Doc<K> } }[Kind]

/** Settings of a new tenant. The demo shortens the holds so that a fault is seen at once. */
export const defaultSettings: Omit<Settings, 'id'> = {
  openHoldMs: 120_000,
  resolveHoldMs: 300_000,
  warningAgesMs: 72 * 3_600_000,
  flapCount: 4,
  flapWindowMs: 3_600_000,
  allowSoftwareKeys: false,
  offlineLeaseDays: 30,
  remoteAccess: false,
  recordSessions: false,
  recordingDays: 30,
}

/** The rings that every tenant has (UPD-1), first to last, and the one that a room starts in. */
export const builtInRings = ['Staging', 'General', 'Executive'] as const
/** What stands in the room. One that does not say so is what its profile is made for. */
export const kindOf = ({ kind, profile }: Pick<RoomDevice, 'kind' | 'profile'>): DeviceKind =>
  kind ?? (profile === 'windows-mtr' ? 'windows' : 'host')
/** A room's open incidents, of whatever severity. */
export const openIncidents = ({ critical = 0, important, warning, recommended = 0 }: Room['incidents']): number =>
  critical + important + warning + recommended
export const hasProLicence = (room: Pick<Room, 'licence'>): boolean => (room.licence ?? 'pro') === 'pro'
export const ringOf = (room: Pick<Room, 'ring'>): string => room.ring ?? 'General'
