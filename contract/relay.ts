import { z } from 'zod'
import { DeviceId, SessionId } from './ids.ts'
import { limits } from './limits.ts'

/**
 * What crosses the boundary between a relay and the two sides of a remote session (REM-7). A side asks for a WebSocket
 * at `relayPath` with a ticket, or with the secret that resumes, in the Authorization header; never in the address.
 * Binary messages are payload, whose frame boundaries mean nothing. Text messages are control: the schemas below.
 */
export const relayPath = '/v1/relay'

/** `Authorization: Ticket JWS` at first; `Authorization: Resume SESSION.SIDE.SECRET` after a drop. */
export const relayAuthorization = { ticket: 'Ticket', resume: 'Resume' } as const
/** `typ` of a ticket's JWS header: no other token of the service is one. */
export const relayTicketType = 'roomkeeper-relay+jwt'

export const RelayId = z.string().min(1).max(limits.nameChars).brand<'RelayId'>()
export type RelayId = z.infer<typeof RelayId>

export const RelaySide = z.enum(['operator', 'device'])
export type RelaySide = z.infer<typeof RelaySide>

const seconds = z.number().min(0).max(8_640_000_000_000)

/** The claims of a ticket: for one relay, session, side and device; it counts once, and for seconds. */
export const RelayTicket = z.strictObject({
  /** The relay that may take it. */
  aud: RelayId,
  sid: SessionId,
  side: RelaySide,
  device: DeviceId,
  /** Makes the ticket count once. */
  jti: z.uuid().max(36),
  /** Issued and expires, in seconds UTC; parts of seconds are allowed. At most `limits.relayTicketMs` lie between. */
  iat: seconds,
  exp: seconds,
  /** The session ends after so many seconds without payload, and so many after it began. Of two tickets the less counts. */
  idle: z
    .number()
    .positive()
    .max(limits.relayIdleMsAtMost / 1000),
  maximum: z
    .number()
    .positive()
    .max(limits.relaySessionMsAtMost / 1000),
})
export type RelayTicket = z.infer<typeof RelayTicket>

/** 32 random bytes as base64url. Each connection gets a new one, which makes those before it worthless. */
export const RelaySecret = z.string().regex(/^[\w-]{43}$/)

/**
 * Why a session has ended: a side said so; both sides have half-closed; the second side never came; a dropped side did
 * not come back in time; too long without payload; too long altogether; access was withdrawn; a side broke the
 * protocol; the relay stops.
 */
export const RelayEnd = z.enum(['ended', 'finished', 'noPeer', 'peerLost', 'idle', 'maximum', 'withdrawn', 'protocol', 'draining'])
export type RelayEnd = z.infer<typeof RelayEnd>

/** Counts the times that a peer came back; text, so that it is the same number everywhere. */
const epoch = z.int().min(1).max(1_000_000)
const wait = z.int().min(0).max(3_600_000)

/** Control from the relay to a side. */
export const RelayToSide = z.discriminatedUnion('type', [
  /** First on every connection. With `waiting` or `dropped`, payload waits for `joined` or `back`. */
  z.object({ type: z.literal('open'), secret: RelaySecret, graceMs: wait, peer: z.enum(['waiting', 'here', 'dropped']) }),
  /** The other side has come for the first time: payload flows. */
  z.object({ type: z.literal('joined') }),
  /** The other side dropped. What was in flight is lost, and what is sent until `restart` is thrown away. */
  z.object({ type: z.literal('dropped'), graceMs: wait }),
  /** The other side is back, and what it sends begins anew. Answer with `restart`, then resend what it has not got. */
  z.object({ type: z.literal('back'), epoch }),
  /** The other side sends no more payload. */
  z.object({ type: z.literal('halfClosed') }),
  /** The relay stops soon. Ask for new tickets after so many ms. */
  z.object({ type: z.literal('draining'), reconnectMs: wait }),
  /** Last, before the close. `by`: the side that ended it, or whose fault it was. */
  z.object({ type: z.literal('ended'), reason: RelayEnd, by: RelaySide.optional() }),
])
export type RelayToSide = z.infer<typeof RelayToSide>

/** Control from a side to the relay, at most `limits.relayControlBytes`. */
export const SideToRelay = z.discriminatedUnion('type', [
  /** The answer to `back` with its epoch: what follows begins anew. Takes back a half-close. */
  z.strictObject({ type: z.literal('restart'), epoch }),
  /** No more payload will be sent. Payload after it breaks the protocol. */
  z.strictObject({ type: z.literal('halfClose') }),
  /** Ends the session for both sides. Closing with code 1000 is the same; any other end of a connection is a drop. */
  z.strictObject({ type: z.literal('end') }),
])
export type SideToRelay = z.infer<typeof SideToRelay>

/** Codes that a relay closes with. */
export const relayCloseCodes = {
  normal: 1000,
  protocol: 1002,
  notText: 1007,
  refused: 1008,
  tooLarge: 1009,
  failed: 1011,
  draining: 1012,
} as const
