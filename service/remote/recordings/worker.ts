import { parentPort } from 'node:worker_threads'
import { type Problem, RoomkeeperError } from '../../../contract/errors.ts'
import type { SessionId } from '../../../contract/ids.ts'
import { checkChunk, type CheckedChunk, terminalLines } from './chunks.ts'

/** Entry of the thread that looks through chunks of recordings, one after the other. */

export type ChunkJob =
  | { readonly type: 'check'; readonly bytes: Uint8Array; readonly session: SessionId; readonly number: number }
  | { readonly type: 'terminal'; readonly bytes: Uint8Array }

export type ChunkAnswer = { readonly checked: CheckedChunk } | { readonly lines: Uint8Array } | { readonly problem: Problem }

function answer(job: ChunkJob): ChunkAnswer {
  try {
    return job.type === 'check' ? { checked: checkChunk(job.bytes, job.session, job.number) } : { lines: terminalLines(job.bytes) }
  } catch (error) {
    return { problem: (error instanceof RoomkeeperError ? error : new RoomkeeperError('recording.invalid')).toProblem() }
  }
}

parentPort?.on('message', (job: ChunkJob) => parentPort?.postMessage(answer(job)))
