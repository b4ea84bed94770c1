import { Worker } from 'node:worker_threads'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { CheckedChunk } from './recordingChunks.ts'
import type { ChunkAnswer, ChunkJob } from './recordingWorker.ts'

interface Waiting {
  readonly job: ChunkJob
  readonly done: (answer: ChunkAnswer) => void
  readonly failed: (error: Error) => void
}

/** Megabytes of heap that one chunk may take while it is looked through; bytes unpacked are beside it. */
const heapMb = 256

/**
 * Looks chunks of recordings through in a thread of its own, so that a large one holds nobody up and a hostile one takes
 * nothing with it. The thread starts with the first chunk, and anew after one that ended it.
 */
export class RecordingThread {
  #worker: Worker | undefined
  #busy: Waiting | undefined
  #closed = false
  readonly #waiting: Waiting[] = []

  /** @throws RoomkeeperError recording.invalid, recording.tooLarge; service.unavailable where too many wait. */
  async check(bytes: Uint8Array, session: SessionId, number: number): Promise<CheckedChunk> {
    const answer = await this.#ask({ type: 'check', bytes, session, number })
    if ('checked' in answer) return answer.checked
    throw refusalIn(answer)
  }

  /** The events of terminals in a chunk, as NDJSON. @throws RoomkeeperError service.unavailable where too many wait. */
  async terminalLines(bytes: Uint8Array): Promise<Uint8Array> {
    const answer = await this.#ask({ type: 'terminal', bytes })
    if ('lines' in answer) return answer.lines
    throw refusalIn(answer)
  }

  /** Whoever waits is refused. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    const stopped = new RoomkeeperError('service.unavailable')
    this.#lost(stopped)
    for (const { failed } of this.#waiting.splice(0)) failed(stopped)
    await worker?.terminate()
  }

  async #ask(job: ChunkJob): Promise<ChunkAnswer> {
    if (this.#closed || this.#waiting.length >= limits.recordingChunksWaiting) throw new RoomkeeperError('service.unavailable')
    return new Promise((done, failed) => {
      this.#waiting.push({ job, done, failed })
      this.#next()
    })
  }

  #next(): void {
    if (this.#busy || this.#waiting.length === 0) return
    this.#busy = this.#waiting.shift()
    this.#worker ??= this.#start()
    this.#worker.postMessage(this.#busy?.job)
  }

  #start(): Worker {
    const worker = new Worker(new URL('./recordingWorker.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: heapMb } })
    worker.unref()
    worker.on('message', (answer: ChunkAnswer) => {
      if (worker !== this.#worker) return
      const done = this.#busy
      this.#busy = undefined
      done?.done(answer)
      this.#next()
    })
    // It took more memory than it may: the chunk that was at hand did that.
    worker.on('error', () => worker === this.#worker && this.#lost(new RoomkeeperError('recording.tooLarge')))
    worker.on('exit', () => worker === this.#worker && this.#lost(new RoomkeeperError('recording.tooLarge')))
    return worker
  }

  #lost(error: Error): void {
    const failed = this.#busy
    this.#worker = undefined
    this.#busy = undefined
    failed?.failed(error)
    if (!this.#closed) this.#next()
  }
}

const refusalIn = (answer: ChunkAnswer): RoomkeeperError => ('problem' in answer ? RoomkeeperError.fromProblem(answer.problem) : new RoomkeeperError('service.failed'))
