import { gunzipSync } from 'node:zlib'
import type { z } from 'zod'
import { detailsOf, RoomkeeperError } from '../../../contract/errors.ts'
import type { SessionId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { ChunkHead, RecordingEvent } from '../../../contract/recording.ts'

/** What a device uploads, looked through line by line. Runs in a thread (recordingWorker.ts): it may be as hostile as can be. */

/** What the service keeps of a chunk beside its bytes. `terminal`: something of a terminal is in it. */
export interface CheckedChunk {
  readonly fromMs: number
  readonly toMs: number
  readonly terminal: boolean
}

/** Characters of a reason: it may hold what was sent. */
const reasonChars = 300

const invalid = (detail: string, field?: string): RoomkeeperError =>
  new RoomkeeperError('recording.invalid', { ...(field ? { field } : {}), detail: detail.slice(0, reasonChars) })

/**
 * What a packed chunk says of itself, before anything of it is unpacked.
 * @throws RoomkeeperError recording.invalid where it is not gzip, recording.tooLarge where it says that it is.
 */
export function checkOutside(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < leastGzipBytes || view.getUint16(0) !== 0x1f8b) throw invalid('The chunk is not gzip.')
  if (view.getUint32(bytes.byteLength - 4, true) > limits.recordingUnpackedBytes) throw new RoomkeeperError('recording.tooLarge')
}

/** A head of 10 bytes, and 8 behind the content: its checksum, and its length modulo 2³². */
const leastGzipBytes = 18

/** @throws RoomkeeperError recording.invalid; recording.tooLarge, before more memory is used than it may have unpacked. */
function unpacked(bytes: Uint8Array): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: limits.recordingUnpackedBytes })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw new RoomkeeperError('recording.tooLarge')
    throw invalid('The chunk is not gzip.')
  }
}

/** The lines of a chunk with their numbers; what ends with a line break has no line behind it. */
function* linesOf(text: Buffer): Generator<[line: number, bytes: Buffer]> {
  let line = 1
  for (let start = 0; start < text.length; line += 1) {
    const found = text.indexOf(0x0a, start)
    const end = found < 0 ? text.length : found
    yield [line, text.subarray(start, end)]
    start = end + 1
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Whether a line holds few enough values for an event, told by the marks between them, before any is made: a short line can make
 * hundreds of megabytes of them, and a thread that runs out of memory may take the whole process with it.
 */
function isSmall(line: Buffer): boolean {
  if (line.length > limits.recordingLineBytes) return false
  let marks = 0
  let inText = false
  for (let at = 0; at < line.length; at += 1) {
    const byte = line[at]
    if (byte === 0x22) inText = !inText
    else if (inText) at += byte === 0x5c ? 1 : 0
    else if (byte === 0x2c || byte === 0x3a || byte === 0x5b || byte === 0x7b) marks += 1
  }
  return marks <= limits.recordingLineMarks
}

function parsed<T extends z.ZodType>(schema: T, [line, bytes]: [number, Buffer]): z.output<T> {
  if (!isSmall(bytes)) throw invalid(`Line ${line}: it is larger than an event can be.`)
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    throw invalid(`Line ${line}: this is not JSON.`)
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const { field, detail } = detailsOf(result.error)
  throw invalid(`Line ${line}: ${detail ?? 'this does not fit.'}`, field?.slice(0, reasonChars))
}

/**
 * Looks a chunk through.
 * @throws RoomkeeperError recording.invalid with the line in `detail`; recording.tooLarge.
 */
export function checkChunk(bytes: Uint8Array, session: SessionId, number: number): CheckedChunk {
  let head: ChunkHead | undefined
  let last = 0
  let terminal = false
  for (const line of linesOf(unpacked(bytes))) {
    if (!head) {
      head = parsed(ChunkHead, line)
      if (head.session !== session) throw invalid('Line 1: it is of another session.', 'session')
      if (head.number !== number) throw invalid('Line 1: it is another chunk.', 'number')
      if (head.toMs < head.fromMs) throw invalid('Line 1: it ends before it begins.', 'toMs')
      last = head.fromMs
      continue
    }
    const event = parsed(RecordingEvent, line)
    if (event.at < last || event.at > head.toMs) throw invalid(`Line ${line[0]}: the time is out of order.`, 'at')
    last = event.at
    terminal ||= isOfTerminal(event)
  }
  if (!head) throw invalid('The chunk is empty.')
  return { fromMs: head.fromMs, toMs: head.toMs, terminal }
}

/** Whether it says something new of a terminal: what only repeats its end, for playing from here, does not. */
const isOfTerminal = (event: RecordingEvent): boolean =>
  event.type === 'terminalClosed' || (event.type === 'terminal' && event.clear !== true)

/** What was new of terminals in a checked chunk, as NDJSON. */
export function terminalLines(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = unpacked(bytes)
  // Nothing is kept but lines of it, and a line break behind the last.
  const kept = Buffer.alloc(text.length + 1)
  let end = 0
  for (const line of linesOf(text)) {
    // A picture may be large and says what it is; inside a text the quotes would have a backslash.
    if (line[0] === 1 || line[1].includes('"picture"')) continue
    const event = parsed(RecordingEvent, line)
    if (!isOfTerminal(event)) continue
    end += line[1].copy(kept, end)
    end = kept.writeUInt8(0x0a, end)
  }
  return new Uint8Array(kept.subarray(0, end))
}
