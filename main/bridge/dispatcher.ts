import {
  BridgeRequest,
  type CallName,
  type CallOutput,
  type CallParsed,
  calls,
  type TopicName,
  type TopicOutput,
  type TopicParsed,
  topics,
} from '../../contract/bridge.ts'
import { detailsOf, RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { BridgeServer, Undo, WindowPipe } from '../platform.ts'

/** One handler for each call of the contract. The signal ends when the window does not wait for the answer any more. */
export type CallHandlers = {
  [N in CallName]: (input: CallParsed<N>, signal: AbortSignal) => CallOutput<N> | Promise<CallOutput<N>>
}

/** One source for each topic: gives its present value at once and every later one, until its undo is called. */
export type TopicSources = {
  [N in TopicName]: (input: TopicParsed<N>, emit: (value: TopicOutput<N>) => void) => Undo
}

/** How often a window that is behind is looked at again. */
const behindMs = 50

/** Serves the calls and topics of contract/bridge.ts to windows: checks what comes in, bounds what goes out. */
export class Dispatcher implements BridgeServer {
  readonly #calls: CallHandlers
  readonly #topics: TopicSources
  readonly #clock: Clock
  readonly #log: Log

  constructor(callHandlers: CallHandlers, topicSources: TopicSources, clock: Clock, log: Log) {
    this.#calls = callHandlers
    this.#topics = topicSources
    this.#clock = clock
    this.#log = log
  }

  serve(pipe: WindowPipe): Undo {
    /** What the window has open, by its id: how to end it. */
    const open = new Map<number, Undo>()
    const undo = pipe.onMessage((message) => this.#received(pipe, open, message))
    return () => {
      undo()
      for (const end of open.values()) end()
      open.clear()
    }
  }

  #received(pipe: WindowPipe, open: Map<number, Undo>, message: unknown): void {
    const parsed = BridgeRequest.safeParse(message)
    if (!parsed.success) {
      // Without an id nobody can be told; with one, whoever asked learns why.
      const id = idOf(message)
      if (id !== undefined && !open.has(id)) this.#problem(pipe, id, new RoomkeeperError('bridge.invalid', detailsOf(parsed.error)))
      return
    }
    const request = parsed.data
    if (request.type === 'end') {
      open.get(request.id)?.()
      open.delete(request.id)
    } else if (open.has(request.id)) {
      this.#log.warn({ name: request.name }, 'a window used an id twice')
    } else if (open.size >= limits.bridgeOpen) {
      this.#problem(pipe, request.id, new RoomkeeperError('bridge.invalid', { detail: 'Too many calls and topics are open.' }))
    } else if (request.type === 'call') {
      void this.#call(pipe, open, request.id, request.name, request.input)
    } else {
      this.#listen(pipe, open, request.id, request.name, request.input)
    }
  }

  async #call(pipe: WindowPipe, open: Map<number, Undo>, id: number, name: CallName, input: unknown): Promise<void> {
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
    open.set(id, () => {
      late()
      ended.abort()
    })
    try {
      const value = await this.#run(name, input, ended.signal)
      finish(() => pipe.send({ type: 'value', id, value }))
    } catch (error) {
      finish(() => this.#problem(pipe, id, error))
    }
  }

  async #run<N extends CallName>(name: N, input: unknown, signal: AbortSignal): Promise<CallOutput<N>> {
    const parsed = calls[name].input.safeParse(input)
    if (!parsed.success) throw new RoomkeeperError('bridge.invalid', detailsOf(parsed.error))
    const started = this.#clock.now()
    // The schema under this name made it; the compiler does not follow the name through both tables.
    const value = await this.#calls[name](parsed.data as CallParsed<N>, signal)
    const ms = this.#clock.now() - started
    if (ms > slowMs) this.#log.info({ call: name, ms }, 'slow call')
    return value
  }

  #listen<N extends TopicName>(pipe: WindowPipe, open: Map<number, Undo>, id: number, name: N, input: unknown): void {
    const parsed = topics[name].input.safeParse(input)
    if (!parsed.success) {
      this.#problem(pipe, id, new RoomkeeperError('bridge.invalid', detailsOf(parsed.error)))
      return
    }
    const valve = new Valve<TopicOutput<N>>(pipe, id, this.#clock, keepsOf(name))
    let undo: Undo | undefined
    open.set(id, () => {
      valve.close()
      undo?.()
    })
    try {
      undo = this.#topics[name](parsed.data as TopicParsed<N>, (value) => valve.put(value))
    } catch (error) {
      open.delete(id)
      valve.close()
      this.#problem(pipe, id, error)
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
