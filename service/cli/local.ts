import type { z } from 'zod'
import { readJson } from '../../contract/answer.ts'
import { Problem } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { machine } from '../../contract/machine.ts'
import { within } from '../../contract/timing.ts'
import { filesOf, readConfig } from '../ground/config.ts'
import { readRuntime } from '../ground/ops/runtime.ts'
import { CommandProblem } from '../ground/problems.ts'

/** How long an answer may take, in ms. */
const answerMs = 10_000

export type AskService = <T extends z.ZodType>(path: string, schema: T, body?: object) => Promise<z.output<T>>

/**
 * Asks the running service of this data folder, over loopback, with the secret that only this user can read; with
 * `body` it is a POST.
 * @throws CommandProblem where none is running, or with what the service says is wrong
 */
export function runningService(folder: string | undefined): AskService {
  const { data } = readConfig(folder === undefined ? {} : { data: folder })
  const runtime = readRuntime(filesOf(data).runtime)
  if (!runtime) throw new CommandProblem(`No service is running on ${data}. Start one, or name its folder with --data.`)
  const { clock } = machine({ keepsAlive: true })
  return async (path, schema, body) => {
    const { ok, status, content } = await within(clock, answerMs, async (signal) => {
      const answer = await fetch(`${runtime.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Admin ${runtime.adminSecret}`, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal,
      }).catch(() => {
        throw new CommandProblem(`The service of ${data} does not answer at ${runtime.url}. Was it ended?`)
      })
      const content: unknown = await readJson(answer.body, limits.consoleAnswerBytes)
      return { ok: answer.ok, status: answer.status, content }
    })
    if (ok) return schema.parse(content)
    const problem = Problem.safeParse(content)
    throw new CommandProblem(problem.success ? (problem.data.detail ?? problem.data.title) : `The service answered ${status}.`)
  }
}
