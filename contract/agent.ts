import { z } from 'zod'
import { DeviceProfile, KeyProtection, Lifecycle } from './entities.ts'
import { ErrorCode } from './errors.ts'
import { BootId, DeviceId, JournalId, Millis, RoomId, SessionId } from './ids.ts'
import { limits } from './limits.ts'
import { RemoteFacts } from './remoteFacts.ts'
import { DeviceKind, SignalId, SignalValue } from './signals.ts'
import { deviceText } from './text.ts'

/**
 * The agent protocol, version 1. Enrolment is one HTTPS request; everything after it is one WebSocket that the agent
 * opens (`/v1/agent`): the service sends `challenge`, the agent answers `hello`, the service says `welcome`, and from
 * then on numbered reports go up and acknowledgements come down.
 */
export const agentProtocolVersions = [1] as const

/** An ECDSA P-256 public key, which is what a TPM 2.0 holds. */
export const DevicePublicKey = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.base64url().length(43),
  y: z.base64url().length(43),
})
export type DevicePublicKey = z.infer<typeof DevicePublicKey>

const signature = z.base64url().length(86)

/** A public Ed25519 key of the service: of what it signs for devices (grants of remote sessions, welcomes, final words). */
export const SessionKey = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.base64url().length(43) })
export type SessionKey = z.infer<typeof SessionKey>

const serviceSignature = z.base64url().length(86)
const nonce = z.base64url().length(43)
const ephemeral = z.base64url().length(43)
const relayTicket = z.string().min(1).max(limits.relayTicketChars)
/** Where the relay is; absent: at the service's own address. */
const relay = z.url().max(2_000).optional()
/** One of `SessionEnd` (contract/remote.ts). */
const sessionEnd = z.string().min(1).max(40)

/** What the device says of itself; hostile text, cleaned when parsed. */
export const DeviceFacts = z.object({
  /** Absent: as its profile has it. */
  kind: DeviceKind.optional(),
  platform: deviceText(),
  os: deviceText(),
  manufacturer: deviceText(),
  model: deviceText(),
  serial: deviceText(),
  agentVersion: deviceText(),
  appVersion: deviceText(),
  address: deviceText(),
  inCall: z.boolean(),
  /** What it offers to remote sessions; absent: nothing. */
  remote: RemoteFacts.optional(),
})
export type DeviceFacts = z.infer<typeof DeviceFacts>

export const SuggestedPlace = z.object({
  country: deviceText(limits.nameChars),
  city: deviceText(limits.nameChars),
  building: deviceText(limits.nameChars),
  floor: deviceText(limits.nameChars),
  timeZone: deviceText(64),
})

/**
 * Body of `POST /v1/enrolments`. The credential is a header: `Authorization: EnrolmentKey <key>`, or `Bearer <token>`
 * of the room's own account; `DeviceKey <thumbprint>` (RFC 7638) gives back what a device had whose key is known, and lets in nothing
 * new. `proof` is the device key's signature over `enrolmentProof(...)`. Sending the same
 * installation with the same key again gives the same answer and makes nothing new; another installation with it, too.
 */
export const EnrolmentRequest = z.object({
  installation: z.uuid(),
  publicKey: DevicePublicKey,
  proof: signature,
  /**
   * The signature of the key that this installation had before, over `keyChangeProof(...)`: the room stays as it is. Another
   * key without it brings the room back to onboarding.
   */
  formerProof: signature.optional(),
  profile: DeviceProfile,
  keyProtection: KeyProtection,
  facts: DeviceFacts,
  room: z.object({ name: deviceText(limits.nameChars), place: SuggestedPlace }),
})
export type EnrolmentRequest = z.input<typeof EnrolmentRequest>

export const EnrolmentAnswer = z.object({
  device: DeviceId,
  room: RoomId,
  /** The name of the service that the device signs into every answer, so that no other service can use it. */
  service: z.string(),
  /** The public key that grants of remote sessions and final words must be signed with: the device keeps it and takes no other. */
  sessionKey: SessionKey.optional(),
})
export type EnrolmentAnswer = z.infer<typeof EnrolmentAnswer>

/** What the device signs (UTF-8, ECDSA P-256 with SHA-256, 64-byte IEEE P1363 form) to prove it holds the key. */
export const enrolmentProof = (installation: string, publicKey: DevicePublicKey): string =>
  ['roomkeeper enrolment 1', installation, publicKey.x, publicKey.y].join('\n')

/** What the key before signs when another takes its place. */
export const keyChangeProof = (installation: string, former: DevicePublicKey, next: DevicePublicKey): string =>
  ['roomkeeper key change 1', installation, former.x, former.y, next.x, next.y].join('\n')

/** What the device signs at every connection. */
export const challengeProof = (nonce: string, service: string, device: string): string =>
  ['roomkeeper agent 1', nonce, service, device].join('\n')

/**
 * The words that the service signs: those after which an agent removes itself or stops for good (final words), the
 * welcome with all that it says, after which an agent forgets reports and does what it is told, and the offer of a session, which so is
 * known to be new.
 */
export type SignedWord = 'offboard' | `session ${string}` | `error ${ErrorCode}` | `welcome ${string}`

/** What is signed of a welcome: which journal it speaks of, and each of its fields. */
export const welcomeWord = (
  journal: string,
  { version, acknowledged, heartbeatMs, lifecycle }: Omit<Extract<ServiceToAgent, { type: 'welcome' }>, 'type' | 'signature'>,
): SignedWord => `welcome ${journal} ${version} ${acknowledged} ${heartbeatMs} ${lifecycle}`

/**
 * What the service signs (UTF-8, Ed25519) when it says such a word: for this device, on the connection whose hello had this
 * nonce, so that it can be said by nobody else and never again. An agent takes a word that is not signed so for a lost
 * connection.
 */
export const signedWordProof = (word: SignedWord, nonce: string, service: string, device: string): string =>
  ['roomkeeper final word 1', word, nonce, service, device].join('\n')

export const Observation = z.object({ value: SignalValue, detail: deviceText().optional() })
export type Observation = z.infer<typeof Observation>

/**
 * One numbered report of a journal. Numbers start at 1 and have no gaps. `full`: every signal is in it, and one that
 * is not has become unknown; the agent puts one in its journal at every connection, behind what still waits there.
 * `observedAt` is the device's clock; the service corrects it by the offset it saw at hello.
 */
export const Report = z.object({
  number: z.int().min(1),
  observedAt: Millis,
  full: z.boolean().optional(),
  signals: z.partialRecord(SignalId, Observation),
  facts: DeviceFacts.partial().optional(),
})
export type Report = z.infer<typeof Report>

/** The part of a report that must be right for it to be acknowledged at all; the rest is judged report by report. */
export const NumberedReport = z.looseObject({ number: z.int().min(1) })

export const AgentToService = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    versions: z.array(z.int()).min(1).max(16),
    device: DeviceId,
    signature,
    /** Of the device, new at every connection: what signed words are signed over. */
    nonce: nonce.optional(),
    journal: JournalId,
    boot: BootId,
    /** Of this start of the agent, made by it: a device that comes back as a start that is over is two machines. */
    run: z.string().min(1).max(64).optional(),
    /** Now, by the time that its reports are dated by: as its clock was when the agent started, evenly carried on since. */
    sentAt: Millis,
    /** The device's clock now. Absent, from before it was said: `sentAt`. */
    clock: Millis.optional(),
  }),
  z.object({ type: z.literal('report'), reports: z.array(NumberedReport).min(1).max(limits.reportsPerMessage) }),
  z.object({ type: z.literal('beat') }),
  /** The off-boarding script has run: agent and files are gone after this message. */
  z.object({ type: z.literal('offboarded') }),
  /** The answer to `session`: the device's half of the keys, signed, or why not (REM-3). */
  z.object({ type: z.literal('sessionAccepted'), session: SessionId, key: ephemeral, signature }),
  z.object({ type: z.literal('sessionRefused'), session: SessionId, code: ErrorCode }),
  /** The relay was lost with its sessions: a fresh ticket is wanted. */
  z.object({ type: z.literal('sessionTicketWanted'), session: SessionId }),
  /** The device has ended the session. */
  z.object({ type: z.literal('sessionEnded'), session: SessionId, reason: sessionEnd }),
])
export type AgentToService = z.infer<typeof AgentToService>

export const ServiceToAgent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('challenge'), nonce, service: z.string() }),
  z.object({
    type: z.literal('welcome'),
    version: z.int(),
    /** The highest number of this journal that is committed; 0 for a new journal. */
    acknowledged: z.int().min(0),
    heartbeatMs: z.int().min(10),
    lifecycle: Lifecycle,
    /** Of `welcomeWord`. */
    signature: serviceSignature.optional(),
  }),
  /** Everything up to `upTo` is committed (or kept aside as rejected); the agent may forget it. */
  z.object({
    type: z.literal('ack'),
    upTo: z.int().min(0),
    rejected: z.array(z.object({ number: z.int(), code: ErrorCode })).optional(),
  }),
  /** A report is missing: go on from this number. */
  z.object({ type: z.literal('resend'), from: z.int().min(1) }),
  z.object({ type: z.literal('beat') }),
  z.object({ type: z.literal('lifecycle'), lifecycle: Lifecycle }),
  /** Somebody wants a remote session: `grant` is a `SessionGrant`, `upload` lets the device upload a recording. */
  z.object({
    type: z.literal('session'),
    session: SessionId,
    grant: z.string().max(limits.grantChars),
    ticket: relayTicket,
    relay,
    upload: z.string().max(limits.relayTicketChars).optional(),
    /** Of the word `session ID`: the service offers it now, whatever the clocks say. Absent: the grant counts by the device's clock. */
    signature: serviceSignature.optional(),
  }),
  z.object({ type: z.literal('sessionTicket'), session: SessionId, ticket: relayTicket, relay }),
  /** The session is over; the reason is passed on to the operator. */
  z.object({ type: z.literal('sessionEnd'), session: SessionId, reason: sessionEnd }),
  /** Run the off-boarding script; nothing but `offboarded` is taken from now on. A final word. */
  z.object({ type: z.literal('offboard'), signature: serviceSignature.optional() }),
  /** Said before the service closes the socket. `retry`: whether trying again can help; if not, it is a final word. */
  z.object({
    type: z.literal('error'),
    code: ErrorCode,
    detail: z.string().optional(),
    retry: z.boolean(),
    signature: serviceSignature.optional(),
  }),
])
export type ServiceToAgent = z.infer<typeof ServiceToAgent>
