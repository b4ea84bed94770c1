import { Worker } from 'node:worker_threads'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Timers } from '../../contract/system.ts'
import { inTime } from '../../contract/timing.ts'
import { invalidAt, type ParsedPolicy, parsePolicy } from './parse.ts'
import { lineIn } from './places.ts'
import type { WorkerAnswer } from './worker.ts'

/** Parsed at once, in less time than a thread takes to start. */
const smallChars = 20_000

/** Memory of the thread. What needs more is no policy that this service wrote. Most of what it makes stays until it is done. */
const resourceLimits = { maxOldGenerationSizeMb: 2_048 }

let last: Promise<unknown> = Promise.resolve()
let waiting = 0

/**
 * Parses a policy file; a large one in a thread of its own, since that takes seconds. One at a time: each takes a lot of memory.
 * @throws RoomkeeperError policy.fileInvalid; request.tooLarge where it takes too long or too much memory;
 * service.unavailable where too many wait.
 */
export async function readPolicyFile(text: string, timers: Timers): Promise<ParsedPolicy> {
  if (text.length <= smallChars) return parsePolicy(text)
  if (waiting >= limits.policyFilesWaiting) throw new RoomkeeperError('service.unavailable')
  waiting += 1
  const reading = last.then(() => inThread(text, timers))
  last = reading.catch(() => undefined)
  try {
    const answer = await reading
    if ('problem' in answer) throw RoomkeeperError.fromProblem(answer.problem)
    const { file, lines } = answer
    return { file, refuse: (path, detail) => invalidAt(lineIn(file, lines, path), detail, path) }
  } finally {
    waiting -= 1
  }
}

function inThread(text: string, timers: Timers): Promise<WorkerAnswer> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<WorkerAnswer>()
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: text, resourceLimits })
  worker.on('message', (answer: WorkerAnswer) => resolve(answer))
  worker.on('error', (error) =>
    reject('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new RoomkeeperError('request.tooLarge', {}, error) : error),
  )
  worker.on('exit', () => reject(new RoomkeeperError('service.failed')))
  return inTime(timers, limits.policyFileMs, answer, () => {
    throw new RoomkeeperError('request.tooLarge')
  }).finally(() => void worker.terminate())
}
