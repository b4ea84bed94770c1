import { afterEach, describe, expect, it } from 'vitest'
import { BridgeResponse, calls, type CallName, streams, type StreamName, topics, type TopicName } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { type CallHandlers, Dispatcher, type StreamSources, type TopicSources, type WindowStream } from '../bridge/dispatcher.ts'
import { createLog } from '../core.ts'
import { idOf } from '../testing/documents.ts'
import { type TestPage, transports } from './testing/transports.ts'

/** Byte streams over both transports: the same bytes, the same credit, the same ends. */

const most = limits.bridgeStreamBytes
const unexpected = (): never => {
  throw new Error('not part of this test')
}
let undo: (() => unknown)[] = []
afterEach(async () => {
  for (const back of undo.toReversed()) await back()
  undo = []
})

/** A core whose screens send back what they get, and whose terminals take nothing. */
class Echo {
  readonly streams: WindowStream[] = []
  ended = 0
  rooms = 0
  readonly server: Dispatcher

  constructor() {
    const every = <N extends string>(names: readonly N[]) => Object.fromEntries(names.map((name) => [name, unexpected]))
    const sources: StreamSources = {
      'remote.screen': (_input, stream) => {
        this.streams.push(stream)
        return { bytes: (bytes) => void stream.send(bytes), room: () => void this.rooms++, ended: () => void this.ended++ }
      },
      'remote.terminal': (_input, stream) => {
        this.streams.push(stream)
        return { bytes: () => new Promise(() => undefined), room: () => undefined, ended: () => void this.ended++ }
      },
    }
    this.server = new Dispatcher(
      { ...every(Object.keys(calls) as CallName[]), 'sync.now': () => ({}) } as unknown as CallHandlers,
      every(Object.keys(topics) as TopicName[]) as unknown as TopicSources,
      { ...every(Object.keys(streams) as StreamName[]), ...sources },
      realSystem.clock,
      createLog('silent'),
    )
  }
}

class Window {
  readonly page: TestPage
  readonly got: BridgeResponse[] = []
  constructor(page: TestPage) {
    this.page = page
    page.onMessage((message) => {
      const answer = BridgeResponse.parse(message)
      this.got.push(answer.type === 'bytes' ? { ...answer, bytes: Uint8Array.from(answer.bytes) } : answer)
    })
  }
  open(id: number, name: StreamName): void {
    const session = idOf('session', 1)
    this.page.send({
      type: 'open',
      id,
      name,
      input: name === 'remote.screen' ? { session, display: 'console' } : { session, terminal: 1, columns: 80, rows: 24 },
    })
  }
  bytes(id: number): Buffer {
    return Buffer.concat(this.got.flatMap((answer) => (answer.type === 'bytes' && answer.id === id ? [answer.bytes] : [])))
  }
  credit(id: number): number {
    return this.got.reduce((sum, answer) => sum + (answer.type === 'credit' && answer.id === id ? answer.bytes : 0), 0)
  }
  last(id: number): BridgeResponse | undefined {
    return this.got.findLast((answer) => answer.id === id)
  }
  /** Everything that was sent before has been looked at. */
  async settled(id: number): Promise<void> {
    this.page.send({ type: 'call', id, name: 'sync.now', input: {} })
    await until('an answer', () => this.last(id))
  }
}

const pattern = (length: number): Buffer => Buffer.from(new Uint8Array(length).map((_, n) => (n * 7) % 253))

describe.each(transports)('byte streams of %s', (_name, make) => {
  async function start(): Promise<{ echo: Echo; window: Window; another: () => Promise<Window> }> {
    const echo = new Echo()
    const transport = await make(echo.server)
    undo.push(() => transport.stop())
    const another = async (): Promise<Window> => new Window(await transport.page())
    return { echo, window: await another(), another }
  }

  it('carry the same bytes there and back, views of larger memory too', async () => {
    const { window } = await start()
    window.open(1, 'remote.screen')
    const around = pattern(300_000)
    const parts = [around.subarray(0, 1), around.subarray(1, 70_000), around.subarray(70_000, 299_999)]
    for (const bytes of parts) window.page.send({ type: 'bytes', id: 1, bytes })
    const sent = Buffer.concat(parts)
    await until('all back', () => window.bytes(1).byteLength === sent.byteLength)
    expect(window.bytes(1).equals(sent)).toBe(true)
    const carried = window.got.flatMap((answer) => (answer.type === 'bytes' ? [answer.bytes.byteLength] : []))
    expect(carried).toEqual(parts.map(({ byteLength }) => byteLength))
  })

  it('stop at the credit, and go on with it', async () => {
    const { echo, window } = await start()
    window.open(1, 'remote.screen')
    await window.settled(2)
    const whole = pattern(most + 200_000)
    expect(echo.streams[0]!.send(whole)).toBe(false)
    await window.settled(3)
    expect(window.bytes(1).byteLength).toBe(most)
    window.page.send({ type: 'credit', id: 1, bytes: 200_000 })
    await until('the rest', () => window.bytes(1).byteLength === whole.byteLength)
    expect(window.bytes(1).equals(whole)).toBe(true)
    expect(echo.rooms).toBe(1)
  })

  it('give credit only for what was taken', async () => {
    const { window } = await start()
    window.open(1, 'remote.screen')
    window.open(2, 'remote.terminal')
    for (const id of [1, 2]) window.page.send({ type: 'bytes', id, bytes: pattern(most) })
    await until('credit', () => window.credit(1) === most)
    await window.settled(3)
    expect(window.credit(2)).toBe(0)
    window.page.send({ type: 'bytes', id: 2, bytes: pattern(1) })
    await until('the refusal', () => window.last(2))
    expect(window.last(2)).toMatchObject({ type: 'problem', problem: { code: 'bridge.invalid' } })
  })

  it('end from either side, in order', async () => {
    const { echo, window } = await start()
    window.open(1, 'remote.screen')
    window.open(2, 'remote.screen')
    window.open(3, 'remote.screen')
    await window.settled(4)
    echo.streams[0]!.send(pattern(10))
    echo.streams[0]!.end()
    echo.streams[1]!.fail(new RoomkeeperError('remote.screenLost'))
    window.page.send({ type: 'end', id: 3 })
    await until('both ends', () => window.last(1)?.type === 'ended' && window.last(2)?.type === 'problem' && echo.ended === 1)
    expect(window.bytes(1).byteLength).toBe(10)
    expect(window.last(2)).toMatchObject({ problem: { code: 'remote.screenLost' } })
    expect(window.last(3)).toBeUndefined()
  })

  it('end with their window', async () => {
    const { echo, window } = await start()
    window.open(1, 'remote.screen')
    await window.settled(2)
    await window.page.close()
    await until('the end', () => echo.ended === 1)
  })

  it('are not harmed by a window that sends what it must not', async () => {
    const { window, another } = await start()
    const hostile = await another()
    hostile.open(1, 'remote.screen')
    window.open(1, 'remote.screen')
    hostile.page.send({ type: 'bytes', id: 77, bytes: pattern(5) })
    hostile.page.send({ type: 'credit', id: 1, bytes: most })
    hostile.page.send({ type: 'bytes', id: 1, bytes: pattern(2 * most) })
    hostile.page.send({ type: 'bytes', id: 1, bytes: 'text' })
    hostile.page.send({ type: 'open', id: 5, name: 'remote.screen', input: { session: '../x', display: 'console' } })
    await until('refused', () => hostile.last(5)?.type === 'problem' && hostile.last(1)?.type === 'problem')
    expect(hostile.got.every(({ type }) => type === 'problem')).toBe(true)
    window.page.send({ type: 'bytes', id: 1, bytes: pattern(100) })
    await until('the echo', () => window.bytes(1).byteLength === 100)
  })
})
