import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { limits } from '../../contract/limits.ts'
import type { ChunkHead, RecordingEvent } from '../../contract/recording.ts'

const packed = promisify(gzip)

/** Picture bytes after which a chunk is cut: with what one more look may add, it stays below `recordingChunkBytes`. */
const pictureBytes = limits.recordingChunkBytes / 4
/** Terminal text after which it is cut: it packs well, and unpacked there is a limit too. */
const textChars = limits.recordingUnpackedBytes / 8

/**
 * One chunk of a recording in the making: events in the order of their time. Pictures may still be on their way into
 * JPEG when they are added.
 */
export class Chunk {
  readonly fromMs: number
  readonly #events: Promise<RecordingEvent>[] = []
  #pictures = 0
  #text = 0

  constructor(fromMs: number) {
    this.fromMs = fromMs
  }

  /** Whether nothing more should be added. */
  get full(): boolean {
    return this.#pictures >= pictureBytes || this.#text >= textChars
  }

  /** Adds an event, or one that is being made. */
  add(event: RecordingEvent | Promise<RecordingEvent>): void {
    const weighed = 'then' in event ? event.then((made) => this.#weigh(made)) : Promise.resolve(this.#weigh(event))
    // Whoever packs it is told.
    weighed.catch(() => undefined)
    this.#events.push(weighed)
  }

  /** Packs it. @throws Error where a picture could not be made. */
  async pack(head: Omit<ChunkHead, 'fromMs'>): Promise<Buffer> {
    const events = await Promise.all(this.#events)
    const whole: ChunkHead = { ...head, fromMs: this.fromMs }
    const lines = [whole, ...events].map((line) => JSON.stringify(line))
    return packed(`${lines.join('\n')}\n`)
  }

  #weigh(event: RecordingEvent): RecordingEvent {
    if (event.type === 'picture') this.#pictures += event.parts.reduce((sum, { jpeg }) => sum + (jpeg.length * 3) / 4, 0)
    if (event.type === 'terminal') this.#text += event.text.length
    return event
  }
}
