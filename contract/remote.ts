import { z } from 'zod'
import { DevicePublicKey } from './agent.ts'
import { PersonRef } from './entities.ts'
import { ErrorCode } from './errors.ts'
import { DeviceId, Millis, PersonId, RoomId, SessionId, TenantId } from './ids.ts'
import { limits } from './limits.ts'
import { DisplayId, RemoteMode } from './remoteFacts.ts'

/**
 * Remote sessions (REM-1 to REM-9): what the console asks the service, what the service signs for the device, and what the
 * two ends say to each other inside their sealed records. How bytes are sealed: contract/sealed; the relay between them:
 * contract/relay.ts; what the service and the agent say to each other: contract/agent.ts.
 */

/** An X25519 public key, raw, as base64url: each end makes a pair for one session and forgets it with it. */
export const EphemeralKey = z.base64url().length(43)

/**
 * Why a session ended (REM-7, REM-8): what the session log keeps and both sides are told.
 * `tampered`: a record was altered, repeated or out of order; `protocol`: an end said what it must not.
 */
export const SessionEnd = z.enum([
  'operatorEnded',
  'deviceEnded',
  'accessWithdrawn',
  'switchedOff',
  'unenrolled',
  'replaced',
  'callStarted',
  'restarted',
  'idle',
  'maximum',
  'neverJoined',
  'operatorLost',
  'deviceLost',
  'tampered',
  'protocol',
  'recordingFailed',
  'serviceStopped',
])
export type SessionEnd = z.infer<typeof SessionEnd>

/** Ends after which the device does not restart by itself: it is in use, leaves the service, or nobody came. */
export const endsWithoutRestart: readonly SessionEnd[] = ['callStarted', 'unenrolled', 'replaced', 'neverJoined', 'deviceEnded']

/** Ids that the service makes of names (docs/decisions/0031) are UUIDs of version 8. */
const SessionName = SessionId.refine((id) => id.charAt(14) !== '8', "A UUID of version 8 is the service's to make.")

/** Body of `POST /v1/sessions`. The console makes the id. */
export const SessionRequest = z.object({ session: SessionName, room: RoomId, mode: RemoteMode, key: EphemeralKey })
export type SessionRequest = z.infer<typeof SessionRequest>

/** `typ` of a grant's JWS header (EdDSA, by the service's session key: the one of `GET /v1/relay/key`). */
export const sessionGrantType = 'roomkeeper-grant+jwt'

/** What the service signs for the device: who may do what there, until when, and the key of their end. */
export const SessionGrant = z.strictObject({
  /** The service's name, as the device enrolled with. */
  iss: z.string().min(1),
  sid: SessionId,
  tenant: TenantId,
  room: RoomId,
  device: DeviceId,
  operator: PersonRef,
  mode: RemoteMode,
  displays: z.array(DisplayId).max(3),
  /** Whether a terminal may be opened; never with `view`. */
  terminal: z.boolean(),
  /** The device records the session, or ends it (REM tenant policy). */
  record: z.boolean(),
  /** The console's. */
  key: EphemeralKey,
  /** Seconds UTC; the session ends at `exp` whatever happens. */
  iat: z.number(),
  exp: z.number(),
})
export type SessionGrant = z.infer<typeof SessionGrant>

/** What the device signs (with its enrolled key, as `challengeProof`): its own key for this grant and no other. */
export const sessionProof = (session: string, grantHash: string, key: string): string =>
  ['roomkeeper session 1', session, grantHash, key].join('\n')

/** The device's half of the key agreement. `signature`: ECDSA P-256 over `sessionProof`, grantHash = base64url(SHA-256(grant)). */
export const DeviceHalf = z.object({ key: EphemeralKey, signature: z.base64url().length(86) })
export type DeviceHalf = z.infer<typeof DeviceHalf>

const ticket = z.string().min(1).max(limits.relayTicketChars)
/** Where the relay is; absent: at the service's own address. */
const relay = z.url().max(2_000).optional()

/** Answer to `POST /v1/sessions`: the device has agreed, and dials the relay too. */
export const SessionAnswer = z.object({
  grant: z.string().max(limits.grantChars),
  device: DeviceHalf.extend({ enrolledKey: DevicePublicKey }),
  ticket,
  relay,
})
export type SessionAnswer = z.infer<typeof SessionAnswer>

/** Body of `POST /v1/sessions/:session/end`, where there is one: what its operator's end has found wrong. */
export const SessionEndRequest = z.object({
  reason: z.enum(['operatorEnded', 'operatorLost', 'deviceLost', 'tampered', 'protocol']).optional(),
})
export type SessionEndRequest = z.infer<typeof SessionEndRequest>

/** Answer to `POST /v1/sessions/:session/ticket`, after a relay was lost with its sessions. */
export const TicketAnswer = z.object({ ticket, relay })
export type TicketAnswer = z.infer<typeof TicketAnswer>

/** One row of the session log (REM-8). An attempt that was refused has `refusal`, and ends when it began. */
export const SessionRecord = z.object({
  id: SessionId,
  room: RoomId,
  roomName: z.string(),
  device: DeviceId.nullable(),
  deviceName: z.string(),
  operator: PersonRef.extend({ email: z.string() }),
  mode: RemoteMode,
  startedAt: Millis,
  endedAt: Millis.nullable(),
  end: SessionEnd.nullable(),
  refusal: ErrorCode.nullable(),
  /** The recording that the service has of it, if any; `deletedAt`: retention has removed it. */
  recording: z.object({ bytes: z.int(), durationMs: z.int(), deletedAt: Millis.nullable() }).nullable(),
})
export type SessionRecord = z.infer<typeof SessionRecord>

export const SessionQuery = z.object({
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  room: RoomId.optional(),
  operator: PersonId.optional(),
  /** Part of the name of an operator, a room or a device. */
  text: z.string().max(limits.nameChars).optional(),
  outcome: z.enum(['running', 'ended', 'refused']).optional(),
  recorded: z.enum(['true']).optional(),
  /** The id of the row after which (going back in time) the page starts. */
  before: SessionId.optional(),
  limit: z.coerce.number().int().min(1).max(limits.auditRows).default(100),
})
export type SessionQuery = z.infer<typeof SessionQuery>
export const SessionPage = z.object({ items: z.array(SessionRecord), next: SessionId.nullable() })
export type SessionPage = z.infer<typeof SessionPage>

/**
 * Inside sealed records: frames of a channel (contract/sealed/frames.ts). Channel 0 carries the messages below as JSON,
 * the others what `openScreen` (RFB, the device is the server) and `openTerminal` (bytes of a terminal) opened.
 */
export const controlChannel = 0
const channel = z.int().min(1).max(limits.sessionChannels)
/** In characters. */
export const TerminalSize = z.object({ columns: z.int().min(2).max(1_000), rows: z.int().min(1).max(1_000) })
const { columns, rows } = TerminalSize.shape
const at = z.number().min(0)

export const ConsoleToDevice = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('openScreen'), channel, display: DisplayId }),
  z.strictObject({ type: z.literal('openTerminal'), channel, columns, rows }),
  z.strictObject({ type: z.literal('resize'), channel, columns, rows }),
  z.strictObject({ type: z.literal('close'), channel }),
  /** Restarts the device now, which ends the session (REM-6). */
  z.strictObject({ type: z.literal('restart') }),
  /** Whether the device restarts when the session ends; on by default, for one session (REM-6). */
  z.strictObject({ type: z.literal('restartAtEnd'), on: z.boolean() }),
  /** Answered with `pong` and the same `at`: the round trip. */
  z.strictObject({ type: z.literal('ping'), at }),
  z.strictObject({ type: z.literal('end') }),
])
export type ConsoleToDevice = z.infer<typeof ConsoleToDevice>

export const DeviceToConsole = z.discriminatedUnion('type', [
  /** First. What can be opened, whether it can be restarted, and whether it is recorded. */
  z.object({
    type: z.literal('ready'),
    displays: z.array(DisplayId).max(3),
    terminal: z.boolean(),
    restart: z.boolean(),
    restartAtEnd: z.boolean(),
    recording: z.boolean(),
  }),
  z.object({ type: z.literal('restartAtEnd'), on: z.boolean() }),
  z.object({ type: z.literal('opened'), channel }),
  /** The channel is closed, by whichever side. `code`: why, where it was not asked for. */
  z.object({ type: z.literal('closed'), channel, code: ErrorCode.optional() }),
  z.object({ type: z.literal('pong'), at }),
  /** The session ends; nothing follows. */
  z.object({ type: z.literal('ending'), reason: SessionEnd }),
])
export type DeviceToConsole = z.infer<typeof DeviceToConsole>
