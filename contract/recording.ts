import { z } from 'zod'
import { SessionId, TenantId, DeviceId, Millis } from './ids.ts'
import { limits } from './limits.ts'
import { SessionRecord, TerminalSize } from './remote.ts'
import { DisplayId } from './remoteFacts.ts'

/**
 * Recordings of remote sessions: made by the device, which is the one end that an operator cannot bypass, without
 * keystrokes; uploaded in chunks while the session lasts, kept by the service as long as the tenant says.
 *
 * A chunk is gzip of NDJSON: `ChunkHead` on the first line, one `RecordingEvent` on each other, in the order of `at`. Every
 * chunk begins with a key frame of each display that is shown, and the end of what each open terminal wrote, so that playing
 * can begin with any chunk.
 */

/** Milliseconds since the recording began. */
const at = z.int().min(0).max(limits.relaySessionMsAtMost)
const pixels = z.int().min(0).max(limits.screenPixelsAtMost)

export const ChunkHead = z.strictObject({ session: SessionId, number: z.int().min(1).max(limits.recordingChunks), fromMs: at, toMs: at })
export type ChunkHead = z.infer<typeof ChunkHead>

export const RecordingEvent = z.discriminatedUnion('type', [
  /** Parts of a display's picture that changed, as JPEG; `key`: all of it. */
  z.strictObject({
    type: z.literal('picture'),
    at,
    display: DisplayId,
    width: pixels,
    height: pixels,
    key: z.boolean(),
    parts: z
      .array(z.strictObject({ x: pixels, y: pixels, width: pixels, height: pixels, jpeg: z.base64().max(limits.recordingChunkBytes) }))
      .max(1_000),
  }),
  /** The display is not shown any more. */
  z.strictObject({ type: z.literal('dark'), at, display: DisplayId }),
  /**
   * What a terminal wrote (escape sequences and all), never what was typed. `clear`: it begins anew with this text, which only
   * repeats the end of what was written before.
   */
  z.strictObject({
    type: z.literal('terminal'),
    at,
    terminal: z.int().min(1).max(limits.sessionChannels),
    ...TerminalSize.shape,
    text: z.string().max(limits.recordingChunkBytes),
    clear: z.boolean().optional(),
  }),
  /** The terminal is closed. */
  z.strictObject({ type: z.literal('terminalClosed'), at, terminal: z.int().min(1).max(limits.sessionChannels) }),
])
export type RecordingEvent = z.infer<typeof RecordingEvent>

/** `typ` of the JWS that lets a device upload: `Authorization: Recording JWS` at `PUT /v1/recordings/:session/chunks/:number`. */
export const recordingTicketType = 'roomkeeper-recording+jwt'
export const recordingAuthorization = 'Recording'
export const RecordingTicket = z.strictObject({
  iss: z.string(),
  sid: SessionId,
  tenant: TenantId,
  device: DeviceId,
  iat: z.number(),
  exp: z.number(),
})
export type RecordingTicket = z.infer<typeof RecordingTicket>

export const chunkPath = (session: string, number: number): string => `/v1/recordings/${session}/chunks/${number}`

/** Answer to `GET /v1/recordings/:session`. `record`: whose session it was, with which room. `complete`: the session has ended. */
export const RecordingIndex = z.object({
  session: SessionId,
  record: SessionRecord,
  startedAt: Millis,
  durationMs: z.int(),
  complete: z.boolean(),
  chunks: z.array(z.object({ number: z.int(), fromMs: z.int(), toMs: z.int(), bytes: z.int() })),
})
export type RecordingIndex = z.infer<typeof RecordingIndex>

/** What one chunk says, unpacked. */
export const RecordingChunk = z.object({ head: ChunkHead, events: z.array(RecordingEvent) })
export type RecordingChunk = z.infer<typeof RecordingChunk>

/** A line of terminal text that was found. */
export const RecordingHit = z.object({ at, terminal: z.int(), line: z.string() })
export type RecordingHit = z.infer<typeof RecordingHit>
