import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { Clock, Undo } from '../../contract/system.ts'
import type { Log } from '../log.ts'
import type {
  CacheState,
  Change,
  FeedEvent,
  PageEvent,
  SnapshotState,
  WorkerAnswer,
  WorkerData,
  WorkerNext,
  WorkerOpened,
  WorkerRequest,
} from './messages.ts'
import { cachesKeptAside, openReadable, saysDamaged, setAside } from './open.ts'
import { CacheReader } from './reader.ts'
import type { WindowNews } from './windows.ts'

type Ask = WorkerRequest extends infer R ? (R extends WorkerRequest ? Omit<R, 'id'> : never) : never

export interface CacheOptions {
  /** File of the cache; made where it is missing, set aside where it cannot be used. */
  path: string
  /** 32 bytes. */
  key: Uint8Array
  clock: Clock
  log: Log
  /** The bundled worker; without it the TypeScript beside this file runs. */
  worker?: URL
}

interface Waiting {
  resolve(answer: WorkerAnswer): void
  reject(error: unknown): void
  onNext?(next: string): void
}

/** What the sync engine needs of a cache. */
export interface SyncStore {
  readonly state: CacheState
  feed(bytes: Uint8Array): Promise<FeedEvent>
  beginSnapshot(full: boolean): Promise<SnapshotState>
  restartSnapshot(): Promise<SnapshotState>
  /** `onNext` is told where the next page starts before this one is written. */
  page(bytes: Uint8Array, generation: number, after: string | null, onNext: (next: string) => void): Promise<PageEvent>
  synced(at: number): Promise<void>
}

const asDiskFailed = (error: unknown): RoomkeeperError =>
  error instanceof RoomkeeperError ? error : new RoomkeeperError('disk.failed', {}, error)

/** The copy of what the service said: writes through the worker, reads through a handle that cannot write. */
export class Cache implements SyncStore {
  readonly reader: CacheReader
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #log: Log
  readonly #waiting = new Map<number, Waiting>()
  readonly #onChange = new Set<(change: Change) => void>()
  readonly #onDamage = new Set<() => void>()
  #state: CacheState
  #next = 1
  #closed = false

  private constructor(worker: Worker, reader: CacheReader, state: CacheState, options: CacheOptions) {
    this.#worker = worker
    this.reader = reader
    this.#state = state
    this.#clock = options.clock
    this.#log = options.log
    worker.on('message', (message: WorkerAnswer | WorkerNext) => {
      if ('next' in message) this.#waiting.get(message.id)?.onNext?.(message.next)
      else this.#answered(message)
    })
    worker.on('error', (error) => this.#ended(error))
    worker.on('exit', () => this.#ended(new Error('the cache worker ended')))
  }

  /** Opens the cache. Errors: `disk.failed` where no usable file can be made (disk full, no rights). */
  static async open(options: CacheOptions): Promise<Cache> {
    try {
      return await Cache.#open(options)
    } catch (error) {
      if (error instanceof RoomkeeperError || !saysDamaged(error)) throw asDiskFailed(error)
    }
    // Damage that the writer's log still covers shows to the reader only.
    setAside(options.path, options.clock.now(), cachesKeptAside)
    options.log.warn({ why: 'unreadable' }, 'cache set aside; it is built anew')
    return await Cache.#open(options).catch((error: unknown) => {
      throw asDiskFailed(error)
    })
  }

  static async #open(options: CacheOptions): Promise<Cache> {
    const workerData: WorkerData = { path: options.path, key: options.key, now: options.clock.now() }
    const worker = new Worker(options.worker ?? new URL('./worker.ts', import.meta.url), { workerData })
    const [opened] = (await once(worker, 'message')) as [WorkerOpened]
    if (opened.type === 'cannotOpen') throw new RoomkeeperError('disk.failed', { detail: opened.detail })
    if (opened.setAside !== undefined) options.log.warn({ why: opened.setAside }, 'cache set aside; it is built anew')
    try {
      const reader = new CacheReader(openReadable(options.path, options.key))
      return new Cache(worker, reader, opened.state, options)
    } catch (error) {
      await worker.terminate()
      throw error
    }
  }

  get state(): CacheState {
    return this.#state
  }

  /** Called after each committed write that changed documents. Returns its undo. */
  onChange(listener: (change: Change) => void): Undo {
    this.#onChange.add(listener)
    return () => this.#onChange.delete(listener)
  }

  /** Called when the file turned out to be damaged while in use: it must be closed and opened again. Returns its undo. */
  onDamage(listener: () => void): Undo {
    this.#onDamage.add(listener)
    return () => this.#onDamage.delete(listener)
  }

  async feed(bytes: Uint8Array): Promise<FeedEvent> {
    const { feed } = await this.#ask({ type: 'feed', bytes, now: this.#clock.now() }, bytes)
    if (feed === undefined) throw new Error('the worker gave no event')
    return feed
  }

  async page(bytes: Uint8Array, generation: number, after: string | null, onNext: (next: string) => void): Promise<PageEvent> {
    const { page } = await this.#ask({ type: 'page', bytes, generation, after, now: this.#clock.now() }, bytes, onNext)
    if (page === undefined) throw new Error('the worker gave no event')
    return page
  }

  beginSnapshot(full: boolean): Promise<SnapshotState> {
    return this.#snapshot({ type: 'beginSnapshot', full, now: this.#clock.now() })
  }

  restartSnapshot(): Promise<SnapshotState> {
    return this.#snapshot({ type: 'restartSnapshot', now: this.#clock.now() })
  }

  async #snapshot(ask: Ask): Promise<SnapshotState> {
    const { state } = await this.#ask(ask)
    if (state.snapshot === null) throw new Error('the worker began no snapshot')
    return state.snapshot
  }

  /** Takes in what the service said of a room's history; told as a change of the room. */
  async window(news: WindowNews): Promise<void> {
    await this.#ask({ type: 'window', news, now: Math.floor(this.#clock.now()) })
  }

  async windowUsed(room: string): Promise<void> {
    await this.#ask({ type: 'windowUsed', room, now: Math.floor(this.#clock.now()) })
  }

  async synced(at: number): Promise<void> {
    await this.#ask({ type: 'synced', at })
  }

  /** Finishes what was asked for and closes both handles. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return
    const ended = once(this.#worker, 'exit')
    // The reader first: the last handle to go folds the log into the file, and a reader cannot.
    this.reader.close()
    const asked = this.#ask({ type: 'close' }).catch(() => undefined)
    this.#closed = true
    await asked
    await ended
  }

  /** The bytes move to the worker: they are empty here afterwards. */
  #ask(ask: Ask, moved?: Uint8Array, onNext?: (next: string) => void): Promise<WorkerAnswer> {
    if (this.#closed) return Promise.reject(new Error('the cache is closed'))
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, ...(onNext === undefined ? {} : { onNext }) })
      const whole = moved?.buffer instanceof ArrayBuffer && moved.byteLength === moved.buffer.byteLength
      this.#worker.postMessage({ ...ask, id }, whole && moved.buffer instanceof ArrayBuffer ? [moved.buffer] : [])
    })
  }

  #answered(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    this.#state = answer.state
    if (answer.skipped !== undefined) this.#log.warn({ ...answer.skipped }, 'rows from the service did not fit and were left out')
    if (answer.change !== undefined) for (const listener of this.#onChange) listener(answer.change)
    if (answer.failed === undefined) {
      waiting?.resolve(answer)
      return
    }
    this.#log.error({ ...answer.failed }, 'cache could not be written')
    waiting?.reject(new RoomkeeperError('disk.failed'))
    if (answer.failed.damaged) for (const listener of this.#onDamage) listener()
  }

  #ended(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    if (this.#closed) return
    this.#closed = true
    this.#log.error({ error: String(error) }, 'cache worker ended')
    for (const listener of this.#onDamage) listener()
  }
}
