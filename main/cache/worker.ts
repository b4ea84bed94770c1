import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerAnswer, WorkerData, WorkerNext, WorkerOpened, WorkerRequest } from './messages.ts'
import { cachesKeptAside, openWritable, saysDamaged, setAside, type Unusable, UnusableDatabase } from './open.ts'
import { cacheMigrations } from './schema.ts'
import { CacheWriter, type Outcome } from './writer.ts'

/**
 * Entry of the worker thread that owns the cache's writing handle: parsing, checking and writing happen here, so that
 * the thread of the bridge stays free. Requests are answered in their order.
 */

const port = parentPort
if (port === null) throw new Error('the cache worker runs as a worker thread only')

const { path, key, now } = workerData as WorkerData
const post = (message: WorkerOpened | WorkerAnswer | WorkerNext): void => port.postMessage(message)

function open(): { writer: CacheWriter; setAside?: Unusable } {
  const options = { path, key, migrations: cacheMigrations, synchronous: 'normal' } as const
  try {
    return { writer: new CacheWriter(openWritable(options)) }
  } catch (error) {
    const why = error instanceof UnusableDatabase ? error.why : saysDamaged(error) ? 'unreadable' : undefined
    if (why === undefined) throw error
    setAside(path, now, cachesKeptAside)
    return { writer: new CacheWriter(openWritable(options)), setAside: why }
  }
}

function handle(writer: CacheWriter, request: WorkerRequest): WorkerAnswer {
  const answer = <T>(outcome: Outcome<T>, event: Pick<WorkerAnswer, 'feed' | 'page'>): WorkerAnswer => ({
    id: request.id,
    state: writer.state,
    ...event,
    ...(outcome.change === undefined ? {} : { change: outcome.change }),
    ...(outcome.skipped === undefined ? {} : { skipped: outcome.skipped }),
  })
  switch (request.type) {
    case 'feed': {
      const outcome = writer.feed(request.bytes, request.now)
      return answer(outcome, { feed: outcome.event })
    }
    case 'page': {
      const outcome = writer.page(request.bytes, request.generation, request.after, request.now, (next) => post({ id: request.id, next }))
      return answer(outcome, { page: outcome.event })
    }
    case 'beginSnapshot':
      writer.beginSnapshot(request.full, request.now)
      break
    case 'restartSnapshot':
      writer.restartSnapshot(request.now)
      break
    case 'synced':
      writer.synced(request.at)
      break
    case 'window': {
      const change = writer.window(request.news, request.now)
      return { id: request.id, state: writer.state, ...(change === undefined ? {} : { change }) }
    }
    case 'windowUsed':
      writer.windowUsed(request.room, request.now)
      break
    case 'close':
      writer.close()
      break
  }
  return { id: request.id, state: writer.state }
}

/** What fails of it is tried again after the next: nothing is lost by it. */
function tidy(writer: CacheWriter): void {
  try {
    writer.tidy()
  } catch {
    // As a disk that is full, or a lock of another program: the answer to the next request says so.
  }
}

try {
  const { writer, setAside: why } = open()
  post({ type: 'opened', state: writer.state, ...(why === undefined ? {} : { setAside: why }) })
  port.on('message', (request: WorkerRequest) => {
    let answer: WorkerAnswer
    try {
      answer = handle(writer, request)
    } catch (error) {
      answer = { id: request.id, state: writer.state, failed: { damaged: saysDamaged(error), detail: String(error) } }
    }
    post(answer)
    if (request.type === 'close') port.close()
    else tidy(writer)
  })
} catch (error) {
  post({ type: 'cannotOpen', detail: String(error) })
  port.close()
}
