import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { SessionId, TenantId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { Timers } from '../../../contract/system.ts'
import { FairQueue, type Waiting } from '../../ground/ops/fairQueue.ts'
import type { CheckedChunk } from './chunks.ts'
import type { ChunkAnswer, ChunkJob } from './worker.ts'

interface Asked {
  readonly job: ChunkJob
  readonly done: (answer: ChunkAnswer) => void
  readonly failed: (error: Error) => void
}

/** One thread: what it is told and says, and the one chunk that it is busy with. */
export interface ChunkThread {
  post(job: ChunkJob): void
  /** Once for each job; `undefined` where the thread ended instead. */
  onAnswer: (answer: ChunkAnswer | undefined) => void
  end(): Promise<unknown>
}

export interface RecordingThreadsOptions {
  /** How many; as many as the machine can run, within bounds. */
  readonly threads?: number
  readonly start?: () => ChunkThread
}

/** Threads, at least and at most: one slow chunk leaves the others a thread. */
const fewestThreads = 2
const mostThreads = 4
/**
 * Megabytes of heap that one chunk may take while it is looked through; bytes unpacked are beside it. None comes near it: what a line may
 * hold is bounded (recordingChunks.ts), since a thread that meets its limit can end the process.
 */
const heapMb = 256

/**
 * Looks chunks of recordings through in threads of their own, so that a large one holds nobody up and a hostile one takes nothing
 * with it (rules 9 and 13): one chunk of a session at a time, tenants in turn, no tenant in all threads at once, and no chunk
 * longer than `recordingCheckMs`: its thread is ended, and another starts with the next chunk.
 */
export class RecordingThreads {
  readonly #start: () => ChunkThread
  readonly #timers: Timers
  readonly #threads: number
  readonly #queue: FairQueue<Asked>
  readonly #idle: ChunkThread[] = []
  readonly #busy = new Map<ChunkThread, (error: Error) => void>()
  #playbacks = 0
  #closed = false

  constructor(
    timers: Timers,
    { threads = Math.max(fewestThreads, Math.min(mostThreads, availableParallelism())), start = startWorker }: RecordingThreadsOptions = {},
  ) {
    this.#threads = threads
    this.#start = start
    this.#timers = timers
    const { recordingChunksWaiting: waiting, recordingChunksWaitingOfTenant: waitingOfLane } = limits
    this.#queue = new FairQueue({ waiting, waitingOfLane, runningOfGroup: Math.max(1, threads - 1) })
  }

  /**
   * @throws RoomkeeperError recording.invalid, recording.tooLarge; recording.busy where one of this session is being looked
   * through, or too many wait; service.unavailable.
   */
  async check(tenant: TenantId, session: SessionId, number: number, bytes: Uint8Array): Promise<CheckedChunk> {
    const answer = await this.#ask(tenant, 'upload', session, { type: 'check', bytes, session, number })
    if ('checked' in answer) return answer.checked
    throw refusalIn(answer)
  }

  /** The events of terminals in a chunk, as NDJSON. @throws RoomkeeperError recording.busy, service.unavailable */
  async terminalLines(tenant: TenantId, bytes: Uint8Array): Promise<Uint8Array> {
    this.#playbacks += 1
    // In their tenant's turn, and there in turn with what is taken: who reads recordings keeps neither its own tenant nor others from that.
    const answer = await this.#ask(tenant, 'playback', `playback ${this.#playbacks}`, { type: 'terminal', bytes })
    if ('lines' in answer) return answer.lines
    throw refusalIn(answer)
  }

  /** Whoever waits is refused. */
  async close(): Promise<void> {
    this.#closed = true
    const stopped = new RoomkeeperError('service.unavailable')
    for (const { job } of this.#queue.clear()) job.failed(stopped)
    const all = [...this.#idle.splice(0), ...this.#busy.keys()]
    for (const lost of this.#busy.values()) lost(stopped)
    await Promise.all(all.map((thread) => thread.end()))
  }

  async #ask(group: string, lane: string, owner: string, job: ChunkJob): Promise<ChunkAnswer> {
    if (this.#closed) throw new RoomkeeperError('service.unavailable')
    return new Promise((done, failed) => {
      if (this.#queue.add({ group, lane, owner, job: { job, done, failed } })) this.#next()
      else failed(new RoomkeeperError('recording.busy', { params: { retryAfter: 1 } }))
    })
  }

  #next(): void {
    while (this.#busy.size < this.#threads) {
      const next = this.#queue.next()
      if (!next) return
      this.#run(this.#idle.pop() ?? this.#start(), next)
    }
  }

  #run(thread: ChunkThread, waiting: Waiting<Asked>): void {
    const { job, done, failed } = waiting.job
    const over = (): void => {
      undo()
      // What is heard of it from now on is its end.
      thread.onAnswer = () => this.#forget(thread)
      this.#busy.delete(thread)
      this.#queue.done(waiting)
    }
    const lost = (error: Error): void => {
      over()
      failed(error)
      if (!this.#closed) this.#next()
    }
    this.#busy.set(thread, lost)
    // It took more time or memory than it may: the chunk that was at hand did that.
    const undo = this.#timers.after(limits.recordingCheckMs, () => {
      lost(new RoomkeeperError('recording.tooLarge'))
      void thread.end()
    })
    thread.onAnswer = (answer) => {
      if (!answer) return lost(new RoomkeeperError('recording.tooLarge'))
      over()
      this.#idle.push(thread)
      done(answer)
      this.#next()
    }
    thread.post(job)
  }

  #forget(thread: ChunkThread): void {
    const index = this.#idle.indexOf(thread)
    if (index >= 0) this.#idle.splice(index, 1)
  }
}

function startWorker(): ChunkThread {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: heapMb } })
  worker.unref()
  const thread: ChunkThread = {
    post: (job) => worker.postMessage(job),
    onAnswer: () => undefined,
    end: () => worker.terminate(),
  }
  worker.on('message', (answer: ChunkAnswer) => thread.onAnswer(answer))
  worker.on('error', () => thread.onAnswer(undefined))
  worker.on('exit', () => thread.onAnswer(undefined))
  return thread
}

const refusalIn = (answer: ChunkAnswer): RoomkeeperError =>
  'problem' in answer ? RoomkeeperError.fromProblem(answer.problem) : new RoomkeeperError('service.failed')
