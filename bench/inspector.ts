import { readFileSync } from 'node:fs'
import WebSocket from 'ws'
import { z } from 'zod'

/** Node's inspector of a process that was started with `--inspect=127.0.0.1:0`: for its memory after collecting garbage. */
export interface Inspector {
  /** After collecting garbage: bytes of live objects and buffers, and resident bytes. */
  memory(): Promise<Memory>
  /** The text that an expression comes to. */
  evaluate(expression: string): Promise<string>
  close(): void
}

const Answer = z.looseObject({ id: z.number().optional(), result: z.unknown() })
const Evaluated = z.object({ result: z.object({ value: z.string() }) })
const Usage = z.object({ rss: z.number(), heapUsed: z.number(), external: z.number() })

export interface Memory {
  live: number
  resident: number
}
const answerMs = 30_000
const collections = 3

/** Finds the inspector's address in what the process has written to its log. */
export async function inspect(log: string): Promise<Inspector> {
  const address = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(readFileSync(log, 'utf8'))?.[0]
  if (address === undefined) throw new Error(`no inspector in ${log}`)
  const socket = new WebSocket(address)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  let last = 0
  const call = (method: string, params: object = {}) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++last
      const timer = setTimeout(() => reject(new Error(`the inspector did not answer to ${method}`)), answerMs)
      const listen = (data: Buffer) => {
        const answer = Answer.parse(JSON.parse(data.toString('utf8')))
        if (answer.id !== id) return
        clearTimeout(timer)
        socket.off('message', listen)
        resolve(answer.result)
      }
      socket.on('message', listen)
      socket.send(JSON.stringify({ id, method, params }))
    })
  const evaluate = async (expression: string): Promise<string> =>
    Evaluated.parse(await call('Runtime.evaluate', { expression, returnByValue: true })).result.value
  return {
    evaluate,
    memory: async () => {
      for (let round = 0; round < collections; round++) await call('HeapProfiler.collectGarbage')
      const { rss, heapUsed, external } = Usage.parse(JSON.parse(await evaluate('JSON.stringify(process.memoryUsage())')))
      return { live: heapUsed + external, resident: rss }
    },
    close: () => socket.close(),
  }
}
