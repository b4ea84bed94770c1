import { stripVTControlCharacters } from 'node:util'
import { createGunzip } from 'node:zlib'
import type { z } from 'zod'
import type { CallOutput } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { ChunkHead, type RecordingChunk, RecordingEvent } from '../../contract/recording.ts'
import type { Turn } from '../../contract/system.ts'

/**
 * Recordings as devices made them (REM-8): looked at line by line, because a device may be as hostile as can be, and its
 * service may not have looked.
 */

/** Lines that are read before the core does something else. */
const linesAtOnce = 1_000
/** Of one line of a terminal, in characters. Longer ones are cut into several. */
const lineChars = 8_192

const invalid = (detail: string): RoomkeeperError => new RoomkeeperError('service.failed', { detail })

/** A packed chunk of this session, unpacked and read. Errors: service.failed, whatever is wrong with it. */
export async function readChunk(packed: Uint8Array, session: string, number: number, turn: Turn): Promise<RecordingChunk> {
  let head: ChunkHead | undefined
  let last = 0
  const events: RecordingEvent[] = []
  for await (const line of linesOf(await unpacked(packed, limits.recordingUnpackedBytes), turn)) {
    if (head === undefined) {
      head = parsed(ChunkHead, line)
      if (head.session !== session || head.number !== number || head.toMs < head.fromMs) throw invalid('It is another chunk.')
      last = head.fromMs
      continue
    }
    const event = parsed(RecordingEvent, line)
    if (event.at < last || event.at > head.toMs) throw invalid('The time of an event is out of order.')
    last = event.at
    events.push(event)
  }
  if (head === undefined) throw invalid('The chunk is empty.')
  return { head, events }
}

/**
 * The lines of terminals (gzip of NDJSON of their events) that hold `text`, however it is written; `at`: when the line was whole.
 * No more than `limits.recordingHits`; `more`: there are. Errors: service.failed.
 */
export async function searchTerminals(packed: Uint8Array, text: string, turn: Turn): Promise<CallOutput<'remote.searchRecording'>> {
  const wanted = folded(text)
  const hits: CallOutput<'remote.searchRecording'>['hits'] = []
  const open = new Map<number, TerminalLines>()
  let more = false
  const look = (at: number, terminal: number, lines: readonly string[]): void => {
    for (const line of lines) {
      if (!folded(line).includes(wanted)) continue
      if (hits.length < limits.recordingHits) hits.push({ at, terminal, line })
      else more = true
    }
  }
  const lasts = new Map<number, number>()
  for await (const raw of linesOf(await unpacked(packed, limits.recordingTerminalBytes), turn)) {
    const event = parsed(RecordingEvent, raw)
    if (event.type !== 'terminal' && event.type !== 'terminalClosed') continue
    const { at, terminal } = event
    const lines = open.get(terminal) ?? new TerminalLines()
    open.set(terminal, lines)
    lasts.set(terminal, at)
    if (event.type === 'terminalClosed') look(at, terminal, lines.rest())
    // What is repeated at the beginning of a chunk was found where it was written.
    else if (event.clear !== true) look(at, terminal, lines.add(event.text))
    if (more) break
  }
  for (const [terminal, lines] of open) look(lasts.get(terminal) ?? 0, terminal, lines.rest())
  return { hits: hits.sort((a, b) => a.at - b.at), more }
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase()

/** Puts what one terminal wrote together to lines of text, without what moves the cursor and changes colours. */
class TerminalLines {
  #rest = ''

  /** The lines that are whole with this. */
  add(text: string): string[] {
    const parts = (this.#rest + text).split(/\r?\n/u)
    this.#rest = parts.pop() ?? ''
    while (this.#rest.length > lineChars) {
      parts.push(this.#rest.slice(0, lineChars))
      this.#rest = this.#rest.slice(lineChars)
    }
    return parts.flatMap(plain)
  }

  /** What has no end yet. */
  rest(): string[] {
    const rest = this.#rest
    this.#rest = ''
    return plain(rest)
  }
}

/** What of a line can be read; a part that was written over is a line of its own. */
function plain(raw: string): string[] {
  return stripVTControlCharacters(raw)
    .split('\r')
    .map((part) =>
      withoutErased(part)
        .replace(/\p{Cc}/gu, ' ')
        .trim(),
    )
    .filter((part) => part !== '')
    .flatMap((part) => part.match(chunksOfLine) ?? [])
}

const chunksOfLine = new RegExp(`.{1,${lineChars}}`, 'gsu')

/** A backspace takes back what stands before it. */
function withoutErased(text: string): string {
  if (!text.includes('\b')) return text
  const kept: string[] = []
  for (const character of text) {
    if (character === '\b') kept.pop()
    else kept.push(character)
  }
  return kept.join('')
}

/** Errors: service.failed, where it is no gzip or larger than it may be: before more memory is used than that. */
async function unpacked(packed: Uint8Array, atMostBytes: number): Promise<Uint8Array> {
  const gunzip = createGunzip()
  const parts: Buffer[] = []
  let length = 0
  gunzip.end(packed)
  try {
    for await (const part of gunzip as AsyncIterable<Buffer>) {
      length += part.byteLength
      if (length > atMostBytes) throw invalid('It is too large.')
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof RoomkeeperError ? error : invalid('It is not gzip.')
  }
  return Buffer.concat(parts, length)
}

const newline = 0x0a
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The lines of NDJSON, with a pause now and then in which others have their turn. */
async function* linesOf(bytes: Uint8Array, turn: Turn): AsyncGenerator<Uint8Array> {
  let read = 0
  for (let start = 0; start < bytes.byteLength;) {
    const found = bytes.indexOf(newline, start)
    const end = found < 0 ? bytes.byteLength : found
    if (end > start) yield bytes.subarray(start, end)
    start = end + 1
    read += 1
    if (read % linesAtOnce === 0) await turn()
  }
}

function parsed<T extends z.ZodType>(schema: T, line: Uint8Array): z.output<T> {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(line))
  } catch {
    throw invalid('A line is not JSON.')
  }
  const result = schema.safeParse(value)
  if (!result.success) throw invalid('A line does not fit its schema.')
  return result.data
}
