import { gzipSync } from 'node:zlib'
import { v7 } from 'uuid'
import { afterEach, describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { SessionId, TenantId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import { chunkOf, terminal } from '../../testing/remote/logService.ts'
import { type ChunkThread, RecordingThreads } from './threads.ts'
import type { ChunkAnswer, ChunkJob } from './worker.ts'

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'taken',
    (error: unknown) => (error instanceof RoomkeeperError ? error.code : error),
  )
const tenantId = (): TenantId => TenantId.parse(v7())
const sessionId = (): SessionId => SessionId.parse(v7())
const checked: ChunkAnswer = { checked: { fromMs: 0, toMs: 1, terminal: false } }

/** Threads that answer when they are told to, and time that passes when it is told to. */
class Rig {
  /** What runs, by the first byte of its chunk. */
  readonly running: { label: number; answer: (answer: ChunkAnswer | undefined) => void; timeIsOver: () => void }[] = []
  started = 0
  ended = 0
  readonly threads: RecordingThreads
  #after: (() => void) | undefined

  constructor(threads: number) {
    const after = (_: number, act: () => void) => {
      this.#after = act
      return () => undefined
    }
    this.threads = new RecordingThreads({ after }, { threads, start: () => this.#thread() })
  }

  check(tenant: TenantId, session: SessionId, label: number): Promise<unknown> {
    return codeOf(this.threads.check(tenant, session, 1, Uint8Array.of(label)))
  }

  get labels(): number[] {
    return this.running.map(({ label }) => label)
  }

  /** Ends the oldest that runs. */
  answer(answer: ChunkAnswer | undefined = checked): void {
    this.running.shift()?.answer(answer)
  }

  #thread(): ChunkThread {
    this.started += 1
    const thread: ChunkThread = {
      post: (job: ChunkJob) => {
        const timeIsOver = this.#after
        this.running.push({ label: job.bytes[0] ?? 0, answer: (answer) => thread.onAnswer(answer), timeIsOver: () => timeIsOver?.() })
      },
      onAnswer: () => undefined,
      end: async () => {
        this.ended += 1
      },
    }
    return thread
  }
}

describe('[rule 13] chunks of recordings', () => {
  it('of one tenant, however many and slow, leave a thread to the others', async () => {
    const rig = new Rig(3)
    const hostile = tenantId()
    const waits = Array.from({ length: 10 }, (_, n) => rig.check(hostile, sessionId(), n))
    expect(rig.labels).toEqual([0, 1])
    const other = rig.check(tenantId(), sessionId(), 100)
    expect(rig.labels).toEqual([0, 1, 100])
    rig.running.pop()?.answer(checked)
    expect(await other).toBe('taken')
    // The thread that is free stays so: the hostile tenant has as many as it may.
    expect(rig.labels).toEqual([0, 1])
    await rig.threads.close()
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['service.unavailable']))
  })

  it('of tenants that wait are looked through in turn', async () => {
    const rig = new Rig(2)
    const [first, second, third] = [tenantId(), tenantId(), tenantId()]
    for (let n = 0; n < 6; n += 1) void rig.check(first, sessionId(), n)
    for (let n = 10; n < 13; n += 1) void rig.check(second, sessionId(), n)
    for (let n = 20; n < 22; n += 1) void rig.check(third, sessionId(), n)
    const order: number[] = []
    while (rig.labels.length > 0) {
      order.push(...rig.labels.slice(0, 1))
      rig.answer()
    }
    expect(order).toHaveLength(11)
    // Of any three in a row, no two are of the first tenant while others wait.
    expect(order.slice(0, 7).filter((label) => label < 10)).toHaveLength(3)
    await rig.threads.close()
  })

  it('and those that are read have one turn of their tenant, so that other tenants wait for none of them', async () => {
    const rig = new Rig(3)
    const [busy, other] = [tenantId(), tenantId()]
    const all = [1, 2, 3].flatMap((n) => [rig.check(busy, sessionId(), n), codeOf(rig.threads.terminalLines(busy, Uint8Array.of(n + 10)))])
    expect(rig.labels).toEqual([1, 11])
    void rig.check(other, sessionId(), 100)
    expect(rig.labels).toEqual([1, 11, 100])
    await rig.threads.close()
    await Promise.all(all)
  })

  it('are taken however many recordings of their tenant are read', async () => {
    const rig = new Rig(2)
    const tenant = tenantId()
    const reads = Array.from({ length: limits.recordingChunksWaitingOfTenant + 2 }, () =>
      codeOf(rig.threads.terminalLines(tenant, Uint8Array.of(1))),
    )
    const taken = rig.check(tenant, sessionId(), 100)
    // Reading and taking are one tenant's: together they have no more threads than it may, and wait in turn.
    expect(rig.labels).toEqual([1])
    rig.answer({ lines: Uint8Array.of() })
    expect(rig.labels).toEqual([1])
    rig.answer({ lines: Uint8Array.of() })
    expect(rig.labels).toEqual([100])
    rig.answer()
    expect(await taken).toBe('taken')
    await rig.threads.close()
    await Promise.all(reads)
  })

  it('of one session are looked through one at a time; a second is put off', async () => {
    const rig = new Rig(4)
    const [tenant, session] = [tenantId(), sessionId()]
    const first = rig.check(tenant, session, 1)
    expect(await rig.check(tenant, session, 2)).toBe('recording.busy')
    rig.answer()
    expect(await first).toBe('taken')
    const again = rig.check(tenant, session, 3)
    rig.answer()
    expect(await again).toBe('taken')
    await rig.threads.close()
  })

  it('[rule 9] wait up to a number, of one tenant up to a smaller one', async () => {
    const rig = new Rig(2)
    const hostile = tenantId()
    const many = Array.from({ length: limits.recordingChunksWaitingOfTenant + 3 }, (_, n) => rig.check(hostile, sessionId(), n))
    expect(await Promise.all(many.slice(-2))).toEqual(['recording.busy', 'recording.busy'])
    // As many tenants as it takes to have all places, and one more that asks for two.
    const crowd = Array.from({ length: limits.recordingChunksWaiting / limits.recordingChunksWaitingOfTenant }, tenantId)
    const length = limits.recordingChunksWaitingOfTenant
    const others = crowd.flatMap((tenant) => Array.from({ length }, (_, n) => rig.check(tenant, sessionId(), n)))
    const late = tenantId()
    const [first, second] = [rig.check(late, sessionId(), 100), rig.check(late, sessionId(), 101)]
    expect(await second).toBe('recording.busy')
    while (rig.labels.length > 0 && !rig.labels.includes(100)) rig.answer()
    rig.running.find(({ label }) => label === 100)?.answer(checked)
    expect(await first).toBe('taken')
    await rig.threads.close()
    await Promise.all([...many, ...others])
  })

  it('that take too long, or too much, end their thread and nothing else', async () => {
    const rig = new Rig(2)
    const [slow, large, good] = [
      rig.check(tenantId(), sessionId(), 1),
      rig.check(tenantId(), sessionId(), 2),
      rig.check(tenantId(), sessionId(), 3),
    ]
    const [first, second] = rig.running.splice(0)
    first?.timeIsOver()
    expect([await slow, rig.ended, rig.started]).toEqual(['recording.tooLarge', 1, 3])
    // What the thread that was ended still says counts for nothing.
    first?.answer(checked)
    second?.answer(undefined)
    expect(await large).toBe('recording.tooLarge')
    expect(rig.labels).toEqual([3])
    rig.answer()
    expect(await good).toBe('taken')
    await rig.threads.close()
  })
})

describe('the threads themselves', () => {
  let threads: RecordingThreads
  afterEach(async () => threads.close())
  const tenant = tenantId()

  it('answer each chunk by itself', async () => {
    threads = new RecordingThreads(realSystem.clock, { threads: 2 })
    const session = sessionId()
    const good = chunkOf(session, 1, [terminal('ls')])
    expect(await codeOf(threads.check(tenant, session, 1, good))).toBe('taken')
    await expect(threads.check(tenant, session, 2, good)).rejects.toThrow('it is another chunk')
    expect(Buffer.from(await threads.terminalLines(tenant, good)).toString()).toContain('"text":"ls"')
    expect(await codeOf(threads.check(tenant, session, 1, gzipSync(Buffer.alloc(limits.recordingUnpackedBytes + 1, 'a'))))).toBe(
      'recording.tooLarge',
    )
  }, 60_000)

  it('[rule 9] outlive what would fill their memory, and the process does', async () => {
    threads = new RecordingThreads(realSystem.clock, { threads: 2 })
    const session = sessionId()
    const bytes = gzipSync(
      `{"session":"${session}","number":1,"fromMs":0,"toMs":1}\n{"type":"picture","parts":[${'{},'.repeat(5_000_000)}{}]}`,
    )
    expect(await codeOf(threads.check(tenant, session, 1, bytes))).toBe('recording.invalid')
    expect(await codeOf(threads.check(tenant, session, 1, chunkOf(session, 1)))).toBe('taken')
  }, 60_000)

  it('refuse whoever waits when they are closed, and whoever comes then', async () => {
    threads = new RecordingThreads(realSystem.clock, { threads: 2 })
    const waiting = Array.from({ length: 3 }, () => codeOf(threads.check(tenant, sessionId(), 1, chunkOf(sessionId(), 1))))
    await threads.close()
    expect(await Promise.all(waiting)).toEqual(Array(3).fill('service.unavailable'))
    expect(await codeOf(threads.check(tenant, sessionId(), 1, chunkOf(sessionId(), 1)))).toBe('service.unavailable')
  })

  it('end one that never comes to an end', async () => {
    let timeIsOver = (): void => undefined
    threads = new RecordingThreads({ after: (_, act) => ((timeIsOver = act), () => undefined) }, { threads: 2 })
    const slow = codeOf(threads.check(tenant, sessionId(), 1, gzipSync(Buffer.alloc(limits.recordingUnpackedBytes, 'a'))))
    timeIsOver()
    expect(await slow).toBe('recording.tooLarge')
    const session = sessionId()
    expect(await codeOf(threads.check(tenant, session, 1, chunkOf(session, 1)))).toBe('taken')
  }, 60_000)
})
