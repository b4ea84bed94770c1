import type { ErrorCode } from '../../contract/errors.ts'
import type { SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { RecordingEvent } from '../../contract/recording.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import type { Rect } from '../rfb/interfaces.ts'
import { Changes } from './changes.ts'
import { Chunk } from './chunk.ts'
import type { MakeJpeg } from './jpeg.ts'
import type { Look, SessionRecorder } from './parts.ts'
import type { Upload } from './upload.ts'

export interface RecorderOptions {
  readonly session: SessionId
  /** @throws Error where the display cannot be seen. */
  readonly look: (display: DisplayId) => Promise<Look>
  readonly jpeg: MakeJpeg
  readonly upload: Pick<Upload, 'add' | 'finish'>
  readonly timers: Timers
  readonly now: () => number
  readonly everyMs: number
  readonly chunkMs: number
  /** A display is still shown, and cannot be seen any more, which is why the operator is told this code. */
  readonly onLost: (display: DisplayId, code: ErrorCode) => void
  /** It cannot go on. */
  readonly onFailed: (why: string) => void
}

interface Shown {
  readonly look: Look
  readonly changes: Changes
  readonly undo: Undo[]
  /** A picture of it is being made; the next one waits for it. */
  busy: boolean
}

interface OpenTerminal {
  columns: number
  rows: number
  readonly decoder: TextDecoder
  /** The end of what it wrote, from the beginning of a line. */
  tail: string
}

/** Of what a terminal wrote, in characters: more than its screen shows. */
const tailChars = 16_384

/** What is kept of it; cut now and then and not with every byte, to whole lines where there are any. */
function tailOf(text: string): string {
  if (text.length < 2 * tailChars) return text
  const cut = text.slice(-tailChars)
  return cut.slice(cut.indexOf('\n') + 1)
}

/** One picture as JPEG, in bytes at most: three displays and what changes meanwhile fit one chunk. */
const jpegBytes = limits.recordingChunkBytes / 8

/**
 * Records one session: looks at the displays that are shown and takes what has changed, writes down what terminals
 * wrote, and packs it into chunks, each of which can be played without those before it. What is typed never comes here.
 */
export class Recorder implements SessionRecorder {
  readonly #options: RecorderOptions
  readonly #startedAt: number
  /** How often each display is shown, and its look once there is one. */
  readonly #wanted = new Map<DisplayId, number>()
  readonly #shown = new Map<DisplayId, Shown>()
  readonly #looking = new Map<DisplayId, Promise<void>>()
  readonly #terminals = new Map<number, OpenTerminal>()
  #chunk: Chunk | undefined
  #number = 0
  /** Chunks are handed over in their order, one after the other. */
  #packing: Promise<void> = Promise.resolve()
  #tick: Undo | undefined
  #over = false
  #failed = false
  #newest = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#startedAt = options.now()
    this.#wait()
  }

  async show(display: DisplayId): Promise<void> {
    this.#wanted.set(display, (this.#wanted.get(display) ?? 0) + 1)
    let looking = this.#looking.get(display)
    if (!looking) {
      looking = this.#look(display)
      this.#looking.set(display, looking)
      looking.catch(() => this.#looking.delete(display))
    }
    await looking
  }

  hide(display: DisplayId): void {
    const wanted = (this.#wanted.get(display) ?? 0) - 1
    this.#wanted.set(display, Math.max(0, wanted))
    if (wanted > 0) return
    this.#looking.delete(display)
    const shown = this.#shown.get(display)
    if (!shown) return
    void this.#take(display, shown)
    this.#letGo(display, shown)
    this.#add((at) => ({ type: 'dark', at, display }))
  }

  terminalOpened(terminal: number, columns: number, rows: number): void {
    this.#add((at) => ({ type: 'terminal', at, terminal, columns, rows, text: '', clear: true }))
    this.#terminals.set(terminal, { columns, rows, decoder: new TextDecoder(), tail: '' })
  }

  terminalResized(terminal: number, columns: number, rows: number): void {
    const open = this.#terminals.get(terminal)
    if (!open) return
    open.columns = columns
    open.rows = rows
    this.#add((at) => ({ type: 'terminal', at, terminal, columns, rows, text: '' }))
  }

  terminalWrote(terminal: number, bytes: Uint8Array): void {
    const open = this.#terminals.get(terminal)
    const text = open?.decoder.decode(bytes, { stream: true })
    if (!open || !text) return
    const { columns, rows } = open
    this.#add((at) => ({ type: 'terminal', at, terminal, columns, rows, text }))
    open.tail = tailOf(open.tail + text)
  }

  terminalClosed(terminal: number): void {
    if (this.#terminals.delete(terminal)) this.#add((at) => ({ type: 'terminalClosed', at, terminal }))
  }

  async finish(): Promise<void> {
    if (this.#over) return
    for (const [display, shown] of [...this.#shown]) {
      void this.#take(display, shown)
      this.#letGo(display, shown)
    }
    this.#cut()
    this.#over = true
    this.#tick?.()
    await this.#packing
    await this.#options.upload.finish()
  }

  async #look(display: DisplayId): Promise<void> {
    const { look: open, timers, everyMs } = this.#options
    const look = await open(display)
    if (this.#over || !this.#wanted.get(display)) {
      look.close()
      return
    }
    const { picture } = look
    const changes = new Changes(picture)
    const shown: Shown = { look, changes, undo: [], busy: false }
    shown.undo.push(
      picture.onDamage((rect) => {
        changes.mark(rect)
      }),
      picture.onSize(() => {
        changes.resized()
      }),
      look.onLost((code) => {
        // Most often the operator's screen is lost with it, and then it is dark.
        shown.undo.push(
          timers.after(2 * everyMs, () => {
            this.#options.onLost(display, code)
          }),
        )
      }),
    )
    this.#shown.set(display, shown)
    // A chunk that begins now has it all; one that has begun gets it.
    await (this.#chunk ? this.#take(display, shown) : this.#begin().get(display))
  }

  #letGo(display: DisplayId, shown: Shown): void {
    for (const undo of shown.undo) undo()
    this.#shown.delete(display)
    shown.look.close()
  }

  #wait(): void {
    this.#tick = this.#options.timers.after(this.#options.everyMs, () => {
      const chunk = this.#chunk
      if (chunk && (chunk.full || this.#at() - chunk.fromMs >= this.#options.chunkMs)) this.#cut()
      for (const [display, shown] of this.#shown) if (!shown.busy) void this.#take(display, shown)
      this.#wait()
    })
  }

  /** Takes what has changed on a display. Resolves when it is packed. */
  #take(display: DisplayId, shown: Shown): Promise<unknown> | undefined {
    const taken = shown.changes.take()
    if (!taken) return undefined
    // A chunk that begins now has all of it.
    const begun = this.#chunk ? undefined : this.#begin().get(display)
    return begun ?? this.#picture(display, shown, taken)
  }

  /** Its time is taken once there is a chunk: one that begins with it must not begin after it. */
  #add(event: (at: number) => RecordingEvent): void {
    if (this.#over) return
    if (this.#chunk?.full) this.#cut()
    if (!this.#chunk) this.#begin()
    this.#chunk?.add(event(this.#at()))
  }

  /** Begins a chunk with all that is shown. Gives the pictures in the making. */
  #begin(): Map<DisplayId, Promise<unknown>> {
    const chunk = new Chunk(this.#at())
    this.#chunk = chunk
    const made = new Map<DisplayId, Promise<unknown>>()
    for (const [display, shown] of this.#shown) made.set(display, this.#picture(display, shown, shown.changes.takeAll()))
    // Not before the pictures: reading those takes time.
    for (const [terminal, { columns, rows, tail }] of this.#terminals)
      chunk.add({ type: 'terminal', at: this.#at(), terminal, columns, rows, text: tail, clear: true })
    return made
  }

  #picture(display: DisplayId, shown: Shown, { rects, key }: { rects: readonly Rect[]; key: boolean }): Promise<unknown> {
    const { picture } = shown.look
    const { width, height } = picture
    const at = this.#at()
    const budget = Math.floor(jpegBytes / rects.length)
    shown.busy = true
    const parts = rects.map(async (rect) => {
      const jpeg = await this.#options.jpeg(picture.read(rect), rect.width, rect.height, budget)
      return { ...rect, jpeg: Buffer.from(jpeg).toString('base64') }
    })
    const made = Promise.all(parts)
      .then((done): RecordingEvent => ({ type: 'picture', at, display, width, height, key, parts: done }))
      .finally(() => {
        shown.busy = false
      })
    this.#chunk?.add(made)
    made.catch((error: unknown) => {
      this.#fail(textOf(error))
    })
    return made
  }

  /** Packs the chunk that is open and hands it over. */
  #cut(): void {
    const chunk = this.#chunk
    if (!chunk) return
    this.#chunk = undefined
    const number = (this.#number += 1)
    const { session, upload } = this.#options
    const head = { session, number, toMs: this.#at() }
    if (number > limits.recordingChunks) {
      this.#fail('it has become too long')
      return
    }
    this.#packing = this.#packing
      .then(() => chunk.pack(head))
      .then((bytes) => {
        if (bytes.length > limits.recordingChunkBytes) throw new Error(`a chunk of ${bytes.length} bytes is too large`)
        upload.add(number, bytes)
      })
      .catch((error: unknown) => {
        this.#fail(textOf(error))
      })
  }

  #fail(why: string): void {
    if (this.#failed) return
    this.#failed = true
    this.#options.onFailed(why)
  }

  /** Ms since the recording began; never less than before, whatever happens to the clock. */
  #at(): number {
    this.#newest = Math.min(limits.relaySessionMsAtMost, Math.max(this.#newest, Math.round(this.#options.now() - this.#startedAt)))
    return this.#newest
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
