import { parentPort, workerData } from 'node:worker_threads'
import { type Problem, RoomkeeperError } from '../../contract/errors.ts'
import { parsePolicy, type PolicyFile } from './parse.ts'
import { placesOf } from './places.ts'

/** Entry of the thread that parses one large file, and tells with it the line of every place in it. */

export type WorkerAnswer = { readonly file: PolicyFile; readonly lines: Uint32Array<ArrayBuffer> } | { readonly problem: Problem }

function answer(text: string): WorkerAnswer {
  try {
    const { file, lineOf } = parsePolicy(text)
    return { file, lines: Uint32Array.from(placesOf(file), lineOf) }
  } catch (error) {
    if (error instanceof RoomkeeperError) return { problem: error.toProblem() }
    throw error
  }
}

parentPort?.postMessage(answer(String(workerData)))
