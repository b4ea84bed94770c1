import { z } from 'zod'
import { QueuedCommand } from './commands.ts'
import { Entry, Health, Incident, IncidentStatus, type Lifecycle, Me, Room, RoomDevice, Settings } from './entities.ts'
import { ErrorCode } from './errors.ts'
import { CommandKey, IncidentId, LinkId, Millis, RoomId, SessionId, StormId, TenantId } from './ids.ts'
import { limits } from './limits.ts'
import { SessionEnd } from './remote.ts'
import { RemoteFacts, RemoteMode } from './remoteFacts.ts'
import { evidenceOf, isGrave, SignalId, signals, SignalValue } from './signals.ts'

/** What screens are given: documents of the cache with the operator's own unsent changes laid over them. */

/** Types of the operator's commands about this thing that the service has not confirmed yet. */
const pending = z.array(z.string())
/** Types of those that wait for the customer's approval (PAR-5). */
const asked = z.array(z.string())

/** Whose it is, where several customers are shown together (PAR-8). */
const tenant = z.object({ id: TenantId, name: z.string() }).optional()

/** Why a search lists a row, where the row does not show it: the field that has a word of it, and its text. */
export const Match = z.object({
  field: z.enum([
    'building',
    'floor',
    'city',
    'country',
    'manufacturer',
    'model',
    'serial',
    'platform',
    'address',
    'number',
    'signal',
    'detail',
    'owner',
  ]),
  text: z.string(),
})
export type Match = z.infer<typeof Match>

export const RoomRow = Room.pick({
  id: true,
  name: true,
  place: true,
  lifecycle: true,
  health: true,
  healthSince: true,
  suppressions: true,
  connected: true,
  lastContactAt: true,
  incidents: true,
}).extend({
  pending,
  asked,
  problem: SignalId.optional(),
  tenant,
  match: Match.optional(),
  device: RoomDevice.pick({ serial: true }).optional(),
})
export type RoomRow = z.infer<typeof RoomRow>

/** Without `device` while that has not come. */
export const RoomView = Room.extend({ device: RoomDevice.optional(), pending, asked, tenant })
export type RoomView = z.infer<typeof RoomView>

export const IncidentView = Incident.extend({
  /** 0: the service has not given it one yet (reported by hand, and not sent). */
  number: z.int().min(0),
  /** Rooms that were reported together with it, and are here. */
  together: z.array(z.object({ id: IncidentId, room: RoomId, roomName: z.string(), status: IncidentStatus })).optional(),
  roomName: z.string(),
  place: Room.shape.place,
  roomHealth: Health,
  /**
   * Of its storm: incidents that are open, the rooms of those, and how many rooms there are in that place, where that is known here; and
   * whether this one stands for the others in lists.
   */
  stormNow: z.object({ open: z.int(), rooms: z.int(), of: z.int().optional(), stands: z.boolean() }).optional(),
  pending,
  asked,
  tenant,
  match: Match.optional(),
})
export type IncidentView = z.infer<typeof IncidentView>

/** What a marked row is known by: enough to say what can be done with it. */
export const RoomPick = RoomRow.pick({ id: true, name: true, lifecycle: true, tenant: true })
export type RoomPick = z.infer<typeof RoomPick>
export const IncidentPick = IncidentView.pick({
  id: true,
  number: true,
  room: true,
  place: true,
  signal: true,
  status: true,
  acknowledged: true,
  owner: true,
  tenant: true,
})
export type IncidentPick = z.infer<typeof IncidentPick>

/** `pending`: written by this operator and not confirmed by the service yet. */
export const EntryView = Entry.extend({ pending: z.boolean() })
export type EntryView = z.infer<typeof EntryView>

export const SettingsView = Settings.extend({ pending, asked })
export type SettingsView = z.infer<typeof SettingsView>

/** The segments of a room page's bar: onboarding and unenrolled rooms count apart from health. */
export const RoomState = z.enum(['healthy', 'unhealthy', 'disconnected', 'unknown', 'suppressed', 'onboarding', 'unenrolled'])
export type RoomState = z.infer<typeof RoomState>
export const roomStateOf = (room: { lifecycle: Lifecycle; health: Health }): RoomState =>
  room.lifecycle === 'enrolled' ? room.health : room.lifecycle

/**
 * Since when a room is in its state (UTC ms), as people count it: a fault from its first sign and not from the end of its
 * hold time, a lost contact from the last sign of life and not from when it was called lost.
 */
export function stateSince(room: Pick<Room, 'lifecycle' | 'health' | 'healthSince' | 'lastContactAt' | 'signals'>): Millis {
  if (room.lifecycle !== 'enrolled') return room.healthSince
  if (room.health === 'disconnected') return Math.min(room.healthSince, room.lastContactAt)
  if (room.health !== 'unhealthy') return room.healthSince
  const faults = SignalId.options.flatMap((id) => {
    const state = room.signals[id]
    return state !== undefined && isGrave(signals[id].severity) && evidenceOf(state.value) === 'bad' ? [state.since] : []
  })
  return Math.min(room.healthSince, ...faults)
}

export const page = { offset: z.int().min(0).max(10_000_000), limit: z.int().min(1).max(limits.bridgePageRows) }
const search = z.string().max(200)

export const RoomFilter = z.object({
  search: search.optional(),
  states: z.array(RoomState).max(16).optional(),
  buildings: z.array(z.string().max(limits.nameChars)).max(200).optional(),
})
export type RoomFilter = z.infer<typeof RoomFilter>
export const RoomSort = z.enum(['name', 'state', 'building', 'lastContact', 'since'])
export type RoomSort = z.infer<typeof RoomSort>

export const IncidentChip = z.enum(['needAction', 'investigating', 'unassigned', 'mine', 'resolved'])
export type IncidentChip = z.infer<typeof IncidentChip>
export const IncidentFilter = z.object({
  chip: IncidentChip,
  /** Those of one storm. Without it, one stands for all of each, but in a search and among one's own. */
  storm: StormId.optional(),
  search: search.optional(),
  room: RoomId.optional(),
})
export type IncidentFilter = z.infer<typeof IncidentFilter>
export const IncidentGroup = z.enum(['none', 'customer', 'building', 'signal'])
export type IncidentGroup = z.infer<typeof IncidentGroup>

const place = <T extends z.ZodType>(id: T) => z.object({ id, at: page.offset })
/**
 * Rows of a list to be marked: all of them, from one to another with both (`at`: where it stood on the screen, which counts for one
 * that has left the list since), or these, as they are now, in the list or not.
 */
export const partOf = <T extends z.ZodType>(id: T) =>
  z.discriminatedUnion('what', [
    z.object({ what: z.literal('all') }),
    z.object({ what: z.literal('range'), from: place(id), to: place(id) }),
    z.object({ what: z.literal('these'), ids: z.array(id).max(limits.pickedRows) }),
  ])
/** Whether somebody is on it: it was acknowledged, or has an owner. */
export const isTaken = (incident: Pick<Incident, 'acknowledged' | 'owner'>): boolean =>
  incident.acknowledged !== undefined || incident.owner !== undefined
/** Whether an incident steps back in such a list: what is taken does, and among one's own what was acknowledged. */
export const stepsBack = (incident: Pick<Incident, 'acknowledged' | 'owner' | 'status'>, chip: IncidentChip): boolean =>
  incident.status !== 'resolved' && (chip === 'mine' ? incident.acknowledged !== undefined : isTaken(incident))

/** One group of a list: its building's name, its signal, or its customer's id. */
export const groupValue = z.string().max(limits.nameChars)

/** One row of the outbox, as the operator sees it. */
export const OutboxItem = z.object({
  key: CommandKey,
  command: QueuedCommand,
  issuedAt: Millis,
  /** `requested`: it waits for the customer's approval (PAR-5). */
  state: z.enum(['pending', 'sending', 'sent', 'requested', 'refused']),
  tries: z.int(),
  /** Why the service refused it; what was typed stays in `command`. */
  refusal: z.object({ code: ErrorCode, detail: z.string().optional() }).optional(),
  /** What it is about, in the words of the cache, for reading. */
  subject: z.string(),
})
export type OutboxItem = z.infer<typeof OutboxItem>

/** The last hours of a room: stretches of equal value per signal, and of contact. */
export const Timeline = z.object({
  from: Millis,
  to: Millis,
  signals: z.partialRecord(SignalId, z.array(z.object({ from: Millis, to: Millis, value: SignalValue }))),
  contact: z.array(z.object({ from: Millis, to: Millis, connected: z.boolean() })),
})
export type Timeline = z.infer<typeof Timeline>

export const SyncState = z.discriminatedUnion('state', [
  z.object({ state: z.literal('stopped') }),
  z.object({ state: z.literal('connecting'), since: Millis, syncedAt: Millis.nullable() }),
  /** `done` of `total` rows; total 0 while it is not known. `leftMs`: how long the rest takes at this pace; null while there is none. */
  z.object({ state: z.literal('catchingUp'), done: z.int(), total: z.int(), leftMs: z.int().nullable(), syncedAt: Millis.nullable() }),
  z.object({ state: z.literal('live'), syncedAt: Millis }),
  z.object({
    state: z.literal('offline'),
    since: Millis,
    why: z.enum(['workOffline', 'network', 'refused', 'signedOut']),
    code: ErrorCode.optional(),
    nextTryAt: Millis.nullable(),
    syncedAt: Millis.nullable(),
  }),
])
export type SyncState = z.infer<typeof SyncState>

export const SessionState = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('signedOut'),
    problem: z.object({ code: ErrorCode, detail: z.string().optional() }).optional(),
    endSession: z.url().optional(),
  }),
  z.object({
    state: z.literal('signingIn'),
    method: z.enum(['browser', 'deviceCode']),
    url: z.url().optional(),
    code: z.string().optional(),
    expiresAt: Millis.optional(),
  }),
  /** `me` is null until the first sync of a new account. */
  z.object({
    state: z.literal('signedIn'),
    account: z.object({ name: z.string(), email: z.string() }),
    me: Me.nullable(),
    tenant: z.string().nullable(),
    /**
     * One's own organisation first, then the customers; `locked`: the offline lease has ended (ACC-8); `remote`: remote sessions are
     * allowed (REM-1).
     */
    tenants: z.array(z.object({ id: TenantId, name: z.string(), link: LinkId.nullable(), locked: z.boolean(), remote: z.boolean() })),
    /** Whose data is shown: one of them, or all together. `me` and `tenant` are of that one, or of one's own. */
    entered: z.union([TenantId, z.literal('all')]).nullable(),
    /** The token could not be renewed: the cache stays readable, nothing is sent until the person signs in again. */
    renewalNeeded: z.boolean(),
  }),
])
export type SessionState = z.infer<typeof SessionState>

/** A remote session of this console (REM-3). */
export const RemoteSessionView = z.object({
  id: SessionId,
  tenant: z.object({ id: TenantId, name: z.string() }),
  room: RoomId,
  roomName: z.string(),
  mode: RemoteMode,
  startedAt: Millis,
  /** What can be opened; null until the device has said so. */
  offers: RemoteFacts.nullable(),
  restartAtEnd: z.boolean(),
  recording: z.boolean(),
  roundTripMs: z.number().nullable(),
  state: z.discriminatedUnion('state', [
    /** The service asks the device; then both dial the relay. */
    z.object({ state: z.literal('connecting') }),
    z.object({ state: z.literal('live') }),
    /** `nextTryAt`: null while the device is waited for, which has the same time to come back. */
    z.object({ state: z.literal('lost'), since: Millis, nextTryAt: Millis.nullable(), until: Millis }),
    /** `reason` where it had begun, `code` where it was refused or failed. */
    z.object({ state: z.literal('ended'), at: Millis, reason: SessionEnd.nullable(), code: ErrorCode.nullable() }),
  ]),
})
export type RemoteSessionView = z.infer<typeof RemoteSessionView>

export const Protection = z.enum(['system', 'passphrase', 'none'])
export type Protection = z.infer<typeof Protection>
export const AppState = z.object({
  host: z.enum(['electron', 'browser']),
  version: z.string(),
  platform: z.string(),
  service: z.string(),
  /** How the key of the cached data is kept; `none`: a file beside it, shown as "not protected". */
  protection: Protection,
  /** The service has no tenant yet. Null while it could not be asked. */
  setupRequired: z.boolean().nullable(),
  dataFolder: z.string(),
})
export type AppState = z.infer<typeof AppState>

export const Preferences = z.object({
  language: z.enum(['system', 'en', 'fr']),
  theme: z.enum(['system', 'light', 'dark']),
})
export type Preferences = z.infer<typeof Preferences>
