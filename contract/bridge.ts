import { z } from 'zod'
import { PeopleList, SetupRequest } from './api.ts'
import { CommandOutcome, IncidentCommand, PolicyCommand, QueuedCommand } from './commands.ts'
import { ApprovalRequest, Kind } from './entities.ts'
import { ErrorCode } from './errors.ts'
import { CommandKey, EntryId, IncidentId, Millis, NoticeId, PersonId, RoomId, SessionId, TenantId } from './ids.ts'
import { limits } from './limits.ts'
import { noticeCalls } from './notifications.ts'
import { pictureCalls } from './pictures.ts'
import {
  AssignmentList,
  AssignmentQuery,
  AuditCheck,
  AuditPage,
  AuditQuery,
  AuditRange,
  CustomerList,
  DirectoryQuery,
  Effect,
  GroupList,
  GroupPreview,
  GroupPreviewRequest,
  GroupQuery,
  PartnerList,
  PrincipalList,
  RoleList,
  WhatCan,
  WhoCan,
  WhoCanQuery,
} from './policyApi.ts'
import { RecordingChunk, RecordingHit, RecordingIndex } from './recording.ts'
import { SessionPage, SessionQuery, TerminalSize } from './remote.ts'
import { DisplayId, RemoteMode } from './remoteFacts.ts'
import { suppressionCalls } from './suppression.ts'
import { Transition, TransitionPage, TransitionPlace } from './transitions.ts'
import {
  AppState,
  EntryView,
  groupValue,
  IncidentChip,
  IncidentFilter,
  IncidentGroup,
  IncidentPick,
  IncidentView,
  OutboxItem,
  page,
  partOf,
  Preferences,
  RemoteSessionView,
  RoomFilter,
  RoomPick,
  RoomRow,
  RoomSort,
  RoomState,
  RoomView,
  SessionState,
  SettingsView,
  SyncState,
  Timeline,
} from './views.ts'

/**
 * The one bridge between the console's core and its screens. Both hosts implement exactly this list, over a pipe that
 * carries the messages at the end of this file; the renderer cannot tell which host it is in.
 */

const nothing = z.object({}).strict()
const listOf = <T extends z.ZodType>(row: T) => z.object({ total: z.int(), rows: z.array(row) })
/** Whose it is: the tenant that the screen shows, which may be another than the one that is entered by now. */
const inTenant = { tenant: z.object({ id: TenantId, name: z.string() }) }
const ofTenant = z.object({ tenant: TenantId }).strict()
const ofSession = z.object({ session: SessionId }).strict()
const terminalNumber = z.int().min(1).max(limits.sessionChannels)
const savedFile = z.object({ path: z.string(), bytes: z.int() })

/** Asked once, answered once. */
export const calls = {
  'rooms.list': {
    input: z.object({ filter: RoomFilter, sort: RoomSort, descending: z.boolean(), ...page }),
    output: listOf(RoomRow),
  },
  /** Rows to be marked, of the list as it stands at one moment; `total` may be more than they are. */
  'rooms.pick': {
    input: z.object({ filter: RoomFilter, sort: RoomSort, descending: z.boolean(), part: partOf(RoomId) }),
    output: z.object({ total: z.int(), rows: z.array(RoomPick).max(limits.pickedRows) }),
  },
  'rooms.totals': {
    input: z.object({ filter: RoomFilter.omit({ states: true }) }),
    output: z.record(RoomState, z.int()),
  },
  'rooms.buildings': {
    input: nothing,
    output: z.object({ rows: z.array(z.object({ building: z.string(), city: z.string(), rooms: z.int() })) }),
  },
  /**
   * What happened to a room, newest first: what this console has of it, which is fetched when it is looked at. `away`: it could not be,
   * without a network, and may be older than the room.
   */
  'rooms.history': { input: z.object({ room: RoomId, ...page }), output: listOf(Transition).extend({ away: z.boolean() }) },
  /** What is older, asked of the service: newest first below this place, or from the newest on. Errors: network.offline. */
  'rooms.older': { input: z.object({ room: RoomId, before: TransitionPlace.optional() }), output: TransitionPage },
  'rooms.timeline': { input: z.object({ room: RoomId, hours: z.int().min(1).max(168) }), output: Timeline },
  ...pictureCalls,

  'incidents.list': {
    /** Grouped lists are ordered by group first, so that headings can be drawn between rows. */
    input: z.object({ filter: IncidentFilter, group: IncidentGroup, ...page }),
    /** `groups`: how many incidents there are in each group that the rows are of. */
    output: listOf(IncidentView).extend({ groups: z.array(z.object({ value: groupValue, incidents: z.int() })) }),
  },
  /** Rows to be marked, of `within` one group or of the whole list, as it stands at one moment; `total` may be more than they are. */
  'incidents.pick': {
    input: z.object({ filter: IncidentFilter, group: IncidentGroup, within: groupValue.optional(), part: partOf(IncidentId) }),
    output: z.object({ total: z.int(), rows: z.array(IncidentPick).max(limits.pickedRows) }),
  },
  'incidents.counts': {
    input: z.object({ room: RoomId.optional() }),
    output: z.record(z.enum([...IncidentChip.options, 'unclaimed']), z.int()),
  },
  /** Whom these incidents can be given to: who sees the rooms of all. `knownAt`: offline, who was said to, when that was; null: now. */
  'incidents.owners': {
    input: z.object({ incidents: z.array(IncidentId).min(1).max(limits.pickedRows) }),
    output: PeopleList.extend({ knownAt: Millis.nullable() }),
  },
  'incidents.entries': { input: z.object({ incident: IncidentId, ...page }), output: listOf(EntryView) },
  /**
   * What this console has let go, asked of the service: an incident (incident.notFound where there is none), the resolved ones of a room,
   * and a page of an incident's history that goes on after an entry. Errors: network.offline.
   */
  'incidents.past': { input: z.object({ incident: IncidentId }), output: IncidentView },
  'incidents.pastOfRoom': { input: z.object({ room: RoomId }), output: z.object({ rows: z.array(IncidentView).max(limits.listRows) }) },
  'incidents.pastEntries': {
    input: z.object({ incident: IncidentId, after: EntryId.optional() }),
    output: z.object({ rows: z.array(EntryView).max(limits.listRows), next: EntryId.optional() }),
  },
  /**
   * Rooms and open incidents for the palette, best first, and which of the two has the better; only what the operator may
   * see is there to be found.
   */
  'search.jump': {
    input: z.object({ text: z.string().max(200) }),
    output: z.object({ rooms: z.array(RoomRow).max(20), incidents: z.array(IncidentView).max(20), first: z.enum(['rooms', 'incidents']) }),
  },

  /**
   * Puts a command into the outbox; it is durable when this returns. Rooms and incidents say whose they are; a change of
   * settings names its `tenant`. Errors: session.tenantUnknown.
   */
  'commands.submit': {
    input: z
      .object({ command: QueuedCommand, tenant: TenantId.optional() })
      .refine(({ command, tenant }) => command.type !== 'settings.change' || tenant !== undefined, { path: ['tenant'] }),
    output: z.object({ key: CommandKey }),
  },
  /**
   * Puts commands about incidents into the outbox: all of a tenant's or none, and none where one of them may not be. Errors: as
   * `commands.submit`.
   */
  'commands.submitAll': {
    input: z.object({ commands: z.array(IncidentCommand).min(1).max(limits.commandsAtOnce) }),
    output: z.object({ keys: z.array(CommandKey) }),
  },
  'outbox.list': { input: nothing, output: z.object({ rows: z.array(OutboxItem) }) },
  /** Forgets a command that was refused, or one that was never tried. */
  'outbox.discard': { input: z.object({ key: CommandKey }), output: nothing },
  /** Sends a refused command again, under a new key. */
  'outbox.retry': { input: z.object({ key: CommandKey }), output: z.object({ key: CommandKey }) },

  /** Only with the service: never from the cache, never queued. Files are saved in the operator's download folder. */
  'enrolment.saveInstaller': { input: ofTenant, output: savedFile },
  'enrolment.saveKey': { input: ofTenant, output: savedFile },
  'enrolment.resetKey': { input: ofTenant, output: nothing },

  /**
   * Roles, assignments, groups, partners and audit (contract/policyApi.ts): only with the service, never from the cache,
   * never queued. They are about the tenant that is entered; with all together, about one's own. Whatever changes
   * something or makes a file names its tenant, and is asked of that one or of none: session.tenantUnknown.
   */
  'people.list': { input: nothing, output: PeopleList },
  'policy.roles': { input: nothing, output: RoleList },
  'policy.assignments': { input: AssignmentQuery, output: AssignmentList },
  'policy.groups': { input: GroupQuery, output: GroupList },
  'policy.previewGroup': { input: GroupPreviewRequest, output: GroupPreview },
  'policy.directory': { input: DirectoryQuery, output: PrincipalList },
  'policy.whoCan': { input: WhoCanQuery, output: WhoCan },
  'policy.whatCan': { input: z.object({ person: PersonId }), output: WhatCan },
  'policy.partners': { input: nothing, output: PartnerList },
  /** Always about one's own organisation. */
  'policy.customers': { input: nothing, output: CustomerList },
  /** What a command would change, and the command itself, under a key that is made here. */
  'policy.preview': { input: ofTenant.extend({ command: PolicyCommand }), output: Effect },
  'policy.apply': { input: ofTenant.extend({ command: PolicyCommand }), output: CommandOutcome },
  'policy.saveFile': { input: ofTenant, output: savedFile },
  ...suppressionCalls,
  /** Requests of partners, the waiting first, then the newest; from the cache. Of all customers when all are entered. */
  'requests.list': { input: nothing, output: z.object({ rows: z.array(ApprovalRequest.extend(inTenant)) }) },
  ...noticeCalls,
  'audit.list': { input: AuditQuery.partial().extend(ofTenant.shape), output: AuditPage },
  'audit.saveCsv': { input: AuditRange.extend(ofTenant.shape), output: savedFile },
  'audit.check': { input: ofTenant, output: AuditCheck },

  /** Shows this tenant's data from now on, or that of all together (PAR-8); kept over restarts. Errors: session.tenantUnknown. */
  'session.enter': { input: z.object({ tenant: z.union([TenantId, z.literal('all')]) }), output: nothing },
  'session.signIn': { input: z.object({ method: z.enum(['browser', 'deviceCode']) }), output: nothing },
  'session.cancelSignIn': { input: nothing, output: nothing },
  /**
   * With unsent commands `ask` is refused with `session.unsent`. `keep` leaves them in the outbox for the same
   * account's next sign-in; `discard` is the operator's own word.
   */
  'session.signOut': { input: z.object({ unsent: z.enum(['ask', 'keep', 'discard']) }), output: nothing },
  'session.setUp': { input: SetupRequest, output: nothing },

  /**
   * Remote sessions (REM-3): only with the service. A session is over when the console ends, signs out, or says so; until
   * `remote.forget` it is still listed. Errors of `remote.start`: one for each precondition (contract/errors.ts, remote.*).
   */
  'remote.start': { input: ofTenant.extend({ room: RoomId, mode: RemoteMode }), output: z.object({ session: SessionId }) },
  'remote.end': { input: ofSession, output: nothing },
  'remote.forget': { input: ofSession, output: nothing },
  /** Restarts the device now, which ends the session. */
  'remote.restart': { input: ofSession, output: nothing },
  /** Whether the device restarts when the session ends; for this session. */
  'remote.restartAtEnd': { input: ofSession.extend({ on: z.boolean() }), output: nothing },
  'remote.resize': {
    input: ofSession.extend({ terminal: terminalNumber, columns: TerminalSize.shape.columns, rows: TerminalSize.shape.rows }),
    output: nothing,
  },
  /** The session log and recordings (REM-8): only for who may audit. */
  'remote.log': { input: SessionQuery.partial().extend(ofTenant.shape), output: SessionPage },
  'remote.saveLog': { input: AuditRange.extend(ofTenant.shape), output: savedFile },
  'remote.recording': { input: ofTenant.extend({ session: SessionId }), output: RecordingIndex },
  'remote.chunk': { input: ofTenant.extend({ session: SessionId, number: z.int().min(1) }), output: RecordingChunk },
  'remote.searchRecording': {
    input: ofTenant.extend({ session: SessionId, text: z.string().min(1).max(200) }),
    output: z.object({ hits: z.array(RecordingHit).max(limits.recordingHits), more: z.boolean() }),
  },

  'sync.workOffline': { input: z.object({ on: z.boolean() }), output: nothing },
  'sync.now': { input: nothing, output: nothing },
  'preferences.set': { input: Preferences.partial(), output: Preferences },
  /** Versions, settings, states and recent log lines, without names, tokens or what operators wrote. */
  'support.saveBundle': { input: nothing, output: savedFile },
} as const

/** Each sends its present value at once and every later one; values may be skipped, the newest never is. */
export const topics = {
  app: { input: nothing, output: AppState },
  preferences: { input: nothing, output: Preferences },
  session: { input: nothing, output: SessionState },
  sync: { input: nothing, output: SyncState },
  /**
   * What the service's time is ahead of this machine's clock by (ms). All times that the core tells are the service's, but of a sign-in.
   */
  clock: { input: nothing, output: z.object({ aheadMs: z.int() }) },
  outbox: { input: nothing, output: z.object({ pending: z.int(), refused: z.int(), toSend: z.int() }) },
  /** The notice that was chosen on the desktop last; null before. */
  noticeOpened: { input: nothing, output: NoticeId.nullable() },
  /** How many incidents need action in each open organisation, entered or not; nothing where there is one only. */
  needAction: { input: nothing, output: z.array(z.object({ tenant: TenantId, count: z.int(), unclaimed: z.int() })).nullable() },
  /**
   * Something changed in the cache or its overlay: read again what is shown. `rooms` and `incidents` name what
   * changed; absent when there is too much to name.
   */
  changes: {
    input: nothing,
    output: z.object({
      revision: z.int(),
      kinds: z.array(Kind),
      rooms: z.array(RoomId).max(1_000).optional(),
      incidents: z.array(IncidentId).max(1_000).optional(),
    }),
  },
  room: { input: z.object({ room: RoomId }), output: RoomView.nullable() },
  incident: { input: z.object({ incident: IncidentId }), output: IncidentView.nullable() },
  /** The tenant's settings with the operator's unsent changes over them; null where they are not in the cache. */
  settings: { input: nothing, output: SettingsView.nullable() },
  /** The remote sessions of this console, oldest first. */
  'remote.sessions': { input: nothing, output: z.object({ sessions: z.array(RemoteSessionView) }) },
} as const

/**
 * Bytes both ways, until either side ends it. Each side may have `limits.bridgeStreamBytes` on the way that the other has
 * not taken; what was taken is told by `credit`.
 */
export const streams = {
  /** RFB; the device is the server. */
  'remote.screen': { input: ofSession.extend({ display: DisplayId }) },
  /** A terminal of its own; only with modify. `terminal`: chosen by the screen, for `remote.resize`. */
  'remote.terminal': {
    input: ofSession.extend({ terminal: terminalNumber, columns: TerminalSize.shape.columns, rows: TerminalSize.shape.rows }),
  },
} as const

export type Calls = typeof calls
export type CallName = keyof Calls
export type CallInput<N extends CallName> = z.input<Calls[N]['input']>
/** What a handler is given: the input after its schema. */
export type CallParsed<N extends CallName> = z.output<Calls[N]['input']>
export type CallOutput<N extends CallName> = z.output<Calls[N]['output']>

export type Topics = typeof topics
export type TopicName = keyof Topics
export type TopicInput<N extends TopicName> = z.input<Topics[N]['input']>
export type TopicParsed<N extends TopicName> = z.output<Topics[N]['input']>
export type TopicOutput<N extends TopicName> = z.output<Topics[N]['output']>

export type Streams = typeof streams
export type StreamName = keyof Streams
export type StreamInput<N extends StreamName> = z.input<Streams[N]['input']>
export type StreamParsed<N extends StreamName> = z.output<Streams[N]['input']>

/** One end of a byte stream, as screens use it. */
export interface BridgeStream {
  /** False: as much is on its way as may be; more is kept and sent later. */
  send(bytes: Uint8Array): boolean
  /** Ends it. Nothing follows. */
  close(): void
}

export interface StreamEvents {
  /** Counts as taken when this returns, or when the promise that it returns is settled. */
  bytes(bytes: Uint8Array): void | Promise<void>
  /** It is over: without an error where an end was said, or with why. */
  ended(error?: Error): void
}

/** What the renderer programs against. */
export interface Bridge {
  /** Opens a stream. A lost pipe ends it with `bridge.timeout`. */
  open<N extends StreamName>(name: N, input: StreamInput<N>, events: StreamEvents): BridgeStream
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>>
  /** Returns its undo. `onProblem` is told once if the topic cannot be had. */
  listen<N extends TopicName>(
    name: N,
    input: TopicInput<N>,
    onValue: (value: TopicOutput<N>) => void,
    onProblem?: (error: Error) => void,
  ): () => void
}

const id = z.int().min(1)
const someBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)

/** Renderer → core. */
export const BridgeRequest = z.discriminatedUnion('type', [
  z.object({ type: z.literal('call'), id, name: z.enum(Object.keys(calls) as [CallName, ...CallName[]]), input: z.unknown() }),
  z.object({ type: z.literal('listen'), id, name: z.enum(Object.keys(topics) as [TopicName, ...TopicName[]]), input: z.unknown() }),
  z.object({ type: z.literal('open'), id, name: z.enum(Object.keys(streams) as [StreamName, ...StreamName[]]), input: z.unknown() }),
  z.object({ type: z.literal('bytes'), id, bytes: someBytes }),
  z.object({ type: z.literal('credit'), id, bytes: z.int().min(1).max(limits.bridgeStreamBytes) }),
  /** Ends a call (its answer is dropped), a topic or a stream. */
  z.object({ type: z.literal('end'), id }),
])
export type BridgeRequest = z.infer<typeof BridgeRequest>

/** Core → renderer. A `problem` ends a stream too. */
export const BridgeResponse = z.discriminatedUnion('type', [
  z.object({ type: z.literal('bytes'), id, bytes: someBytes }),
  z.object({ type: z.literal('credit'), id, bytes: z.int().min(1).max(limits.bridgeStreamBytes) }),
  /** The stream is over. */
  z.object({ type: z.literal('ended'), id }),
  z.object({ type: z.literal('value'), id, value: z.unknown() }),
  z.object({
    type: z.literal('problem'),
    id,
    problem: z.object({
      code: ErrorCode,
      field: z.string().optional(),
      detail: z.string().optional(),
      params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    }),
  }),
])
export type BridgeResponse = z.infer<typeof BridgeResponse>

/**
 * The pipe under the bridge: `window.roomkeeper` from the preload in Electron, a WebSocket in the browser host. Over the
 * WebSocket `bytes` is a binary message (the id as 4 bytes, big-endian, and the bytes), and all else JSON text.
 */
export interface BridgePipe {
  send(message: BridgeRequest): void
  /** Returns its undo. */
  onMessage(listener: (message: unknown) => void): () => void
}

export const bridgeCallMs = limits.bridgeCallMs
