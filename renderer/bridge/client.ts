import {
  type Bridge,
  type BridgeRequest,
  BridgeResponse,
  type BridgeStream,
  bridgeCallMs,
  type CallInput,
  type CallName,
  type CallOutput,
  calls,
  type StreamEvents,
  type StreamInput,
  type StreamName,
  type TopicInput,
  type TopicName,
  type TopicOutput,
  topics,
} from '../../contract/bridge.ts'
import { StreamEnd } from '../../contract/byteStream.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { StatefulPipe } from './pipes.ts'

/** Reads, which may be asked again after the pipe was lost; anything else might be done twice. */
const repeatable: ReadonlySet<CallName> = new Set<CallName>([
  'rooms.list',
  'overview.read',
  'handover.read',
  'wall.read',
  'rooms.tiles',
  'rooms.totals',
  'rooms.buildings',
  'rooms.history',
  'rooms.timeline',
  'incidents.list',
  'incidents.counts',
  'incidents.entries',
  'search.jump',
  'outbox.list',
  'incidents.owners',
  'people.list',
  'policy.roles',
  'policy.assignments',
  'policy.groups',
  'policy.previewGroup',
  'policy.directory',
  'policy.whoCan',
  'policy.whatCan',
  'policy.partners',
  'policy.customers',
  'policy.preview',
  'requests.list',
  'audit.list',
  'audit.check',
  'remote.log',
  'remote.recording',
  'remote.chunk',
  'remote.searchRecording',
])

interface Waiting {
  readonly request: BridgeRequest
  readonly again: boolean
  sent: boolean
  readonly settle: (answer: { value: unknown } | { error: Error }) => void
}

interface Heard {
  readonly request: BridgeRequest
  readonly onValue: (value: unknown) => void
  readonly onProblem: (error: Error) => void
}

/**
 * The bridge over a pipe. A call waits for the pipe to open and fails with `bridge.timeout` after `callMs`; when the
 * pipe is lost, reads are asked again, topics are listened to again, other calls fail, and streams end with
 * `bridge.timeout`, as one does that is opened meanwhile. Answers that do not fit the contract fail with `bridge.invalid`.
 */
export function createBridge(pipe: StatefulPipe, callMs: number = bridgeCallMs): Bridge {
  const waiting = new Map<number, Waiting>()
  const heard = new Map<number, Heard>()
  const streams = new Map<number, StreamEnd>()
  let lastId = 0
  let open = false

  pipe.onMessage((raw) => {
    const message = BridgeResponse.safeParse(raw)
    if (!message.success) return
    const { id } = message.data
    const error = message.data.type === 'problem' ? new RoomkeeperError(message.data.problem.code, message.data.problem) : undefined
    const stream = streams.get(id)
    if (stream) return heardOf(id, stream, message.data, error)
    if (message.data.type !== 'value' && error === undefined) return
    const value = message.data.type === 'value' ? message.data.value : undefined
    waiting.get(id)?.settle(error ? { error } : { value })
    const topic = heard.get(id)
    if (error) topic?.onProblem(error)
    else topic?.onValue(value)
  })

  function heardOf(id: number, stream: StreamEnd, message: BridgeResponse, error: RoomkeeperError | undefined): void {
    const kept =
      message.type === 'bytes' ? stream.received(message.bytes) : message.type === 'credit' ? stream.credited(message.bytes) : true
    if (message.type === 'ended' || error !== undefined) {
      streams.delete(id)
      stream.ended(error)
    } else if (!kept) {
      pipe.send({ type: 'end', id })
      streams.delete(id)
      stream.ended(new RoomkeeperError('bridge.invalid'))
    }
  }

  pipe.onOpen((now) => {
    open = now
    if (now) {
      for (const topic of heard.values()) pipe.send(topic.request)
      for (const call of waiting.values()) {
        call.sent = true
        pipe.send(call.request)
      }
      return
    }
    for (const call of [...waiting.values()]) {
      if (call.sent && !call.again) call.settle({ error: new RoomkeeperError('bridge.timeout') })
    }
    const lost = [...streams.values()]
    streams.clear()
    for (const stream of lost) stream.ended(new RoomkeeperError('bridge.timeout'))
  })

  function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
    const id = ++lastId
    const request: BridgeRequest = { type: 'call', id, name, input }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        if (open) pipe.send({ type: 'end', id })
        waiting.get(id)?.settle({ error: new RoomkeeperError('bridge.timeout') })
      }, callMs)
      waiting.set(id, {
        request,
        again: repeatable.has(name),
        sent: open,
        settle(answer) {
          waiting.delete(id)
          clearTimeout(timer)
          if ('error' in answer) return reject(answer.error)
          const parsed = calls[name].output.safeParse(answer.value)
          if (parsed.success) resolve(parsed.data as CallOutput<N>)
          else reject(new RoomkeeperError('bridge.invalid', { detail: parsed.error.issues[0]?.message ?? '' }))
        },
      })
      if (open) pipe.send(request)
    })
  }

  function listen<N extends TopicName>(
    name: N,
    input: TopicInput<N>,
    onValue: (value: TopicOutput<N>) => void,
    onProblem: (error: Error) => void = () => undefined,
  ): () => void {
    const id = ++lastId
    const request: BridgeRequest = { type: 'listen', id, name, input }
    heard.set(id, {
      request,
      onProblem,
      onValue(value) {
        const parsed = topics[name].output.safeParse(value)
        if (parsed.success) onValue(parsed.data as TopicOutput<N>)
        else onProblem(new RoomkeeperError('bridge.invalid', { detail: parsed.error.issues[0]?.message ?? '' }))
      },
    })
    if (open) pipe.send(request)
    return () => {
      if (heard.delete(id) && open) pipe.send({ type: 'end', id })
    }
  }

  function openStream<N extends StreamName>(name: N, input: StreamInput<N>, events: StreamEvents): BridgeStream {
    const id = ++lastId
    const stream = new StreamEnd(
      {
        bytes: (bytes) => pipe.send({ type: 'bytes', id, bytes }),
        credit: (bytes) => pipe.send({ type: 'credit', id, bytes }),
        end: () => {
          streams.delete(id)
          pipe.send({ type: 'end', id })
        },
      },
      events,
    )
    if (open) {
      streams.set(id, stream)
      pipe.send({ type: 'open', id, name, input })
    } else {
      queueMicrotask(() => stream.ended(new RoomkeeperError('bridge.timeout')))
    }
    return { send: (bytes) => stream.send(bytes), close: () => stream.close() }
  }

  return { call, listen, open: openStream }
}
