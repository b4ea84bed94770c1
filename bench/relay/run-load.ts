import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { z } from 'zod'
import { root } from '../../build/paths.ts'
import { run } from '../../build/run.ts'
import type { Started } from './candidates.ts'
import type { Job } from './job.ts'

const script = 'bench/relay/load.ts'
const limitMs = 120_000

const jobOf = ({ candidate, part }: Started, work: Job['work']): string => JSON.stringify({ candidate, pid: part.pid, work })

/** Runs one job of the load generator to its end. */
export async function runLoad<Result>(started: Started, work: Job['work'], result: z.ZodType<Result>): Promise<Result> {
  const { code, answer, output } = await run(process.execPath, [script, jobOf(started, work)], { limitMs })
  if (code !== 0) throw new Error(`the load generator failed: ${output}`)
  return result.parse(JSON.parse(answer))
}

/** Holds idle pairs open: first so many, then so many more; `look` is called when each lot is there. */
export async function withIdle(started: Started, pairs: readonly number[], look: (lot: number) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [script, jobOf(started, { what: 'idle', pairs: [...pairs] })], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  try {
    for (let lot = 0; lot < pairs.length; lot++) {
      const { done } = await lines.next()
      if (done) throw new Error('the load generator ended')
      await look(lot)
      child.stdin.write('go on\n')
    }
  } finally {
    child.kill('SIGKILL')
  }
}
