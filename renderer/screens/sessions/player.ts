import type { RecordingChunk, RecordingEvent, RecordingIndex } from '../../../contract/recording.ts'

/** Where a recording is shown. */
export interface Stage {
  /** Takes everything away: playing goes on elsewhere. */
  clear(): void
  show(event: RecordingEvent): void
}

export interface PlayerState {
  /** Milliseconds since the recording began. */
  readonly position: number
  readonly playing: boolean
  /** A chunk is waited for. */
  readonly waiting: boolean
  /** The chunk that could not be read; playing stops there. */
  readonly failed: unknown
}

export interface PlayerOptions {
  readonly index: RecordingIndex
  readonly chunk: (number: number) => Promise<RecordingChunk>
  readonly stage: Stage
  readonly onState: (state: PlayerState) => void
}

/** Chunks kept in memory: the one that is shown, and those around it. */
const chunksKept = 6
/** The next chunk is asked for so long before it is needed, in ms of the recording. */
const aheadMs = 4_000

/** Plays a recording from any moment: from the start of the chunk that holds it, all that happened until then at once. */
export class Player {
  readonly #options: PlayerOptions
  readonly #chunks = new Map<number, Promise<RecordingChunk>>()
  #state: PlayerState = { position: 0, playing: false, waiting: false, failed: null }
  /** What of the chunk at hand comes next; undefined while none is at hand. */
  #at: { readonly index: number; readonly chunk: RecordingChunk; next: number } | undefined
  #sought = 0

  constructor(options: PlayerOptions) {
    this.#options = options
  }

  get state(): PlayerState {
    return this.#state
  }
  get durationMs(): number {
    return this.#options.index.durationMs
  }

  /** Shows the first moment at which there is something to see. */
  async begin(): Promise<void> {
    const mine = this.#sought + 1
    await this.seek(0)
    const first = this.#at?.chunk.events[0]
    if (mine === this.#sought && first !== undefined) await this.seek(first.at)
  }

  play(): void {
    if (this.#state.position >= this.durationMs) void this.begin()
    this.#set({ playing: true })
  }
  pause(): void {
    this.#set({ playing: false })
  }

  /** Shows this moment. Resolves when it is shown; a later `seek` takes over. */
  async seek(ms: number): Promise<void> {
    const { index, stage } = this.#options
    const mine = ++this.#sought
    const position = Math.min(Math.max(0, ms), this.durationMs)
    const found = index.chunks.findLastIndex(({ fromMs }) => fromMs <= position)
    this.#at = undefined
    this.#set({ position, waiting: true, failed: null })
    const opened = await this.#open(Math.max(0, found), mine)
    if (!opened) return
    stage.clear()
    this.#at = opened
    this.#set({ waiting: false })
    this.#showUntil(position)
  }

  /** So much time has passed, in ms of the recording. */
  advance(ms: number): void {
    if (!this.#state.playing || this.#state.waiting || this.#state.failed !== null) return
    const position = Math.min(this.#state.position + ms, this.durationMs)
    this.#set({ position, ...(position >= this.durationMs ? { playing: false } : {}) })
    this.#showUntil(position)
  }

  #showUntil(position: number): void {
    const { index, stage } = this.#options
    const at = this.#at
    if (at === undefined) return
    for (let event = at.chunk.events[at.next]; event !== undefined && event.at <= position; event = at.chunk.events[at.next]) {
      at.next++
      stage.show(event)
    }
    const following = index.chunks[at.index + 1]
    if (following === undefined) return
    if (following.fromMs - position < aheadMs) this.#load(following.number).catch(() => undefined)
    if (at.next >= at.chunk.events.length && following.fromMs <= position) void this.#goOn(at.index + 1)
  }

  async #goOn(index: number): Promise<void> {
    const mine = ++this.#sought
    this.#at = undefined
    this.#set({ waiting: true })
    const opened = await this.#open(index, mine)
    if (!opened) return
    this.#at = opened
    this.#set({ waiting: false })
    this.#showUntil(this.#state.position)
  }

  /** The chunk, unless something else was sought meanwhile, or it cannot be had. */
  async #open(index: number, mine: number): Promise<{ index: number; chunk: RecordingChunk; next: number } | undefined> {
    const entry = this.#options.index.chunks[index]
    if (entry === undefined) {
      this.#set({ waiting: false, playing: false })
      return undefined
    }
    try {
      const chunk = await this.#load(entry.number)
      return mine === this.#sought ? { index, chunk, next: 0 } : undefined
    } catch (error) {
      if (mine === this.#sought) this.#set({ waiting: false, playing: false, failed: error })
      return undefined
    }
  }

  #load(number: number): Promise<RecordingChunk> {
    const known = this.#chunks.get(number)
    if (known) return known
    const loading = this.#options.chunk(number)
    this.#chunks.set(number, loading)
    loading.catch(() => this.#chunks.delete(number))
    const [oldest] = this.#chunks.size > chunksKept ? this.#chunks.keys() : []
    if (oldest !== undefined) this.#chunks.delete(oldest)
    return loading
  }

  #set(changes: Partial<PlayerState>): void {
    this.#state = { ...this.#state, ...changes }
    this.#options.onState(this.#state)
  }
}
