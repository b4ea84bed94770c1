import type { z } from 'zod'
import {
  BridgeRequest,
  type CallName,
  type CallOutput,
  type CallParsed,
  calls,
  type StreamName,
  type StreamParsed,
  streams,
  type TopicName,
  type TopicOutput,
  type TopicParsed,
  topics,
} from '../../contract/bridge.ts'
import { StreamEnd } from '../../contract/byteStream.ts'
import { detailsOf, RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Undo } from '../../contract/system.ts'
import { unknownField, unknownFieldSays } from '../../contract/unknown.ts'
import type { Log } from '../log.ts'
import type { BridgeServer, WindowPipe } from '../platform.ts'

/** One handler for each call of the contract. The signal ends when the window does not wait for the answer any more. */
export type CallHandlers = {
  [N in CallName]: (input: CallParsed<N>, signal: AbortSignal) => CallOutput<N> | Promise<CallOutput<N>>
}

/** One source for each topic: gives its present value at once and every later one, until its undo is called. */
export type TopicSources = {
  [N in TopicName]: (input: TopicParsed<N>, emit: (value: TopicOutput<N>) => void) => Undo
}

/** The core's end of a byte stream to a window. */
export interface WindowStream {
  /** False: the window has not taken enough yet; wait for `room` before sending more. The bytes may be changed afterwards. */
  send(bytes: Uint8Array): boolean
  /** Ends it when the window has taken everything. */
  end(): void
  /** Ends it at once, with why. */
  fail(error: unknown): void
}

export interface WindowStreamHandlers {
  /** From the window; a view that is valid until this returns. They count as taken when its promise is settled. */
  bytes(bytes: Uint8Array): void | Promise<void>
  /** After `send` has answered false. */
  room(): void
  /** The window has ended it, or is gone. Not told where this end has ended it. */
  ended(): void
}

/** One source for each byte stream. Throws RoomkeeperError where there is none to be had. */
export type StreamSources = {
  [N in StreamName]: (input: StreamParsed<N>, stream: WindowStream) => WindowStreamHandlers
}

/** What a window has open under an id. */
interface Open {
  end(): void
  readonly stream?: StreamEnd
}

/** How often a window that is behind is looked at again. */
const behindMs = 50

/** Serves the calls, topics and byte streams of contract/bridge.ts to windows: checks what comes in, bounds what goes out. */
export class Dispatcher implements BridgeServer {
  readonly #calls: CallHandlers
  readonly #topics: TopicSources
  readonly #streams: StreamSources
  readonly #clock: Clock
  readonly #log: Log

  constructor(callHandlers: CallHandlers, topicSources: TopicSources, streamSources: StreamSources, clock: Clock, log: Log) {
    this.#calls = callHandlers
    this.#topics = topicSources
    this.#streams = streamSources
    this.#clock = clock
    this.#log = log
  }

  serve(pipe: WindowPipe): Undo {
    const open = new Map<number, Open>()
    const undo = pipe.onMessage((message) => this.#received(pipe, open, message))
    return () => {
      undo()
      const all = [...open.values()]
      open.clear()
      for (const one of all) one.end()
    }
  }

  #received(pipe: WindowPipe, open: Map<number, Open>, message: unknown): void {
    const parsed = BridgeRequest.safeParse(message)
    if (!parsed.success) {
      // Without an id nobody can be told; with one, whoever asked learns why.
      const id = idOf(message)
      if (id !== undefined && !open.has(id)) this.#problem(pipe, id, new RoomkeeperError('bridge.invalid', detailsOf(parsed.error)))
      return
    }
    const request = parsed.data
    if (request.type === 'end') {
      const ended = open.get(request.id)
      open.delete(request.id)
      ended?.end()
    } else if (request.type === 'bytes' || request.type === 'credit') {
      // What is on its way when a stream ends is for nobody.
      const stream = open.get(request.id)?.stream
      const fits = request.type === 'bytes' ? stream?.received(request.bytes) : stream?.credited(request.bytes)
      if (fits !== false || stream === undefined) return
      this.#log.warn({}, 'a window sent more bytes than it may, or took more than it got')
      this.#problem(pipe, request.id, new RoomkeeperError('bridge.invalid', { detail: 'More bytes than were let.' }))
      open.get(request.id)?.end()
      open.delete(request.id)
    } else if (open.has(request.id)) {
      this.#log.warn({ name: request.name }, 'a window used an id twice')
    } else if (open.size >= limits.bridgeOpen) {
      this.#problem(pipe, request.id, new RoomkeeperError('bridge.invalid', { detail: 'Too many calls, topics and streams are open.' }))
    } else if (request.type === 'call') {
      void this.#call(pipe, open, request.id, request.name, request.input)
    } else if (request.type === 'listen') {
      this.#listen(pipe, open, request.id, request.name, request.input)
    } else {
      this.#stream(pipe, open, request.id, request.name, request.input)
    }
  }

  async #call(pipe: WindowPipe, open: Map<number, Open>, id: number, name: CallName, input: unknown): Promise<void> {
    const ended = new AbortController()
    const late = this.#clock.after(limits.bridgeCallMs, () => finish(() => this.#problem(pipe, id, new RoomkeeperError('bridge.timeout'))))
    /** Answers at most once, and not at all when the window ended the call. */
    const finish = (answer: () => void): void => {
      if (ended.signal.aborted) return
      ended.abort()
      late()
      open.delete(id)
      answer()
    }
    open.set(id, {
      end: () => {
        late()
        ended.abort()
      },
    })
    try {
      const value = await this.#run(name, input, ended.signal)
      finish(() => pipe.send({ type: 'value', id, value }))
    } catch (error) {
      finish(() => this.#problem(pipe, id, error))
    }
  }

  async #run<N extends CallName>(name: N, input: unknown, signal: AbortSignal): Promise<CallOutput<N>> {
    const parsed = readBy(calls[name].input, input)
    const started = this.#clock.now()
    // The schema under this name made it; the compiler does not follow the name through both tables.
    const value = await this.#calls[name](parsed as CallParsed<N>, signal)
    const ms = this.#clock.now() - started
    if (ms > slowMs) this.#log.info({ call: name, ms }, 'slow call')
    return value
  }

  #listen<N extends TopicName>(pipe: WindowPipe, open: Map<number, Open>, id: number, name: N, input: unknown): void {
    let parsed: TopicParsed<N>
    try {
      parsed = readBy(topics[name].input, input) as TopicParsed<N>
    } catch (error) {
      this.#problem(pipe, id, error)
      return
    }
    const valve = new Valve<TopicOutput<N>>(pipe, id, this.#clock, keepsOf(name))
    let undo: Undo | undefined
    open.set(id, {
      end: () => {
        valve.close()
        undo?.()
      },
    })
    try {
      undo = this.#topics[name](parsed, (value) => valve.put(value))
    } catch (error) {
      open.delete(id)
      valve.close()
      this.#problem(pipe, id, error)
    }
  }

  #stream<N extends StreamName>(pipe: WindowPipe, open: Map<number, Open>, id: number, name: N, input: unknown): void {
    let parsed: StreamParsed<N>
    try {
      parsed = readBy(streams[name].input, input) as StreamParsed<N>
    } catch (error) {
      this.#problem(pipe, id, error)
      return
    }
    let handlers: WindowStreamHandlers | undefined
    let failed = false
    const over = (): void => {
      if (open.get(id)?.stream === stream) open.delete(id)
    }
    const fail = (error: unknown): void => {
      if (stream.over) return
      failed = true
      this.#problem(pipe, id, error)
      over()
      stream.close()
    }
    const failedIn = (error: unknown): void => {
      fail(error)
      handlers?.ended()
    }
    const stream = new StreamEnd(
      {
        bytes: (bytes) => pipe.send({ type: 'bytes', id, bytes }),
        credit: (bytes) => pipe.send({ type: 'credit', id, bytes }),
        end: () => {
          over()
          if (!failed) pipe.send({ type: 'ended', id })
        },
      },
      {
        bytes: (bytes) => {
          try {
            const wait = handlers?.bytes(bytes)
            return wait instanceof Promise ? wait.catch(failedIn) : undefined
          } catch (error) {
            return failedIn(error)
          }
        },
        room: () => handlers?.room(),
        ended: () => handlers?.ended(),
      },
    )
    open.set(id, { end: () => stream.ended(), stream })
    try {
      handlers = this.#streams[name](parsed, { send: (bytes) => stream.send(bytes), end: () => stream.finish(), fail })
    } catch (error) {
      fail(error)
    }
  }

  #problem(pipe: WindowPipe, id: number, error: unknown): void {
    if (error instanceof RoomkeeperError) {
      pipe.send({ type: 'problem', id, problem: { code: error.code, ...error.details } })
    } else {
      this.#log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'a bridge handler failed')
      pipe.send({ type: 'problem', id, problem: { code: 'console.failed' } })
    }
  }
}

/** What a window gave, as its schema makes it. @throws RoomkeeperError bridge.invalid, also for a field that nothing reads. */
function readBy(schema: z.ZodType, input: unknown): unknown {
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw new RoomkeeperError('bridge.invalid', detailsOf(parsed.error))
  const unread = unknownField(input, parsed.data)
  if (unread) throw new RoomkeeperError('bridge.invalid', { field: unread.join('.'), detail: unknownFieldSays })
  return parsed.data
}

const slowMs = 100

/** How a held value and a newer one become one. Changes add up; of anything else only the newest counts. */
type Fold<T> = (held: T, next: T) => T

function keepsOf<N extends TopicName>(name: N): Fold<TopicOutput<N>> {
  if (name !== 'changes') return (_held, next) => next
  // What a window missed while it was behind is too much to name.
  return (_held, next) => {
    const { rooms: _rooms, incidents: _incidents, ...rest } = next as TopicOutput<'changes'>
    return { ...rest, kinds: [...everyKind] } as TopicOutput<N>
  }
}

const everyKind = topics.changes.output.shape.kinds.element.options

/** Lets values of one topic through while the window takes them, and holds back one when it does not. */
class Valve<T> {
  readonly #pipe: WindowPipe
  readonly #id: number
  readonly #clock: Clock
  readonly #fold: Fold<T>
  #held: { value: T } | null = null
  #look: Undo | null = null

  constructor(pipe: WindowPipe, id: number, clock: Clock, fold: Fold<T>) {
    this.#pipe = pipe
    this.#id = id
    this.#clock = clock
    this.#fold = fold
  }

  put(value: T): void {
    this.#held = { value: this.#held === null ? value : this.#fold(this.#held.value, value) }
    if (this.#look === null) this.#flush()
  }

  close(): void {
    this.#look?.()
    this.#held = null
  }

  #flush(): void {
    this.#look = null
    if (this.#held === null) return
    if ((this.#pipe.waiting?.() ?? 0) > limits.bridgeWaitingBytes) {
      this.#look = this.#clock.after(behindMs, () => this.#flush())
      return
    }
    const { value } = this.#held
    this.#held = null
    this.#pipe.send({ type: 'value', id: this.#id, value })
  }
}

function idOf(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null || !('id' in message)) return undefined
  return typeof message.id === 'number' && Number.isSafeInteger(message.id) && message.id >= 1 ? message.id : undefined
}
